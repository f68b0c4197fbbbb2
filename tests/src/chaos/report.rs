//! What one seed did and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::checker::{Evidence, Finding};
use super::intent::Class;
use super::ledger::Style;
use super::outcome::{Done, Outcome, Tally, tally};
use super::plan::Planned;

/// The outcome of one seed.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What everything followed from.
    pub seed: u64,
    /// What was done, in its order.
    pub plan: Vec<String>,
    /// How long there were faults, as it was asked for.
    pub span: Duration,
    /// What became of the faults of each kind.
    pub faults: BTreeMap<&'static str, Tally>,
    /// Faults that could not be done as planned.
    pub missed: Vec<String>,
    /// Promised jobs by call style and state.
    pub jobs: BTreeMap<(Style, String), usize>,
    /// Jobs by how far they were promised, and of those how many are there.
    pub classes: BTreeMap<&'static str, (usize, usize)>,
    /// Looks that told of an older state than an answer before them.
    pub stale: usize,
    /// Requests that were not made, because too many were open.
    pub skipped: usize,
    /// Requests by call style and how they were answered.
    pub answers: BTreeMap<(Style, String), usize>,
    /// Engine runs beyond one of each attempt.
    pub repeated_runs: usize,
    /// Webhooks beyond one of each end.
    pub repeated_webhooks: usize,
    /// Deliveries that ended as dead.
    pub dead: usize,
    /// The longest time without a success, by call style and gateway.
    pub outages: BTreeMap<(Style, usize), Duration>,
    /// The time until each gateway served every style again after the last fault was mended.
    pub recovery: BTreeMap<usize, Duration>,
    /// Processes that ended although nobody told them to, and their last words.
    pub ended_alone: Vec<String>,
    /// How long it took until everything was settled.
    pub settled: Duration,
    /// What is not as it must be.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether everything is as it must be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many jobs were promised.
    pub fn promised(&self) -> usize {
        self.jobs.values().sum()
    }

    /// All reports in a few lines.
    pub fn summary(reports: &[Self]) -> String {
        let mut recovery = Duration::ZERO;
        let mut jobs = BTreeMap::<&str, usize>::new();
        let mut outages = BTreeMap::<Style, Duration>::new();
        for report in reports {
            recovery = report.recovery.values().copied().fold(recovery, Duration::max);
            for ((_, state), count) in &report.jobs {
                *jobs.entry(state).or_default() += count;
            }
            for ((style, _), outage) in &report.outages {
                let longest = outages.entry(*style).or_default();
                *longest = (*longest).max(*outage);
            }
        }
        let list = |counts: &BTreeMap<&str, usize>| {
            let each = counts.iter().map(|(name, count)| format!("{name} {count}"));
            each.collect::<Vec<_>>().join(", ")
        };
        let sum = |of: fn(&Self) -> usize| reports.iter().map(of).sum::<usize>();
        let outages = outages
            .iter()
            .map(|(style, longest)| format!("{} {:.1} s", style.as_str(), longest.as_secs_f32()));
        format!(
            "all seeds\n  faults: {}\n  jobs: {} promised: {}\n  duplicates: {} runs, {} webhooks; {} dead deliveries\n  \
             longest outages: {}; longest recovery {:.1} s\n  {} processes ended by themselves\n  findings: {}\n  {FSYNC}",
            each_kind(&Self::all_faults(reports)),
            sum(Self::promised),
            list(&jobs),
            sum(|report| report.repeated_runs),
            sum(|report| report.repeated_webhooks),
            sum(|report| report.dead),
            outages.collect::<Vec<_>>().join(", "),
            recovery.as_secs_f32(),
            sum(|report| report.ended_alone.len()),
            sum(|report| report.findings.len()),
        )
    }

    /// Kinds of faults that were tried again and again, and that nobody ever felt: they prove nothing.
    pub fn toothless(reports: &[Self]) -> Vec<&'static str> {
        let all = Self::all_faults(reports).into_iter();
        all.filter(|(_, tally)| tally.is_toothless()).map(|(kind, _)| kind).collect()
    }

    fn all_faults(reports: &[Self]) -> BTreeMap<&'static str, Tally> {
        let mut faults = BTreeMap::<_, Tally>::new();
        for (kind, tally) in reports.iter().flat_map(|report| &report.faults) {
            *faults.entry(*kind).or_default() += *tally;
        }
        faults
    }

    /// What became of the planned faults.
    pub(super) fn did(&mut self, done: &[Done]) {
        self.faults = tally(done);
        self.missed.extend(done.iter().filter_map(|one| match &one.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", one.planned)),
            Outcome::Bit | Outcome::Idle => None,
        }));
    }

    pub(super) fn of(seed: u64, planned: &[Planned], evidence: &Evidence) -> Self {
        let mut report = Self { seed, ..Self::default() };
        for one in planned {
            report.plan.push(one.to_string());
        }
        let book = &evidence.book;
        let mut known = BTreeSet::new();
        for case in evidence.cases() {
            known.extend(case.last.map(|_| case.marker));
            if case.intent.class() == Class::Promised {
                let state = case.last.and_then(|event| event["state"].as_str());
                let place = (case.intent.style, state.unwrap_or("gone").to_owned());
                *report.jobs.entry(place).or_default() += 1;
            }
        }
        for (marker, intent) in &book.intents {
            let (wanted, there) = report.classes.entry(intent.class().as_str()).or_default();
            *wanted += 1;
            *there += usize::from(known.contains(marker.as_str()));
        }
        (report.stale, report.skipped) = (book.stale.len(), book.skipped);
        report.answers.clone_from(&evidence.book.answers);
        let attempts: BTreeSet<_> =
            evidence.runs.iter().map(|run| (&run.job, run.attempt)).collect();
        report.repeated_runs = evidence.runs.len() - attempts.len();
        let told: BTreeSet<_> = evidence.hooks.iter().map(|hook| &hook.id).collect();
        report.repeated_webhooks = evidence.hooks.len() - told.len();
        let dead = evidence.deliveries.iter().filter(|delivery| delivery["status"] == "dead");
        report.dead = dead.count();
        report
    }

    pub(super) fn judge(&mut self, findings: &[Finding]) {
        let seed = self.seed;
        self.findings.extend(findings.iter().map(|finding| format!("seed {seed} {finding}")));
    }
}

