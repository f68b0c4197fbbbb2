//! What became of planned faults: a fault that nobody felt proves nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// So many faults of a kind must be planned until it is strange that nobody felt one.
const MANY: usize = 5;

/// What became of one planned fault.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) kind: &'static str,
    /// What was planned, as the report tells it.
    pub(super) planned: String,
    pub(super) outcome: Outcome,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done, and somebody felt it.
    Bit,
    /// It was done, and nobody felt it.
    Idle,
    /// It could not be done, and why.
    Failed(String),
}

/// Faults of one kind, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Felt by somebody.
    pub bit: usize,
    /// Done, and felt by nobody.
    pub idle: usize,
    /// Not done, because it could not be.
    pub failed: usize,
}

impl Tally {
    /// Whether so many were planned, and none was felt, that this kind proves nothing.
    pub fn is_toothless(self) -> bool {
        self.bit == 0 && self.idle + self.failed >= MANY
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.bit += other.bit;
        self.idle += other.idle;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bit)?;
        if self.idle > 0 {
            write!(f, " (+{} without effect)", self.idle)?;
        }
        if self.failed > 0 {
            write!(f, " (+{} failed)", self.failed)?;
        }
        Ok(())
    }
}

/// All faults by their kinds.
pub(super) fn tally(done: &[Done]) -> BTreeMap<&'static str, Tally> {
    let mut all = BTreeMap::<_, Tally>::new();
    for one in done {
        let tally = all.entry(one.kind).or_default();
        match one.outcome {
            Outcome::Bit => tally.bit += 1,
            Outcome::Idle => tally.idle += 1,
            Outcome::Failed(_) => tally.failed += 1,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_ever_feels_is_named_when_it_was_tried_often() {
        let done = |outcome: &Outcome| Done {
            kind: "k",
            planned: String::new(),
            outcome: outcome.clone(),
        };
        let (idle, failed) = (Outcome::Idle, Outcome::Failed("no".to_owned()));
        let outcomes = [&idle, &failed, &idle, &failed, &idle];
        let mut all = outcomes.map(done).to_vec();
        assert_eq!(tally(&all)["k"].to_string(), "0 (+3 without effect) (+2 failed)");
        assert!(tally(&all)["k"].is_toothless());
        assert!(!tally(&all[..4])["k"].is_toothless());
        all.push(done(&Outcome::Bit));
        assert!(!tally(&all)["k"].is_toothless());
    }
}
