//! Any text as a configuration.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::section::Section;
use super::values::Values;
use super::{Config, check, environment, file};

/// A configuration file is read, or each mistake is told in a sentence. Lines that begin with `MILLRACE_` are the
/// environment.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (ours, rest): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("MILLRACE_") && line.contains('='));
    let variables: BTreeMap<String, String> = ours
        .into_iter()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (mut values, mistakes) = (Values::new(), RefCell::default());
    file::apply_text(Path::new("millrace.toml"), &rest.join("\n"), &mut values, &mistakes);
    environment::apply(&variables, &mut values, &mistakes);
    environment::share_llm_key(&variables, &mut values);
    let config = Config::read(&Section::root(&values, &mistakes));
    check::check(&config, &values, &mistakes);
    for mistake in mistakes.into_inner() {
        assert!(!mistake.to_string().is_empty());
    }
}
