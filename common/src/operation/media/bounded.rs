//! Numbers that are within their range once they are read, so that no later stage has to ask again.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A whole number from `MIN` to `MAX` that `STEP` divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32, const STEP: u32 = 1>(u32);

impl<const MIN: u32, const MAX: u32, const STEP: u32> Whole<MIN, MAX, STEP> {
    /// `value`, when it is in range.
    pub const fn new(value: u32) -> Option<Self> {
        if value >= MIN && value <= MAX && value.is_multiple_of(STEP) {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MAX: u32, const STEP: u32> Whole<0, MAX, STEP> {
    /// Zero, which is in every range that begins there.
    pub const ZERO: Self = Self(0);
}

impl<const MIN: u32, const MAX: u32, const STEP: u32> Serialize for Whole<MIN, MAX, STEP> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de, const MIN: u32, const MAX: u32, const STEP: u32> Deserialize<'de>
    for Whole<MIN, MAX, STEP>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor<const MIN: u32, const MAX: u32, const STEP: u32>;

impl<const MIN: u32, const MAX: u32, const STEP: u32> Visitor<'_> for WholeVisitor<MIN, MAX, STEP> {
    type Value = Whole<MIN, MAX, STEP>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if STEP == 2 { "an even" } else { "a whole" };
        write!(f, "{kind} number from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        u32::try_from(value)
            .ok()
            .and_then(Whole::new)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        u64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            .and_then(|value| self.visit_u64(value))
    }
}

impl<const MIN: u32, const MAX: u32, const STEP: u32> PartialSchema for Whole<MIN, MAX, STEP> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(MIN))
            .maximum(Some(MAX))
            .multiple_of((STEP > 1).then_some(STEP))
            .into()
    }
}

impl<const MIN: u32, const MAX: u32, const STEP: u32> ToSchema for Whole<MIN, MAX, STEP> {}

/// A share: more than 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

/// A span or a place in time in seconds: from 0 to one day, with any fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds(f64);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(1.0);
    /// A fifth.
    pub const FIFTH: Self = Self(0.2);

    /// `value`, when it is in range.
    pub fn new(value: f64) -> Option<Self> {
        (value > 0.0 && value <= 1.0).then_some(Self(value))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Seconds {
    /// The longest span.
    pub const MAX: f64 = 86_400.0;

    /// `value`, when it is in range.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=Self::MAX).contains(&value).then_some(Self(value))
    }

    /// The number of seconds.
    pub const fn get(self) -> f64 {
        self.0
    }
}

struct DecimalVisitor<T> {
    expecting: &'static str,
    new: fn(f64) -> Option<T>,
}

impl<T> Visitor<'_> for DecimalVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        (self.new)(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.visit_f64(value as f64)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a number above 0 and up to 1";
        deserializer.deserialize_any(DecimalVisitor { expecting, new: Self::new })
    }
}

impl PartialSchema for Share {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .exclusive_minimum(Some(0.0))
            .maximum(Some(1.0))
            .into()
    }
}

impl ToSchema for Share {}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a number of seconds from 0 to 86400";
        deserializer.deserialize_any(DecimalVisitor { expecting, new: Self::new })
    }
}

impl PartialSchema for Seconds {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0.0))
            .maximum(Some(Self::MAX))
            .into()
    }
}

impl ToSchema for Seconds {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_in_range_are_read() {
        type Side = Whole<2, 8192, 2>;
        assert_eq!(serde_json::from_str::<Side>("640").unwrap().get(), 640);
        for wrong in ["0", "1", "641", "8194", "-2", "64.5", "\"640\"", "99999999999", "null"] {
            let error = serde_json::from_str::<Side>(wrong).unwrap_err().to_string();
            assert!(error.contains("an even number from 2 to 8192"), "{wrong}: {error}");
        }
    }

    #[test]
    fn shares_and_seconds_take_whole_numbers_too() {
        assert_eq!(serde_json::from_str::<Share>("1").unwrap(), Share::WHOLE);
        assert!(serde_json::from_str::<Share>("0").is_err());
        assert!(serde_json::from_str::<Share>("1.01").is_err());
        assert!(serde_json::from_str::<Seconds>("-0.5").is_err());
        assert!(serde_json::from_str::<Seconds>("86401").is_err());
        assert!(serde_json::from_str::<Seconds>("1e400").is_err());
    }
}
