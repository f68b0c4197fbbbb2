//! The list of operations.

use serde_json::value::RawValue;

use super::{FieldError, diagnostic, llm, media};

/// Something a job can do.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name on the wire, for example `video.trim`.
    pub name: &'static str,
    /// What a worker must be able to do.
    pub capability: &'static str,
    /// The model of a capability that has just one; `None` means that the caller names it.
    pub default_model: Option<&'static str>,
    /// The input files it must be given, by role.
    pub required_files: &'static [&'static str],
    /// The input files it may be given besides.
    pub optional_files: &'static [&'static str],
    /// One line for people.
    pub summary: &'static str,
    check: fn(&RawValue) -> Result<(), Vec<FieldError>>,
}

/// There is no operation of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no operation '{name}'{}", suggestion(.nearest))]
pub struct UnknownOperation {
    /// What was asked for.
    pub name: String,
    /// The names most like it.
    pub nearest: Vec<String>,
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", nearest.join(", "))
    }
}

impl Operation {
    /// Every operation.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        LLM.iter().chain(DIAGNOSTIC).chain(media::OPERATIONS)
    }

    /// Every capability that an operation needs.
    pub fn capabilities() -> Vec<&'static str> {
        let mut all: Vec<_> = Self::all().map(|operation| operation.capability).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The operation of this name.
    pub fn find(name: &str) -> Result<&'static Self, UnknownOperation> {
        Self::all().find(|operation| operation.name == name).ok_or_else(|| UnknownOperation {
            name: name.to_owned(),
            nearest: nearest(name, Self::all().map(|operation| operation.name)),
        })
    }

    /// Checks the parameters; each wrong field is named with its path below `input`.
    pub fn check(&self, input: &RawValue) -> Result<(), Vec<FieldError>> {
        (self.check)(input)
    }

    /// An entry of the list.
    pub(super) const fn new(
        name: &'static str,
        capability: &'static str,
        summary: &'static str,
        check: fn(&RawValue) -> Result<(), Vec<FieldError>>,
    ) -> Self {
        Self {
            name,
            capability,
            default_model: None,
            required_files: &[],
            optional_files: &[],
            summary,
            check,
        }
    }

    /// The same entry with the only model of its capability.
    pub(super) const fn with_model(mut self, model: &'static str) -> Self {
        self.default_model = Some(model);
        self
    }

    /// The same entry with the files that it must be given.
    pub(super) const fn with_files(mut self, required: &'static [&'static str]) -> Self {
        self.required_files = required;
        self
    }
}

const LLM: &[Operation] = &[
    Operation::new("chat", "llm", "Answers a chat (OpenAI chat completion body).", llm::check_chat),
    Operation::new(
        "embeddings",
        "llm",
        "Embeds texts (OpenAI embeddings body).",
        llm::check_embeddings,
    ),
];

const DIAGNOSTIC: &[Operation] = &[
    Operation::new("diagnostic.echo", "diagnostic", "Answers its input.", diagnostic::check_echo)
        .with_model("diagnostic"),
    Operation::new(
        "diagnostic.sleep",
        "diagnostic",
        "Takes its time, with progress.",
        diagnostic::check_sleep,
    )
    .with_model("diagnostic"),
    Operation::new(
        "diagnostic.fail",
        "diagnostic",
        "Fails, always or a number of times.",
        diagnostic::check_fail,
    )
    .with_model("diagnostic"),
];

/// Up to three of `candidates` that are spelled most like `name`, best first.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score >= 0.7)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Operation::all().map(|operation| operation.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_the_right_name() {
        let error = Operation::find("diagnostic.ehco").unwrap_err();
        assert_eq!(error.nearest[0], "diagnostic.echo");
        assert!(error.to_string().contains("did you mean diagnostic.echo"));
    }
}
