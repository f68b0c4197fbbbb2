//! Reading a section: every key with its type. A mistake is noted and reading goes on with the default, so that all
//! mistakes of a configuration are found at once.

use std::cell::RefCell;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use url::Url;

use super::error::ConfigError;
use super::given::Given;
use super::schema::{self, Node, join};
use super::values::Values;
use crate::secret::Secret;

/// Where mistakes are collected.
pub(super) type Mistakes = RefCell<Vec<ConfigError>>;

/// A section of the configuration that is being read.
pub(super) struct Section<'a> {
    values: &'a Values,
    mistakes: &'a Mistakes,
    path: String,
}

impl<'a> Section<'a> {
    pub(super) fn root(values: &'a Values, mistakes: &'a Mistakes) -> Self {
        Self { values, mistakes, path: String::new() }
    }

    /// The section `name` within this one.
    pub(super) fn section(&self, name: &str) -> Self {
        Self { values: self.values, mistakes: self.mistakes, path: join(&self.path, name) }
    }

    /// The entries of the repeated section `name` within this one.
    pub(super) fn entries(&self, name: &str) -> Vec<Self> {
        let list = self.section(name);
        let entries = self.values.entries(&list.path);
        (0..entries).map(|index| list.section(&index.to_string())).collect()
    }

    /// Notes that something is wrong with `key`.
    pub(super) fn mistake(&self, key: &str, problem: impl Into<String>) {
        let key = join(&self.path, key);
        let place = self.values.place(&key);
        self.mistakes.borrow_mut().push(ConfigError { place, key, problem: problem.into() });
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.read(key, Given::text)
    }

    /// A text, or `None` when it is empty.
    pub(super) fn optional_text(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        self.optional_text(key).map(Secret::new)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.read(key, Given::flag)
    }

    pub(super) fn integer(&self, key: &str, range: RangeInclusive<u64>) -> u64 {
        self.read(key, |given| given.integer(&range))
    }

    /// A whole number that counts things in memory.
    pub(super) fn count(&self, key: &str, range: RangeInclusive<usize>) -> usize {
        self.integer(key, *range.start() as u64..=*range.end() as u64) as usize
    }

    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>) -> f64 {
        self.read(key, |given| given.number(&range))
    }

    pub(super) fn duration(&self, key: &str, range: RangeInclusive<Duration>) -> Duration {
        self.read(key, |given| given.duration(&range))
    }

    pub(super) fn size(&self, key: &str, range: RangeInclusive<u64>) -> u64 {
        self.read(key, |given| given.size(&range))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> T {
        self.read(key, |given| {
            let word = given.text()?;
            choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice).ok_or_else(
                || {
                    let names: Vec<_> =
                        choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
                    format!("must be one of {}, not {given}", names.join(", "))
                },
            )
        })
    }

    /// A list of texts, each read by `read`; a mistake in one does not hide those in others.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&Given) -> Result<T, String>) -> Vec<T> {
        let entries = self.read(key, Given::list);
        entries
            .iter()
            .filter_map(|entry| read(entry).map_err(|problem| self.mistake(key, problem)).ok())
            .collect()
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.list(key, Given::text)
    }

    /// An address to listen on, or `None` when it is empty.
    pub(super) fn address(&self, key: &str) -> Option<SocketAddr> {
        self.optional(key, |text| {
            text.parse().map_err(|_| {
                format!("must be an address and a port like \"127.0.0.1:8080\", not \"{text}\"")
            })
        })
    }

    /// A URL with one of `schemes`, or `None` when it is empty.
    pub(super) fn url(&self, key: &str, schemes: &[&str]) -> Option<Url> {
        self.optional(key, |text| parse_url(text, schemes))
    }

    fn optional<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.read(key, |given| match given.text()?.trim() {
            "" => Ok(None),
            text => parse(text).map(Some),
        })
    }

    fn read<T>(&self, key: &str, read: impl Fn(&Given) -> Result<T, String>) -> T {
        let path = join(&self.path, key);
        if let Some((given, _)) = self.values.given(&path) {
            match read(given) {
                Ok(value) => return value,
                Err(problem) => self.mistake(key, problem),
            }
        }
        let Some(Node::Leaf(default)) = schema::find(&path) else {
            unreachable!("a test reads every section, so '{path}' is in the defaults")
        };
        read(&Given::Toml(default.clone())).expect("a test reads the defaults")
    }
}

/// A URL with one of `schemes`. Messages do not repeat the text, which may hold a password.
pub(super) fn parse_url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let wanted = || format!("must be a URL with {}://", schemes.join(":// or "));
    let url =
        Url::parse(text).map_err(|error: url::ParseError| format!("{}: {error}", wanted()))?;
    if schemes.contains(&url.scheme()) { Ok(url) } else { Err(wanted()) }
}

/// The text of an error, for [`Section::list`].
pub(super) fn as_text(error: impl Display) -> String {
    error.to_string()
}
