//! The one source of time and of time-ordered ids.
//!
//! Nothing else in the workspace asks the operating system for the time (a lint forbids it), so that tests can
//! move it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// A point in time in UTC with microsecond resolution; on the wire RFC 3339, for example
/// `2026-11-21T09:00:00.123456Z`. It lies within the years 0 to 9999, which is all that the wire can say: what would
/// lie before or after is the first or the last moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of the year 0.
    const FIRST: i64 = -62_167_219_200_000_000;
    /// The last microsecond of the year 9999.
    const LAST: i64 = 253_402_300_799_999_999;

    /// The time that lies `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::FIRST {
            Self(Self::FIRST)
        } else if micros > Self::LAST {
            Self(Self::LAST)
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time plus `delay`, saturating at the end of time.
    #[must_use]
    pub fn plus(self, delay: Duration) -> Self {
        let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// This time minus `delay`, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, delay: Duration) -> Self {
        let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How long it is from `earlier` to this time; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 text with any offset.
    pub fn parse(text: &str) -> Result<Self, time::error::Parse> {
        Ok(OffsetDateTime::parse(text, &Rfc3339)?.into())
    }

    /// The same time in the type that async-nats uses.
    pub fn to_offset_date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        Self::from_micros(at.unix_timestamp_nanos().div_euclid(1_000) as i64)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_offset_date_time().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .map_err(|_| de::Error::custom("expected a time like 2026-11-21T09:00:00Z (RFC 3339)"))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::DateTime,
            )))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// Tells the time. Real processes use [`SystemClock`], tests a [`ManualClock`].
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// A new UUIDv7 of this moment (RFC 9562, section 5.7).
    fn new_uuid(&self) -> Uuid {
        let micros = self.now().as_micros();
        let timestamp = uuid::Timestamp::from_unix_time(
            micros.div_euclid(1_000_000) as u64,
            (micros.rem_euclid(1_000_000) * 1_000) as u32,
            0,
            0,
        );
        Uuid::new_v7(timestamp)
    }
}

/// A clock shared by the parts of a process.
pub type SharedClock = Arc<dyn Clock>;

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}

/// A clock that stands until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_micros()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_survive_the_wire() {
        let at = Timestamp::parse("2026-11-21T10:00:00.123456+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-21T09:00:00.123456Z");
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let clock = ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000));
        let first = clock.new_uuid();
        clock.advance(Duration::from_millis(1));
        assert!(first < clock.new_uuid());
    }

    #[test]
    fn differences_never_underflow() {
        let early = Timestamp::from_micros(0);
        let late = early.plus(Duration::from_secs(5));
        assert_eq!(late.since(early), Duration::from_secs(5));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn a_time_beyond_the_calendar_is_its_last_or_first_moment() {
        let late = Timestamp::parse("9999-12-31T23:59:59-23:59").unwrap();
        assert_eq!(late.to_string(), "9999-12-31T23:59:59.999999Z");
        let early = Timestamp::parse("0000-01-01T00:00:00+23:59").unwrap();
        assert_eq!(early.to_string(), "0000-01-01T00:00:00Z");
    }

    proptest! {
        /// No wait, however long, leads to a time that the wire can not say, or to one before.
        #[test]
        fn every_time_that_can_come_about_survives_the_wire(
            micros in any::<i64>(),
            delays in proptest::collection::vec((any::<bool>(), any::<Duration>()), 0..4),
        ) {
            let mut at = Timestamp::from_micros(micros);
            for (forward, delay) in delays {
                let next = if forward { at.plus(delay) } else { at.minus(delay) };
                let (earlier, later) = if forward { (at, next) } else { (next, at) };
                prop_assert!(earlier <= later);
                at = next;
                let read: Timestamp = serde_json::from_str(&serde_json::to_string(&at).unwrap()).unwrap();
                prop_assert_eq!(read, at);
                prop_assert_eq!(Timestamp::from(at.to_offset_date_time()), at);
            }
        }

        /// What a caller writes is read as it stands, or refused.
        #[test]
        fn any_written_time_is_read_or_refused(
            year in 0..10_000_u32, month in 0..14_u32, day in 0..33_u32,
            second in 0..62_u32, fraction in "(\\.[0-9]{1,12})?", offset in "Z|[+-][0-2][0-9]:[0-5][0-9]",
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T23:59:{second:02}{fraction}{offset}");
            if let Ok(at) = Timestamp::parse(&text) {
                prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
            }
        }
    }
}
