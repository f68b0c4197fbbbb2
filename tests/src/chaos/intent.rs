//! What a caller wants, and how far it was promised.

use std::collections::BTreeSet;

use common::clock::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::style::Style;

/// What a job must result in when it succeeds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    /// This document.
    Document(Value),
    /// A chat answer with this text.
    Chat(String),
    /// The number of the attempt that succeeded, the second or a later one.
    Attempts,
    /// It can not succeed.
    Nothing,
}

/// What the answer to a submit says of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is accepted. The id is missing when the answer broke off before it.
    Accepted(Option<String>),
    /// It may be accepted.
    Unknown,
    /// It is not accepted.
    Refused,
}

/// How far a job was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// No request for it was accepted.
    Refused,
    /// Nobody was told.
    Unknown,
    /// A request for it was accepted.
    Promised,
}

impl Class {
    pub(super) const ALL: [Self; 3] = [Self::Promised, Self::Unknown, Self::Refused];

    /// Its name in the report.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Promised => "promised",
        }
    }
}

/// One job that a caller wants, written down before it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    /// How it is asked for.
    pub(super) style: Style,
    /// The result, if it succeeds.
    pub(super) expected: Expected,
    /// The path of the receiver that its end is posted to.
    pub(super) webhook: Option<String>,
    /// How many attempts it may have.
    pub(super) max_attempts: u64,
    /// Its lane.
    pub(super) lane: &'static str,
    /// Requests for it.
    pub(super) asked: usize,
    /// Those of them that were refused.
    pub(super) refused: usize,
    /// Whether one of them was accepted.
    pub(super) is_promised: bool,
    /// The ids that it was accepted under; more than one is one too many.
    pub(super) jobs: BTreeSet<String>,
    /// The end that a caller was told.
    pub(super) ended: Option<String>,
    /// Since when its cancellation is confirmed.
    pub(super) cancel: Option<Confirmed>,
    /// What callers saw of it.
    pub(super) seen: Vec<Seen>,
}

/// A cancellation was confirmed while the job had not ended in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    /// When the answer had come.
    pub(super) at: Timestamp,
    /// The first attempt that must not begin any more.
    pub(super) first: u64,
}

/// A look at a job.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// When the answer had come.
    pub(super) at: Instant,
    pub(super) version: u64,
    pub(super) state: String,
}

impl Intent {
    /// A job of a style that is not asked for yet.
    pub(super) fn new(style: Style, expected: Expected) -> Self {
        Self {
            style,
            expected,
            webhook: None,
            max_attempts: super::ledger::MAX_ATTEMPTS,
            lane: "normal",
            asked: 0,
            refused: 0,
            is_promised: false,
            jobs: BTreeSet::new(),
            ended: None,
            cancel: None,
            seen: Vec::new(),
        }
    }

    /// How far it was promised.
    pub(super) fn class(&self) -> Class {
        if self.is_promised {
            Class::Promised
        } else if self.refused == self.asked {
            Class::Refused
        } else {
            Class::Unknown
        }
    }
}

/// A call that waits for its answer. It promises nothing before that.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// How it is asked for.
    pub(super) style: Style,
    /// The text that answers it.
    pub(super) expected: String,
    /// The job that the answer names.
    pub(super) job: Option<String>,
    /// Whether the answer came whole and right.
    pub(super) is_answered: bool,
}
