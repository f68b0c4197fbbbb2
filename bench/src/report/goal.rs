//! What a row is to reach.

use serde::{Deserialize, Serialize};

/// A bound for a row's figure, for its ratio to another row of the same run, or for its distance from one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Goal {
    bound: Bound,
    of: Option<String>,
    next: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// The figure or ratio is not less.
    AtLeast(f64),
    /// The figure or ratio is not more.
    AtMost(f64),
    /// The ratio to the other row is more than one: a tie is not enough.
    Ahead,
    /// The figure is less than that of the other row. For differences, which may be close to zero or below: their ratio
    /// says nothing.
    Below,
}

/// What became of a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// The goal in words.
    pub(crate) goal: String,
    /// The figure, ratio or difference; absent when one side was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reached: Option<f64>,
    /// Whether it is met; absent when it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) met: Option<bool>,
    /// Whether some rounds meet it and some do not: noise decides.
    #[serde(default)]
    pub(crate) close: bool,
    /// Why it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// A row's figure and that of each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figure {
    /// Of all rounds.
    pub(crate) value: Option<f64>,
    /// Of each.
    pub(crate) rounds: Vec<f64>,
}

impl Goal {
    /// The figure or ratio must not be less.
    pub(crate) fn at_least(bound: f64) -> Self {
        Self::new(Bound::AtLeast(bound))
    }

    /// The figure or ratio must not be more.
    pub(crate) fn at_most(bound: f64) -> Self {
        Self::new(Bound::AtMost(bound))
    }

    /// Of a figure that is better when greater: more than that of another row.
    pub(crate) fn ahead_of(row: &str) -> Self {
        Self::new(Bound::Ahead).of(row)
    }

    /// Of a figure that is better when less: less than that of another row.
    pub(crate) fn below(row: &str) -> Self {
        Self::new(Bound::Below).of(row)
    }

    fn new(bound: Bound) -> Self {
        Self { bound, of: None, next: false }
    }

    /// Judges the ratio to another row instead of the figure.
    pub(crate) fn of(mut self, row: &str) -> Self {
        self.of = Some(row.to_owned());
        self
    }

    /// A goal for when the others are reached.
    pub(crate) fn then(mut self) -> Self {
        self.next = true;
        self
    }

    /// Judges a figure; `other` finds another row's.
    pub(crate) fn judge(&self, own: &Figure, other: impl Fn(&str) -> Figure) -> Reached {
        let theirs = self.of.as_deref().map(other);
        let reached = self.measure(own.value, theirs.as_ref().and_then(|theirs| theirs.value));
        let met = reached.map(|reached| self.holds(reached));
        let close = theirs.as_ref().is_none_or(|row| row.rounds.len() == own.rounds.len())
            && own.rounds.iter().enumerate().any(|(index, value)| {
                let theirs = theirs.as_ref().and_then(|row| row.rounds.get(index).copied());
                let held = self.measure(Some(*value), theirs).map(|round| self.holds(round));
                held.is_some() && held != met
            });
        Reached { goal: self.to_string(), reached, met, close, why: None }
    }

    /// The row that it is judged by, besides its own.
    pub(crate) fn other(&self) -> Option<&str> {
        self.of.as_deref()
    }

    fn measure(&self, own: Option<f64>, theirs: Option<f64>) -> Option<f64> {
        match self.bound {
            _ if self.of.is_none() => own,
            Bound::Below => Some(own? - theirs?),
            _ => ratio(own, theirs),
        }
    }

    fn holds(&self, reached: f64) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => reached >= bound,
            Bound::AtMost(bound) => reached <= bound,
            Bound::Ahead => reached > 1.0,
            Bound::Below => reached < 0.0,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let other = self.of.as_deref().unwrap_or_default();
        f.write_str(if self.next { "then " } else { "" })?;
        let (sign, bound) = match self.bound {
            Bound::AtLeast(bound) => ("≥", bound),
            Bound::AtMost(bound) => ("≤", bound),
            Bound::Ahead => return write!(f, "more than {other}, ratio"),
            Bound::Below => return write!(f, "less than {other}, difference"),
        };
        let bound = super::number(bound);
        if other.is_empty() {
            write!(f, "{sign} {bound}")
        } else {
            write!(f, "{sign} {bound} × {other}")
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

    fn figure(value: f64) -> Figure {
        Figure { value: Some(value), rounds: vec![value] }
    }

    #[test]
    fn a_goal_is_judged_by_the_ratio_of_the_same_run() {
        let goal = Goal::at_least(0.25).of("raw");
        let judged = goal.judge(&figure(300.0), |_| figure(1000.0));
        assert_eq!((judged.reached, judged.met), (Some(0.3), Some(true)));
        assert_eq!(judged.goal, "≥ 0.25 × raw");
        assert_eq!(goal.judge(&figure(200.0), |_| figure(1000.0)).met, Some(false));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(Goal::ahead_of("peer").judge(&figure(1.0), |_| Figure::default()).met, None);
        assert_eq!(Goal::below("peer").judge(&figure(1.0), |_| Figure::default()).met, None);
        assert_eq!(Goal::at_most(2.0).judge(&Figure::default(), |_| figure(1.0)).met, None);
        assert_eq!(ratio(Some(1.0), Some(0.0)), None);
    }

    #[test]
    fn a_tie_is_not_ahead() {
        assert_eq!(Goal::ahead_of("peer").judge(&figure(2.0), |_| figure(2.0)).met, Some(false));
        assert_eq!(Goal::below("peer").judge(&figure(2.0), |_| figure(2.0)).met, Some(false));
    }

    #[test]
    fn differences_are_compared_whatever_their_signs() {
        let judged = Goal::below("peer").judge(&figure(0.7), |_| figure(-0.02));
        assert_eq!(judged.met, Some(false));
        assert_eq!(Goal::below("peer").judge(&figure(0.7), |_| figure(9.0)).met, Some(true));
    }

    #[test]
    fn rounds_that_disagree_are_told() {
        let own = Figure { value: Some(2.0), rounds: vec![1.0, 2.0, 4.0] };
        assert!(Goal::at_most(3.0).judge(&own, |_| figure(1.0)).close);
        assert!(!Goal::at_most(5.0).judge(&own, |_| figure(1.0)).close);
        let theirs = Figure { value: Some(3.0), rounds: vec![3.0, 3.0, 5.0] };
        assert!(!Goal::below("peer").judge(&own, |_| theirs.clone()).close);
    }
}
