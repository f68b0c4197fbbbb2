//! Collects the figures of one bench over its rounds.

use std::collections::BTreeMap;

use super::goal::{Goal, ratio};
use super::row::{Against, Row};
use crate::cpu::Spent;

/// The figures of a bench, row by row in the order in which they first came.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rows: Vec<Draft>,
}

#[derive(Debug, Default)]
struct Draft {
    name: String,
    unit: String,
    rounds: Vec<f64>,
    against: Option<String>,
    goals: Vec<Goal>,
    cpu: BTreeMap<String, Vec<f64>>,
    peak: BTreeMap<String, f64>,
    note: Option<String>,
}

impl Sheet {
    /// Adds the figure of one round to a row.
    pub(crate) fn add(&mut self, row: &str, unit: &str, value: f64) {
        let draft = self.draft(row);
        unit.clone_into(&mut draft.unit);
        draft.rounds.push(value);
    }

    /// Adds what the processes spent on `done` things in one round of a row.
    pub(crate) fn spent(&mut self, row: &str, spent: &[Spent], done: u64) {
        let draft = self.draft(row);
        for process in spent {
            let each = process.cpu.as_secs_f64() * 1e6 / (done.max(1) as f64);
            draft.cpu.entry(process.name.clone()).or_default().push(each);
            // Nothing is known of the memory of a process that has ended.
            if process.memory.peak_kib > 0 {
                let peak = draft.peak.entry(process.name.clone()).or_default();
                *peak = peak.max(process.memory.peak_kib as f64 / 1024.0);
            }
        }
    }

    /// Shows a row's ratio to another.
    pub(crate) fn against(&mut self, row: &str, other: &str) {
        self.draft(row).against = Some(other.to_owned());
    }

    /// States what a row is to reach. Goals are stated once, after the rounds.
    pub(crate) fn goal(&mut self, row: &str, goal: Goal) {
        self.draft(row).goals.push(goal);
    }

    /// Says something about a row.
    pub(crate) fn note(&mut self, row: &str, text: &str) {
        self.draft(row).note = Some(text.to_owned());
    }

    /// A row that could not be measured, and why.
    pub(crate) fn missing(&mut self, row: &str, unit: &str, why: &str) {
        let draft = self.draft(row);
        unit.clone_into(&mut draft.unit);
        draft.note = Some(format!("not measured: {why}"));
    }

    /// The median of a row so far.
    pub(crate) fn median(&self, row: &str) -> Option<f64> {
        let draft = self.rows.iter().find(|draft| draft.name == row)?;
        median(&draft.rounds)
    }

    /// The rows with medians, ratios and judgements.
    pub(crate) fn finish(self) -> Vec<Row> {
        let rows = self.rows.iter().map(|draft| {
            let value = median(&draft.rounds);
            let against = draft.against.as_ref().map(|other| Against {
                row: other.clone(),
                ratio: ratio(value, self.median(other)),
            });
            let goals = draft.goals.iter().map(|goal| goal.judge(value, |row| self.median(row)));
            let cpu = draft.cpu.iter().filter_map(|(name, all)| Some((name.clone(), median(all)?)));
            Row {
                name: draft.name.clone(),
                unit: draft.unit.clone(),
                value,
                rounds: draft.rounds.clone(),
                against,
                goals: goals.collect(),
                cpu_us: cpu.collect(),
                peak_mib: draft.peak.clone(),
                note: draft.note.clone(),
            }
        });
        rows.collect()
    }

    fn draft(&mut self, row: &str) -> &mut Draft {
        let index = self.rows.iter().position(|draft| draft.name == row).unwrap_or_else(|| {
            self.rows.push(Draft { name: row.to_owned(), ..Draft::default() });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }
}

/// The middle one; of two in the middle their mean.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
    }

    #[test]
    fn rows_are_compared_by_their_medians() {
        let mut sheet = Sheet::default();
        for (ours, raw) in [(10.0, 100.0), (30.0, 60.0), (20.0, 80.0)] {
            sheet.add("ours", "jobs/s", ours);
            sheet.add("raw", "jobs/s", raw);
        }
        sheet.against("ours", "raw");
        sheet.goal("ours", Goal::at_least(0.3).of("raw"));
        let rows = sheet.finish();
        assert_eq!(rows[0].value, Some(20.0));
        assert_eq!(rows[0].against.as_ref().unwrap().ratio, Some(0.25));
        assert_eq!(rows[0].goals[0].met, Some(false));
    }
}
