//! What callers wanted and were told, and how long they heard nothing good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::intent::{Call, Confirmed, Fate, Intent, Seen};
pub use super::style::Style;

/// How many attempts a job has that asks for no number: `[jobs] max_attempts` of the fleet.
pub(super) const MAX_ATTEMPTS: u64 = 5;

/// What callers were told. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Book>>);

/// The pages of a [`Ledger`].
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    /// How long there are faults.
    pub(super) span: Duration,
    /// The planned faults by their kinds.
    pub(super) faults: BTreeMap<&'static str, usize>,
    /// Jobs that were wanted, by their markers.
    pub(super) intents: BTreeMap<String, Intent>,
    /// Calls, by their markers.
    pub(super) calls: BTreeMap<String, Call>,
    /// What no caller should ever see.
    pub(super) wrong: Vec<String>,
    /// Looks that told of an older state than an answer before them.
    pub(super) stale: Vec<String>,
    /// Requests by style and how they ended: a status, or why there was none.
    pub(super) answers: BTreeMap<(Style, String), usize>,
    /// Requests that were not made, because too many were open.
    pub(super) skipped: usize,
    /// When a style began at a gateway, when it last succeeded, and its longest time without success.
    spells: BTreeMap<(Style, usize), Spell>,
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    since: Instant,
    longest: Duration,
}

impl Ledger {
    /// What is going to happen: how long there are faults, and of which kinds.
    pub(super) fn plans(&self, span: Duration, faults: impl Iterator<Item = &'static str>) {
        let mut book = self.book();
        book.span = span;
        for kind in faults {
            *book.faults.entry(kind).or_default() += 1;
        }
    }

    /// From now on a style is asked for at a gateway.
    pub(super) fn begin(&self, style: Style, gateway: usize) {
        let spell = Spell { since: Instant::now(), longest: Duration::ZERO };
        self.book().spells.insert((style, gateway), spell);
    }

    /// How a request ended.
    pub(super) fn answered(&self, style: Style, gateway: usize, how: &str, well: bool) {
        let mut book = self.book();
        *book.answers.entry((style, how.to_owned())).or_default() += 1;
        if let Some(spell) = book.spells.get_mut(&(style, gateway)).filter(|_| well) {
            spell.longest = spell.longest.max(spell.since.elapsed());
            spell.since = Instant::now();
        }
    }

    /// A request was not made.
    pub(super) fn skipped(&self) {
        self.book().skipped += 1;
    }

    /// A job is asked for, once more if it was before.
    pub(super) fn asks(&self, marker: &str, intent: &Intent) {
        let mut book = self.book();
        book.intents.entry(marker.to_owned()).or_insert_with(|| intent.clone()).asked += 1;
    }

    /// What a request for a job came to.
    pub(super) fn told(&self, marker: &str, fate: &Fate) {
        self.with(marker, |intent| match fate {
            Fate::Accepted(job) => {
                intent.is_promised = true;
                intent.jobs.extend(job.clone());
            }
            Fate::Unknown => {}
            Fate::Refused => intent.refused += 1,
        });
    }

    /// What a call came to.
    pub(super) fn called(&self, marker: &str, call: Call) {
        self.book().calls.insert(marker.to_owned(), call);
    }

    /// A caller who asked at `asked` was shown a job.
    pub(super) fn saw(&self, marker: &str, asked: Instant, version: u64, state: &str) {
        let mut book = self.book();
        let Some(intent) = book.intents.get_mut(marker) else { return };
        let newer = intent.seen.iter().find(|seen| seen.at <= asked && seen.version > version);
        let stale = newer.map(|newer| {
            format!(
                "'{marker}' was said to be {} at version {}, and later to be {state} at {version}",
                newer.state, newer.version
            )
        });
        let mut wrong = None;
        if is_end(state) {
            let before = intent.ended.replace(state.to_owned());
            if let Some(before) = before.filter(|before| before != state) {
                wrong = Some(format!("'{marker}' was said to be {before}, and then to be {state}"));
            }
        }
        intent.seen.push(Seen { at: Instant::now(), version, state: state.to_owned() });
        book.wrong.extend(wrong);
        book.stale.extend(stale);
    }

    /// A caller was told that a job is canceled, or is going to be unless its end comes first.
    pub(super) fn canceled(&self, marker: &str, confirmed: Confirmed) {
        self.with(marker, |intent| {
            intent.cancel.get_or_insert(confirmed);
        });
    }

    /// A caller saw what none should.
    pub(super) fn wrong(&self, seen: String) {
        self.book().wrong.push(seen);
    }

    /// A copy of all pages.
    pub(super) fn pages(&self) -> Book {
        self.book().clone()
    }

    fn with(&self, marker: &str, change: impl FnOnce(&mut Intent)) {
        if let Some(intent) = self.book().intents.get_mut(marker) {
            change(intent);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The longest time without a success of each style at each gateway, the end included.
    pub(super) fn outages(&self, end: Instant) -> BTreeMap<(Style, usize), Duration> {
        let of = |spell: &Spell| spell.longest.max(end.saturating_duration_since(spell.since));
        self.spells.iter().map(|(place, spell)| (*place, of(spell))).collect()
    }
}

/// Whether a state is an end.
pub(super) fn is_end(state: &str) -> bool {
    matches!(state, "succeeded" | "failed" | "canceled" | "expired")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::intent::{Class, Expected};

    #[test]
    fn a_request_that_nobody_answered_leaves_a_job_unknown() {
        let ledger = Ledger::default();
        let class = || ledger.pages().intents["a"].class();
        let intent = Intent::new(Style::Queued, Expected::Nothing);
        ledger.asks("a", &intent);
        assert_eq!(class(), Class::Unknown);
        ledger.told("a", &Fate::Refused);
        assert_eq!(class(), Class::Refused);
        ledger.asks("a", &intent);
        ledger.told("a", &Fate::Unknown);
        assert_eq!(class(), Class::Unknown);
        ledger.asks("a", &intent);
        ledger.told("a", &Fate::Accepted(None));
        assert_eq!(class(), Class::Promised);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_later_is_told_no_older_state() {
        let ledger = Ledger::default();
        ledger.asks("a", &Intent::new(Style::Queued, Expected::Nothing));
        let early = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        ledger.saw("a", early, 2, "running");
        // Both were on their way at one time.
        ledger.saw("a", early, 1, "queued");
        assert_eq!(ledger.pages().stale, Vec::<String>::new());
        ledger.saw("a", Instant::now(), 1, "queued");
        assert_eq!(ledger.pages().stale.len(), 1);
        ledger.saw("a", Instant::now(), 3, "succeeded");
        ledger.saw("a", Instant::now(), 2, "running");
        assert_eq!(ledger.pages().stale.len(), 2);
        assert_eq!(ledger.pages().wrong.len(), 0);
        // No end takes the place of another.
        ledger.saw("a", Instant::now(), 3, "failed");
        assert_eq!(ledger.pages().wrong.len(), 1);
    }
}
