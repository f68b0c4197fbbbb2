//! How a command fails: one message, and an exit code that scripts can use.

use std::process::ExitCode;

use common::config::{ConfigError, Place};

use crate::assemble::option_of;

/// Why the program ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    /// Anything without a code of its own (exit code 1).
    pub(crate) fn general(message: impl Into<String>) -> Self {
        Self { code: 1, lines: vec![message.into()] }
    }

    /// Mistakes in the configuration or on the command line (exit code 2).
    pub(crate) fn config(errors: &[ConfigError]) -> Self {
        Self { code: 2, lines: errors.iter().map(line).collect() }
    }

    /// A mistake on the command line that only the work itself shows (exit code 2).
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, lines: vec![message.into()] }
    }

    /// Something that was asked for is not there (exit code 3).
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: 3, lines: vec![message.into()] }
    }

    /// Something that Millrace needs is away (exit code 4).
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 4, lines: vec![message.into()] }
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Tells why on standard error.
    pub(crate) fn report(self) -> ExitCode {
        for line in &self.lines {
            crate::output::complain(&format!("millrace: {line}"));
        }
        ExitCode::from(self.code)
    }
}

/// A mistake as people look for it: one in an option under the option's name.
fn line(error: &ConfigError) -> String {
    let option = (error.place == Place::CommandLine).then(|| option_of(&error.key)).flatten();
    match option {
        Some(option) => format!("{option}: {}", error.problem),
        None => error.to_string(),
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let away = error.chain().any(|cause| {
            matches!(
                cause.downcast_ref::<common::bus::BusError>(),
                Some(common::bus::BusError::Unavailable(_))
            )
        });
        let message = format!("{error:#}");
        if away { Self::unavailable(message) } else { Self::general(message) }
    }
}

impl From<common::bus::BusError> for Failure {
    fn from(error: common::bus::BusError) -> Self {
        anyhow::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_an_option_names_the_option() {
        let mistake = |place, key: &str| {
            line(&ConfigError { place, key: key.to_owned(), problem: "is wrong".to_owned() })
        };
        assert_eq!(mistake(Place::CommandLine, "worker.llm.0.url"), "--llm: is wrong");
        assert_eq!(mistake(Place::CommandLine, "nats.url"), "--nats: is wrong");
        assert_eq!(mistake(Place::Default, "nats.url"), "[nats] url: is wrong");
        assert_eq!(mistake(Place::CommandLine, "jobs.x"), "command line: [jobs] x: is wrong");
    }
}
