//! What became of all goals, in one list.

use std::fmt::Write as _;

use super::goal::Reached;
use super::number;
use super::row::Found;

/// How many goals are met, and each of the others with why.
pub(crate) fn summary(all: &[Found]) -> String {
    let goals = || {
        all.iter().flat_map(|found| {
            let rows = found.rows.iter();
            rows.flat_map(move |row| row.goals.iter().map(move |goal| (found, &row.name, goal)))
        })
    };
    let count = |met: Option<bool>| goals().filter(|(_, _, goal)| goal.met == met).count();
    let (met, missed, open) = (count(Some(true)), count(Some(false)), count(None));
    let mut text = format!("Goals: {met} met, {missed} missed, {open} not judged.\n");
    for (found, row, goal) in goals().filter(|(_, _, goal)| goal.met != Some(true)) {
        let _ = writeln!(text, "- `{}` {row}: {}", found.bench, told(goal));
    }
    for (found, row, goal) in goals().filter(|(_, _, goal)| goal.met == Some(true) && goal.close) {
        let _ = writeln!(text, "- `{}` {row}: {}", found.bench, told(goal));
    }
    for found in all {
        if let Some(why) = &found.failed {
            let _ = writeln!(text, "- `{}` ended before its time: {why}", found.bench);
        }
    }
    text
}

/// A goal, what was reached, and the verdict.
pub(super) fn told(goal: &Reached) -> String {
    let reached = goal.reached.map_or_else(|| "-".to_owned(), number);
    let close = if goal.close { ", rounds disagree" } else { "" };
    let why = goal.why.as_ref().map_or_else(String::new, |why| format!(", {why}"));
    let verdict = match goal.met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "not judged",
    };
    format!("{} : {reached}, {verdict}{close}{why}", goal.goal)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::row::Run;
    use crate::report::{Goal, Machine, Sheet};

    /// A bench with one goal met, one missed and one that can not be judged.
    pub(in crate::report) fn found(bench: &str, run: &str) -> Found {
        let mut sheet = Sheet::default();
        sheet.add("row", "ms", 2.0);
        sheet.missing("peer", "ms", "no npm");
        sheet.goal("row", Goal::at_most(3.0));
        sheet.goal("row", Goal::at_most(1.0));
        sheet.goal("row", Goal::below("peer"));
        Found {
            bench: bench.to_owned(),
            about: String::new(),
            run: Run { id: run.to_owned(), revision: "abc".to_owned(), options: String::new() },
            ended_at: String::new(),
            took_s: 1.0,
            rounds: 1,
            smoke: false,
            machine: Machine::default(),
            failed: None,
            remarks: Vec::new(),
            rows: sheet.finish(),
        }
    }

    #[test]
    fn what_is_not_met_is_listed_with_why() {
        let text = summary(&[Found { failed: Some("no disk".to_owned()), ..found("a", "1") }]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Goals: 1 met, 1 missed, 1 not judged.",
                "- `a` row: ≤ 1 : 2, MISSED",
                "- `a` row: less than peer, difference : -, not judged, peer: no npm",
                "- `a` ended before its time: no disk",
            ]
        );
    }
}
