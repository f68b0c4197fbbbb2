//! A value as it was given, and reading it as what it should be. Errors say what would be right.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml_edit::Value;

use super::text;

/// A value as a file has it, or text from the environment or the command line.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// From a file.
    Toml(Value),
    /// From elsewhere.
    Text(String),
}

impl Given {
    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Self::Toml(Value::String(text)) => Ok(text.value().clone()),
            Self::Text(text) => Ok(text.clone()),
            Self::Toml(other) => Err(format!("must be a text in quotes, not {}", kind(other))),
        }
    }

    pub(super) fn integer(&self, range: &RangeInclusive<u64>) -> Result<u64, String> {
        let number = match self {
            Self::Toml(Value::Integer(number)) => u64::try_from(*number.value()).ok(),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(_) => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            let bounds =
                if *to == u64::MAX { format!("{from} or more") } else { format!("{from} to {to}") };
            format!("must be a whole number, {bounds}, not {self}")
        })
    }

    pub(super) fn number(&self, range: &RangeInclusive<f64>) -> Result<f64, String> {
        let number = match self {
            Self::Toml(Value::Float(number)) => Some(*number.value()),
            Self::Toml(Value::Integer(number)) => Some(*number.value() as f64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(_) => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            format!("must be a number from {} to {}, not {self}", range.start(), range.end())
        })
    }

    pub(super) fn flag(&self) -> Result<bool, String> {
        match self {
            Self::Toml(Value::Boolean(flag)) => Ok(*flag.value()),
            Self::Text(text) if text.trim() == "true" => Ok(true),
            Self::Text(text) if text.trim() == "false" => Ok(false),
            _ => Err(format!("must be true or false, not {self}")),
        }
    }

    pub(super) fn duration(&self, range: &RangeInclusive<Duration>) -> Result<Duration, String> {
        let found = self.as_text().and_then(text::duration);
        found.filter(|duration| range.contains(duration)).ok_or_else(|| {
            let [from, to] = [*range.start(), *range.end()].map(text::show_duration);
            format!("must be a duration like \"30s\", from {from} to {to}, not {self}")
        })
    }

    pub(super) fn size(&self, range: &RangeInclusive<u64>) -> Result<u64, String> {
        let found = match self {
            Self::Toml(Value::Integer(number)) => u64::try_from(*number.value()).ok(),
            _ => self.as_text().and_then(text::size),
        };
        found.filter(|size| range.contains(size)).ok_or_else(|| {
            let [from, to] = [*range.start(), *range.end()].map(text::show_size);
            format!("must be a size like \"64MB\", from {from} to {to}, not {self}")
        })
    }

    /// The entries of a list, each of which is still to be read.
    pub(super) fn list(&self) -> Result<Vec<Self>, String> {
        match self {
            Self::Toml(Value::Array(array)) => Ok(array.iter().cloned().map(Self::Toml).collect()),
            Self::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(|one| Self::Text(one.to_owned()))
                .collect()),
            Self::Toml(other) => Err(format!("must be a list in brackets, not {}", kind(other))),
        }
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(Value::String(text)) => write!(f, "\"{}\"", text.value()),
            Self::Toml(value @ (Value::Array(_) | Value::InlineTable(_))) => {
                f.write_str(kind(value))
            }
            Self::Toml(value) => f.write_str(value.to_string().trim()),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}
