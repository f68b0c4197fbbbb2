//! What a row is to reach.

use serde::{Deserialize, Serialize};

/// A bound for a row's figure, or for its ratio to another row of the same run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Goal {
    least: bool,
    bound: f64,
    of: Option<String>,
}

/// What became of a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// The goal in words.
    pub(crate) goal: String,
    /// The figure or ratio; absent when one side was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reached: Option<f64>,
    /// Whether it is met; absent when it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) met: Option<bool>,
}

impl Goal {
    /// The figure or ratio must not be less.
    pub(crate) fn at_least(bound: f64) -> Self {
        Self { least: true, bound, of: None }
    }

    /// The figure or ratio must not be more.
    pub(crate) fn at_most(bound: f64) -> Self {
        Self { least: false, bound, of: None }
    }

    /// Of a figure that is better when greater: at least that of another row.
    pub(crate) fn ahead_of(row: &str) -> Self {
        Self::at_least(1.0).of(row)
    }

    /// Judges the ratio to another row instead of the figure.
    pub(crate) fn of(mut self, row: &str) -> Self {
        self.of = Some(row.to_owned());
        self
    }

    /// Judges a figure; `other` finds the figure of another row.
    pub(crate) fn judge(&self, value: Option<f64>, other: impl Fn(&str) -> Option<f64>) -> Reached {
        let reached = match &self.of {
            None => value,
            Some(row) => ratio(value, other(row)),
        };
        let met = reached
            .map(|reached| if self.least { reached >= self.bound } else { reached <= self.bound });
        Reached { goal: self.to_string(), reached, met }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.least { "≥" } else { "≤" };
        match &self.of {
            None => write!(f, "{sign} {}", super::number(self.bound)),
            Some(row) => write!(f, "{sign} {} × {row}", super::number(self.bound)),
        }
    }
}

/// How many times the other figure a figure is.
pub(crate) fn ratio(value: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (value, other) {
        (Some(value), Some(other)) if other.abs() > 1e-12 => Some(value / other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_the_ratio_of_the_same_run() {
        let goal = Goal::at_least(0.25).of("raw");
        let judged = goal.judge(Some(300.0), |_| Some(1000.0));
        assert_eq!((judged.reached, judged.met), (Some(0.3), Some(true)));
        assert_eq!(judged.goal, "≥ 0.25 × raw");
        assert_eq!(goal.judge(Some(200.0), |_| Some(1000.0)).met, Some(false));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(Goal::ahead_of("peer").judge(Some(1.0), |_| None).met, None);
        assert_eq!(Goal::at_most(2.0).judge(None, |_| None).met, None);
        assert_eq!(ratio(Some(1.0), Some(0.0)), None);
    }
}
