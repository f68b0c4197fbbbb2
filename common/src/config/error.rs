//! A mistake in the configuration, and where it was made.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The compiled-in defaults: the value is nowhere set.
    Default,
    /// A line of a file.
    File {
        /// The file, as it was given.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// An option of the command line.
    CommandLine,
}

/// One mistake: shown as one line that says where it is, what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct ConfigError {
    /// Where it was made.
    pub place: Place,
    /// The dotted key, for example `gateway.listen`; empty when no key is concerned.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Default => {}
            Place::File { path, line } => write!(f, "{}:{line}: ", path.display())?,
            Place::Environment(name) => write!(f, "{name}: ")?,
            Place::CommandLine => f.write_str("command line: ")?,
        }
        match self.key.rsplit_once('.') {
            Some((section, key)) => write!(f, "[{section}] {key}: ")?,
            None if self.key.is_empty() => {}
            None => write!(f, "[{}]: ", self.key)?,
        }
        f.write_str(&self.problem)
    }
}

/// The mistakes in the order of their places, each once.
pub(super) fn sorted(mut mistakes: Vec<ConfigError>) -> Vec<ConfigError> {
    mistakes.sort();
    mistakes.dedup();
    mistakes
}
