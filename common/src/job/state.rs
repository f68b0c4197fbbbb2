//! The states of a job.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a job stands. The four terminal states are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its `run_at`.
    Scheduled,
    /// Waits for a worker.
    Queued,
    /// A worker owns it.
    Running,
    /// Done, with a result.
    Succeeded,
    /// Out of attempts, or failed for good.
    Failed,
    /// Stopped on request.
    Canceled,
    /// The deadline passed before a result.
    Expired,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
    ];

    /// Whether the job has ended.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled | Self::Expired)
    }

    /// Whether the state may be followed by `next`. `running` follows itself when another run takes over.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Scheduled | Self::Queued | Self::Running => !matches!(next, Self::Scheduled),
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Expired => false,
        }
    }

    /// The state as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }
}

impl std::fmt::Display for JobState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for JobState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// The text names no state.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{0}' is no job state: scheduled, queued, running, succeeded, failed, canceled or expired"
)]
pub struct UnknownState(String);

#[cfg(test)]
mod tests {
    use super::JobState;

    #[test]
    fn terminal_states_are_final() {
        for state in JobState::ALL.into_iter().filter(|state| state.is_terminal()) {
            assert!(JobState::ALL.into_iter().all(|next| !state.may_become(next)));
        }
    }

    #[test]
    fn the_text_is_the_wire_form() {
        for state in JobState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
            assert_eq!(state.as_str().parse::<JobState>().unwrap(), state);
        }
    }
}
