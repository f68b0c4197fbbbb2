//! Collects the figures of one bench over its rounds.

use std::collections::BTreeMap;

use super::goal::{Figure, Goal, ratio};
use super::row::{Against, Row};
use crate::cpu::Spent;
use crate::load::Latencies;

/// The figures of a bench, row by row in the order in which they first came.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rows: Vec<Draft>,
    remarks: Vec<String>,
}

#[derive(Debug, Default)]
struct Draft {
    name: String,
    unit: String,
    rounds: Vec<f64>,
    pool: Option<Pool>,
    against: Option<String>,
    goals: Vec<Goal>,
    cpu: BTreeMap<String, Vec<f64>>,
    peak: BTreeMap<String, f64>,
    note: Option<String>,
    failures: Vec<String>,
}

/// The times of all rounds, for a quantile that one round has too few of.
#[derive(Debug)]
struct Pool {
    quantile: f64,
    through: Latencies,
    below: Option<Latencies>,
}

/// A quantile above hangs on so few times that their number is told.
const RARE: f64 = 0.9;

impl Sheet {
    /// Adds the figure of one round to a row; without one, the row is there and empty.
    pub(crate) fn add(&mut self, row: &str, unit: &str, value: impl Into<Option<f64>>) {
        let draft = self.draft(row);
        unit.clone_into(&mut draft.unit);
        draft.rounds.extend(value.into());
    }

