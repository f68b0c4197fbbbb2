//! The ways in which callers ask.

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
    /// Several jobs in one request.
    Batch,
    /// A job whose end is waited for.
    Waited,
    /// A job that can not end before its deadline.
    Expiring,
    /// A job whose events are followed.
    Followed,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Sync,
        Self::Streamed,
        Self::Queued,
        Self::QueuedChat,
        Self::Callback,
        Self::Delayed,
        Self::Canceled,
        Self::Idempotent,
        Self::Failing,
        Self::Batch,
        Self::Waited,
        Self::Expiring,
        Self::Followed,
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
            Self::Batch => "batch",
            Self::Waited => "waited",
            Self::Expiring => "expiring",
            Self::Followed => "followed",
        }
    }

    /// Whether this is an end of a job of this style when all goes well. Calls make no job that lasts.
    pub(super) fn ends_well(self, state: &str) -> bool {
        match self {
            Self::Sync | Self::Streamed => false,
            // Its result may be there before the cancellation.
            Self::Canceled => matches!(state, "canceled" | "succeeded"),
            Self::Failing => state == "failed",
            Self::Expiring => state == "expired",
            _ => state == "succeeded",
        }
    }
}
