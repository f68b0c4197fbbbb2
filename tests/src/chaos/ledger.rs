//! What callers were told, and how long they heard nothing good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// How a caller asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// A chat that waits for its answer.
    Sync,
    /// A chat whose answer grows.
    Streamed,
    /// A job that is accepted and read later.
    Queued,
    /// A chat that is accepted and read later.
    QueuedChat,
    /// A job whose end is posted.
    Callback,
    /// A job that is not due yet.
    Delayed,
    /// A job that is canceled.
    Canceled,
    /// A job that is submitted several times under one key.
    Idempotent,
    /// A job that fails for good, and is kept as a dead letter.
    Failing,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Sync,
        Self::Streamed,
        Self::Queued,
        Self::QueuedChat,
        Self::Callback,
        Self::Delayed,
        Self::Canceled,
        Self::Idempotent,
        Self::Failing,
    ];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Streamed => "streamed",
            Self::Queued => "queued",
            Self::QueuedChat => "queued chat",
            Self::Callback => "callback",
            Self::Delayed => "delayed",
            Self::Canceled => "canceled",
            Self::Idempotent => "idempotent",
            Self::Failing => "failing",
        }
    }
}

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

/// What a caller was promised.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    /// How it was asked for.
    pub(super) style: Style,
    /// The result, if it succeeds.
    pub(super) expected: Expected,
    /// The path of the receiver that its end is posted to.
    pub(super) webhook: Option<String>,
    /// The end that a caller was told.
    pub(super) ended: Option<String>,
}

/// What callers were told. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Book>>);

/// The pages of a [`Ledger`].
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    /// Accepted jobs by their ids.
    pub(super) promises: BTreeMap<String, Promise>,
    /// What no caller should ever see.
    pub(super) wrong: Vec<String>,
    /// Requests by style and how they ended: a status, or why there was none.
    pub(super) answers: BTreeMap<(Style, String), usize>,
    /// When a style began, when it last succeeded, and its longest time without success.
    spells: BTreeMap<Style, Spell>,
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    since: Instant,
    longest: Duration,
}

impl Ledger {
    /// From now on a style is asked for.
    pub(super) fn begin(&self, style: Style) {
        let spell = Spell { since: Instant::now(), longest: Duration::ZERO };
        self.book().spells.insert(style, spell);
    }

    /// How a request ended.
    pub(super) fn answered(&self, style: Style, how: &str, well: bool) {
        let mut book = self.book();
        *book.answers.entry((style, how.to_owned())).or_default() += 1;
        if let Some(spell) = book.spells.get_mut(&style).filter(|_| well) {
            spell.longest = spell.longest.max(spell.since.elapsed());
            spell.since = Instant::now();
        }
    }

    /// A job was accepted. The same job may be accepted several times.
    pub(super) fn promised(&self, id: &str, promise: Promise) {
        self.book().promises.entry(id.to_owned()).or_insert(promise);
    }

    /// A caller was told how a job ended.
    pub(super) fn ended(&self, id: &str, state: &str) {
        let mut book = self.book();
        let Some(promise) = book.promises.get_mut(id) else { return };
        match promise.ended.replace(state.to_owned()) {
            Some(before) if before != state => {
                let seen = format!("{id} was said to be {before}, and later to be {state}");
                book.wrong.push(seen);
            }
            _ => {}
        }
    }

    /// A caller saw what none should.
    pub(super) fn wrong(&self, seen: String) {
        self.book().wrong.push(seen);
    }

    /// A copy of all pages.
    pub(super) fn pages(&self) -> Book {
        self.book().clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The longest time without a success of each style, the end included.
    pub(super) fn outages(&self, end: Instant) -> BTreeMap<Style, Duration> {
        let of = |spell: &Spell| spell.longest.max(end.saturating_duration_since(spell.since));
        self.spells.iter().map(|(style, spell)| (*style, of(spell))).collect()
    }
}