    /// Adds the times of one round, in milliseconds, to a row whose figure is a quantile of the times of all rounds, or
    /// its difference from that of `below`.
    pub(crate) fn pool(
        &mut self,
        row: &str,
        quantile: f64,
        through: &Latencies,
        below: Option<&Latencies>,
    ) {
        self.add(row, "ms", difference(quantile, through, below));
        let pool = self.draft(row).pool.get_or_insert_with(|| Pool {
            quantile,
            through: Latencies::new(),
            below: below.map(|_| Latencies::new()),
        });
        pool.through.join(through);
        if let (Some(all), Some(below)) = (&mut pool.below, below) {
            all.join(below);
        }
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

    /// Says something about the bench.
    pub(crate) fn remark(&mut self, text: &str) {
        if !self.remarks.iter().any(|known| known == text) {
            self.remarks.push(text.to_owned());
        }
    }

    /// Says something about the bench, if there is something to say.
    pub(crate) fn extend_remarks(&mut self, remarks: impl IntoIterator<Item = String>) {
        self.remarks.extend(remarks);
    }

    /// A round of a row that could not be measured, and why.
    pub(crate) fn missing(&mut self, row: &str, unit: &str, why: &str) {
        let draft = self.draft(row);
        unit.clone_into(&mut draft.unit);
        draft.failures.push(why.to_owned());
    }

    /// The figure of a row so far.
    pub(crate) fn median(&self, row: &str) -> Option<f64> {
        self.figure(row).value
    }

    /// What was said about the bench.
    pub(crate) fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    /// The rows with medians, ratios and judgements.
    pub(crate) fn finish(self) -> Vec<Row> {
        let rows = self.rows.iter().map(|draft| {
            let figure = draft.figure();
            let against = draft.against.as_ref().map(|other| Against {
                row: other.clone(),
                ratio: ratio(figure.value, self.median(other)),
            });
            let goals = draft.goals.iter().map(|goal| {
                let mut reached = goal.judge(&figure, |row| self.figure(row));
                if reached.met.is_none() {
                    reached.why = Some(self.why_not(draft, goal));
                }
                reached
            });
            let cpu = draft.cpu.iter().filter_map(|(name, all)| Some((name.clone(), median(all)?)));
            Row {
                name: draft.name.clone(),
                unit: draft.unit.clone(),
                value: figure.value,
                rounds: draft.rounds.clone(),
                against,
                goals: goals.collect(),
                cpu_us: cpu.collect(),
                peak_mib: draft.peak.clone(),
                note: draft.remark(),
            }
        });
        rows.collect()
    }

    fn why_not(&self, own: &Draft, goal: &Goal) -> String {
        let empty = |draft: &Draft| match draft.failures.last() {
            Some(why) => format!("{}: {why}", draft.name),
            None => format!("{} was not measured", draft.name),
        };
        if own.figure().value.is_none() {
            return empty(own);
        }
        let other = goal.other().unwrap_or_default();
        let other_draft = self.rows.iter().find(|draft| draft.name == other);
        other_draft.map_or_else(|| format!("{other} was not measured"), empty)
    }

    fn figure(&self, row: &str) -> Figure {
        let draft = self.rows.iter().find(|draft| draft.name == row);
        draft.map(Draft::figure).unwrap_or_default()
    }

    fn draft(&mut self, row: &str) -> &mut Draft {
        let index = self.rows.iter().position(|draft| draft.name == row).unwrap_or_else(|| {
            self.rows.push(Draft { name: row.to_owned(), ..Draft::default() });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }
}

impl Draft {
    fn figure(&self) -> Figure {
        let value = match &self.pool {
            Some(pool) => difference(pool.quantile, &pool.through, pool.below.as_ref()),
            None => median(&self.rounds),
        };
        Figure { value, rounds: self.rounds.clone() }
    }

    /// What is to be known of the row, and of rounds in which it failed.
    fn remark(&self) -> Option<String> {
        let rare = self.pool.as_ref().filter(|pool| pool.quantile > RARE);
        let pooled = rare.map(|pool| format!("of {} times", pool.through.len()));
        let failed =
            self.failures.last().map(|why| match (self.rounds.len(), self.failures.len()) {
                (0, _) => format!("not measured: {why}"),
                (good, bad) => format!("{good} of {} rounds; the others: {why}", good + bad),
            });
        let parts: Vec<String> =
            [self.note.clone(), pooled, failed].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// A quantile in milliseconds, less that of what lies below.
fn difference(quantile: f64, through: &Latencies, below: Option<&Latencies>) -> Option<f64> {
    let below = below.map_or(Some(0.0), |below| below.ms(quantile));
    Some(through.ms(quantile)? - below?)
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
    use std::time::Duration;

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

    #[test]
    fn a_round_that_failed_does_not_hide_the_others_nor_is_it_hidden() {
        let mut sheet = Sheet::default();
        sheet.missing("peer", "jobs/s", "no port");
        sheet.add("peer", "jobs/s", 5.0);
        sheet.note("peer", "1.2.3");
        sheet.missing("other", "jobs/s", "no npm");
        sheet.add("ours", "jobs/s", 1.0);
        sheet.goal("ours", Goal::ahead_of("other"));
        let rows = sheet.finish();
        assert_eq!(rows[0].value, Some(5.0));
        assert_eq!(rows[0].note.as_deref(), Some("1.2.3; 1 of 2 rounds; the others: no port"));
        assert_eq!(rows[1].note.as_deref(), Some("not measured: no npm"));
        assert_eq!(rows[2].goals[0].why.as_deref(), Some("other: no npm"));
    }

    #[test]
    fn rare_times_are_taken_from_all_rounds() {
        let mut sheet = Sheet::default();
        for round in 1..=3_u64 {
            let mut times = Latencies::new();
            (0..99).for_each(|_| times.record(Duration::from_millis(1)));
            times.record(Duration::from_millis(100 * round));
            sheet.pool("p99", 0.995, &times, None);
        }
        let rows = sheet.finish();
        assert!((rows[0].value.unwrap() - 200.0).abs() < 1.0, "{rows:?}");
        assert_eq!(rows[0].note.as_deref(), Some("of 300 times"));
    }

    #[test]
    fn a_time_that_nobody_took_is_no_figure() {
        let mut sheet = Sheet::default();
        sheet.add("p50", "ms", Latencies::new().ms(0.5));
        sheet.goal("p50", Goal::at_most(2.0));
        assert_eq!(sheet.finish()[0].goals[0].met, None);
    }
}
