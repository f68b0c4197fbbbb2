//! `[[worker.llm]]`

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::section::Section;
use crate::secret::Secret;

/// An OpenAI-compatible endpoint.
#[derive(Clone, Debug)]
pub struct LlmConfig {
    /// Its address, with or without `/v1`.
    pub url: String,
    /// Sent as bearer token.
    pub key: Option<Secret>,
    /// How many requests it is asked at once.
    pub slots: usize,
    /// The only models to offer; empty: all that it lists.
    pub models: Vec<String>,
    /// Other names of its models for callers: caller's name to endpoint's name.
    pub aliases: BTreeMap<String, String>,
    /// The longest wait for a whole answer, or for the beginning of a streamed one.
    pub request_timeout: Duration,
    /// The longest silence within a streamed answer.
    pub idle_timeout: Duration,
    /// How often its models are asked for.
    pub discovery_interval: Duration,
}

impl LlmConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        // One that is wrong has been told by then.
        if section.url("url", &["http", "https"]).is_none() && section.text("url").trim().is_empty()
        {
            section.mistake("url", "is missing");
        }
        let aliases = section.list("aliases", |given| match given.text()?.split_once('=') {
            Some((name, model)) if !name.trim().is_empty() && !model.trim().is_empty() => {
                Ok((name.trim().to_owned(), model.trim().to_owned()))
            }
            _ => Err(format!("{given} is not of the form \"name=model\"")),
        });
        Self {
            url: section.text("url"),
            key: section.secret("key"),
            slots: section.count("slots", 1..=10_000),
            models: section.texts("models"),
            aliases: aliases.into_iter().collect(),
            request_timeout: section.duration("request_timeout", second..=Duration::from_hours(24)),
            idle_timeout: section.duration("idle_timeout", second..=Duration::from_hours(24)),
            discovery_interval: section
                .duration("discovery_interval", second..=Duration::from_hours(24)),
        }
    }
}