/// What a killed nats-server does not show.
const FSYNC: &str =
    "(a killed nats-server loses its memory, not what the system has not written to disk yet)";

fn each_kind(faults: &BTreeMap<&'static str, Tally>) -> String {
    let each = faults.iter().map(|(kind, tally)| format!("{kind} {tally}"));
    each.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SEED={} SECONDS={}", self.seed, self.span.as_secs())?;
        writeln!(f, "  faults that were felt: {}", each_kind(&self.faults))?;
        for missed in &self.missed {
            writeln!(f, "  not done: {missed}")?;
        }
        let classes = Class::ALL.map(|class| {
            let (wanted, there) = self.classes.get(class.as_str()).copied().unwrap_or_default();
            format!("{wanted} {} of which {there} are there", class.as_str())
        });
        writeln!(f, "  jobs: {}", classes.join(", "))?;
        writeln!(f, "  {} jobs were promised:", self.promised())?;
        for style in Style::ALL {
            let line = |counts: &BTreeMap<(Style, String), usize>| {
                let of_style = counts.iter().filter(|((one, _), _)| *one == style);
                let each = of_style.map(|((_, name), count)| format!("{name} {count}"));
                each.collect::<Vec<_>>().join(", ")
            };
            let of_style = self.outages.iter().filter(|((one, _), _)| *one == style);
            let outages = of_style.map(|(_, longest)| format!("{:.1} s", longest.as_secs_f32()));
            let outages = outages.collect::<Vec<_>>().join(" and ");
            let (jobs, answers) = (line(&self.jobs), line(&self.answers));
            let jobs = if jobs.is_empty() { "-" } else { &jobs };
            writeln!(
                f,
                "    {:<12} {jobs}; answers: {answers}; longest outage {outages}",
                style.as_str()
            )?;
        }
        writeln!(
            f,
            "  duplicates: {} runs beyond one of each attempt, {} webhooks beyond one of each end; {} dead deliveries",
            self.repeated_runs, self.repeated_webhooks, self.dead
        )?;
        if self.stale + self.skipped > 0 {
            writeln!(
                f,
                "  {} looks at an older state than before; {} requests were not made",
                self.stale, self.skipped
            )?;
        }
        let mut ended = BTreeMap::<&str, usize>::new();
        for words in &self.ended_alone {
            *ended.entry(words).or_default() += 1;
        }
        for (words, count) in ended {
            writeln!(f, "  ended by itself, {count} times: {words}")?;
        }
        for (gateway, took) in &self.recovery {
            writeln!(
                f,
                "  gateway-{} served all again after {:.1} s",
                gateway + 1,
                took.as_secs_f32()
            )?;
        }
        writeln!(f, "  settled in {:.1} s", self.settled.as_secs_f32())?;
        if self.is_clean() {
            return writeln!(f, "  nothing was lost");
        }
        writeln!(f, "  {} findings:", self.findings.len())?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        Ok(())
    }
}
