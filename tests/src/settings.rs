//! The settings of a test's processes: short times, private targets allowed.

use std::collections::BTreeMap;

use common::config::{Config, LoadOptions};

/// What a test sees within a second takes a minute in production.
const SHORT: [(&str, &str); 15] = [
    ("gateway.listen", "127.0.0.1:0"),
    ("gateway.no_worker_wait", "300ms"),
    ("worker.presence_interval", "500ms"),
    ("worker.ffmpeg.enabled", "false"),
    ("worker.diagnostic.enabled", "true"),
    ("jobs.ack_wait", "2s"),
    ("jobs.retry.initial", "50ms"),
    ("jobs.retry.max", "1s"),
    ("keeper.record_interval", "10ms"),
    ("keeper.repair_interval", "300ms"),
    ("keeper.repair_grace", "1s"),
    ("keeper.expire_interval", "200ms"),
    ("dispatcher.schedule", "0s,100ms,200ms,400ms,800ms"),
    ("dispatcher.jitter", "0"),
    ("egress.allow", "127.0.0.0/8"),
];

/// Dotted keys of the configuration and their values as text.
#[derive(Clone, Debug)]
pub struct Settings {
    keys: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        let keys = SHORT.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self { keys: keys.collect(), variables: BTreeMap::new() }
    }
}

impl Settings {
    /// Sets a key.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.keys.insert(key.to_owned(), value.into());
        self
    }

    /// The value of a key that was set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// The configuration that follows.
    pub fn config(&self) -> Config {
        let overrides = self.keys.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let loaded = Config::load(&LoadOptions { overrides, ..LoadOptions::default() });
        loaded.unwrap_or_else(|mistakes| panic!("a test sets what is wrong: {mistakes:#?}"))
    }

    /// Sets variables of the environment that are no settings of Millrace.
    pub fn set_variables(&mut self, variables: &BTreeMap<String, String>) -> &mut Self {
        self.variables.extend(variables.clone());
        self
    }

    /// The variables that are no settings of Millrace.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The same as environment variables, with those that are no settings.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let keys = self.keys.iter().map(|(key, value)| {
            (format!("MILLRACE_{}", key.to_ascii_uppercase().replace('.', "__")), value.clone())
        });
        keys.chain(self.variables.clone())
    }
}
