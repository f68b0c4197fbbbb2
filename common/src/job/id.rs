//! Typed ids: a job's id can not stand where a run's id is meant.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};

/// A UUID that names one kind of thing, `T`. New ones are UUIDv7 and sort by the time they were made.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

/// Marks the id of a job.
pub enum JobKind {}
/// Marks the id of one execution of an attempt by one worker.
pub enum RunKind {}
/// Marks the id of an event.
pub enum EventIdKind {}

/// Names a job for its whole life.
pub type JobId = Id<JobKind>;
/// Names one execution of an attempt by one worker: the owner of the job is the run that holds the last event.
pub type RunId = Id<RunKind>;
/// Names an event; the terminal event's id is the `webhook-id` of its deliveries.
pub type EventId = Id<EventIdKind>;

impl<T> Id<T> {
    /// A new id of this moment.
    pub fn new(clock: &dyn Clock) -> Self {
        Self::from_uuid(clock.new_uuid())
    }

    /// The id with these bits.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare UUID.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl JobId {
    /// The id that belongs to `seed` within the window that starts at `window_start`: the same seed gives the same
    /// id, and it sorts with the ids of its window. Serves idempotency keys (UUIDv8, RFC 9562, section 5.8).
    pub fn derived(window_start: Timestamp, seed: &[u8; 32]) -> Self {
        let millis = (window_start.as_micros().max(0) / 1_000) as u64;
        let mut bytes = [0_u8; 16];
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&seed[..10]);
        Self::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self::from_uuid)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("expected a UUID"))
    }
}

impl<T> utoipa::PartialSchema for Id<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Uuid,
            )))
            .into()
    }
}

impl<T> utoipa::ToSchema for Id<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_depends_on_its_window_and_seed_only() {
        let window = Timestamp::from_micros(1_700_000_000_000_000);
        let id = JobId::derived(window, &[7; 32]);
        assert_eq!(id, JobId::derived(window, &[7; 32]));
        assert_ne!(id, JobId::derived(window, &[8; 32]));
        assert_eq!(id.as_uuid().get_version_num(), 8);
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
    }
}
