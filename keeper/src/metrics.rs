//! What a keeper counts.

use common::job::JobState;
use common::telemetry::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DutyLabel {
    duty: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabel {
    stream: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WhatLabel {
    what: &'static str,
}

type BatchSizes = Family<StreamLabel, Histogram, fn() -> Histogram>;

/// The keeper's metrics. Cheap to clone.
#[derive(Clone)]
pub(crate) struct KeeperMetrics {
    troubled: Family<DutyLabel, Gauge>,
    recorded: Family<StreamLabel, Counter>,
    skipped: Family<StreamLabel, Counter>,
    rewound: Family<StreamLabel, Counter>,
    lag: Family<StreamLabel, Gauge>,
    batch: BatchSizes,
    pumped: Family<WhatLabel, Counter>,
    postponed: Family<WhatLabel, Counter>,
    pub(crate) deliveries: Counter,
    repaired: Family<WhatLabel, Counter>,
    pub(crate) suspects: Gauge,
    pub(crate) expired: Counter,
    pub(crate) canceled: Counter,
    cleaned: Family<WhatLabel, Counter>,
    open_jobs: Family<StateLabel, Gauge>,
}

impl KeeperMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let this = Self {
            troubled: Family::default(),
            recorded: Family::default(),
            skipped: Family::default(),
            rewound: Family::default(),
            lag: Family::default(),
            batch: Family::new_with_constructor(batch_sizes as fn() -> Histogram),
            pumped: Family::default(),
            postponed: Family::default(),
            deliveries: Counter::default(),
            repaired: Family::default(),
            suspects: Gauge::default(),
            expired: Counter::default(),
            canceled: Counter::default(),
            cleaned: Family::default(),
            open_jobs: Family::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "millrace_keeper_troubled",
                "1 while a duty does not work",
                this.troubled.clone(),
            );
            registry.register(
                "millrace_keeper_recorded",
                "Messages recorded in SQL",
                this.recorded.clone(),
            );
            registry.register(
                "millrace_keeper_skipped",
                "Messages that can not be read or recorded, given up",
                this.skipped.clone(),
            );
            registry.register(
                "millrace_keeper_rewound",
                "Times the recorder went back because the records were behind",
                this.rewound.clone(),
            );
            registry.register(
                "millrace_keeper_record_lag",
                "Messages not yet recorded in SQL",
                this.lag.clone(),
            );
            registry.register(
                "millrace_keeper_record_batch_size",
                "Messages recorded in one transaction",
                this.batch.clone(),
            );
            registry.register(
                "millrace_keeper_pumped",
                "Delays moved to where they were due",
                this.pumped.clone(),
            );
            registry.register(
                "millrace_keeper_postponed",
                "Due delays that could not be moved yet",
                this.postponed.clone(),
            );
            registry.register(
                "millrace_keeper_deliveries",
                "Webhook deliveries made of terminal events",
                this.deliveries.clone(),
            );
            registry.register(
                "millrace_keeper_repaired",
                "Repairs, by what was repaired",
                this.repaired.clone(),
            );
            registry.register(
                "millrace_keeper_suspects",
                "Jobs whose message was not found once",
                this.suspects.clone(),
            );
            registry.register(
                "millrace_keeper_expired",
                "Jobs ended at their deadline",
                this.expired.clone(),
            );
            registry.register(
                "millrace_keeper_canceled",
                "Jobs ended that were to be canceled and whose worker had vanished",
                this.canceled.clone(),
            );
            registry.register(
                "millrace_keeper_cleaned",
                "Things removed at the end of their retention",
                this.cleaned.clone(),
            );
            registry.register(
                "millrace_open_jobs",
                "Recorded jobs that have not ended; every keeper shows the same",
                this.open_jobs.clone(),
            );
        });
        this
    }

    pub(crate) fn troubled(&self, duty: &'static str, troubled: bool) {
        self.troubled.get_or_create(&DutyLabel { duty }).set(i64::from(troubled));
    }

    /// One transaction of the recorder.
    pub(crate) fn recorded(&self, stream: &'static str, written: usize, skipped: usize) {
        let label = StreamLabel { stream };
        self.recorded.get_or_create(&label).inc_by(written as u64);
        self.skipped.get_or_create(&label).inc_by(skipped as u64);
        self.batch.get_or_create(&label).observe(written as f64);
    }

    pub(crate) fn rewound(&self, stream: &'static str) {
        self.rewound.get_or_create(&StreamLabel { stream }).inc();
    }

    pub(crate) fn lag(&self, stream: &'static str, messages: u64) {
        self.lag.get_or_create(&StreamLabel { stream }).set(messages as i64);
    }

    pub(crate) fn pumped(&self, what: &'static str) {
        self.pumped.get_or_create(&WhatLabel { what }).inc();
    }

    pub(crate) fn postponed(&self, what: &'static str) {
        self.postponed.get_or_create(&WhatLabel { what }).inc();
    }

    pub(crate) fn repaired(&self, what: &'static str) {
        self.repaired.get_or_create(&WhatLabel { what }).inc();
    }

    /// The jobs that have not ended, by state; a state that is not named has none.
    pub(crate) fn open_jobs(&self, counts: &[(JobState, u64)]) {
        for state in JobState::ALL.into_iter().filter(|state| !state.is_terminal()) {
            let count = counts.iter().find(|(known, _)| *known == state).map_or(0, |(_, n)| *n);
            self.open_jobs.get_or_create(&StateLabel { state: state.as_str() }).set(count as i64);
        }
    }

    pub(crate) fn cleaned(&self, what: &'static str, count: usize) {
        self.cleaned.get_or_create(&WhatLabel { what }).inc_by(count as u64);
    }
}

/// From 1 to 1024 in doublings.
fn batch_sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 11))
}
