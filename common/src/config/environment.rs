//! The layer of the environment.

use std::collections::BTreeMap;

use super::error::{ConfigError, Place};
use super::schema::{self, join};
use super::section::Mistakes;
use super::values::Values;

/// What the names of our variables begin with.
const PREFIX: &str = "MILLRACE_";
/// Short names of keys that are set often. The long name wins over the short one.
const SHORT: [(&str, &str); 3] = [
    ("MILLRACE_NATS_URL", "nats.url"),
    ("MILLRACE_EGRESS_ALLOW", "egress.allow"),
    ("MILLRACE_MASTER_KEY", "security.master_key"),
];
/// The key of every LLM endpoint that has none of its own.
const LLM_KEY: &str = "MILLRACE_LLM_KEY";
/// Variables that other parts of the program read: the command line tool.
const ELSEWHERE: [&str; 4] =
    ["MILLRACE_URL", "MILLRACE_API_KEY", "MILLRACE_CONFIG", "MILLRACE_DATA_DIR"];

/// Reads our variables into `values`. Empty ones count as not set.
pub(super) fn apply(
    environment: &BTreeMap<String, String>,
    values: &mut Values,
    mistakes: &Mistakes,
) {
    let ours = |(name, value): &(&String, &String)| name.starts_with(PREFIX) && !value.is_empty();
    for (name, key) in SHORT {
        if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
            set(values, mistakes, name, key, value);
        }
    }
    for (name, value) in environment.iter().filter(ours) {
        let name = name.as_str();
        if SHORT.iter().any(|(short, _)| *short == name)
            || ELSEWHERE.contains(&name)
            || name == LLM_KEY
        {
            continue;
        }
        let key = key(name);
        if schema::find(&key).is_some() {
            set(values, mistakes, name, &key, value);
        } else {
            mistakes.borrow_mut().push(ConfigError {
                place: Place::Environment(name.to_owned()),
                key: String::new(),
                problem: unknown(name),
            });
        }
    }
}

/// Gives the key of [`LLM_KEY`] to the endpoints that have none. Called after the last layer.
pub(super) fn share_llm_key(environment: &BTreeMap<String, String>, values: &mut Values) {
    let Some(key) = environment.get(LLM_KEY).filter(|key| !key.is_empty()) else { return };
    let place = Place::Environment(LLM_KEY.to_owned());
    for index in 0..values.entries("worker.llm") {
        let path = join("worker.llm", &format!("{index}.key"));
        if values.given(&path).is_none() {
            // The path is one of the schema, and the entry is there.
            let _ = values.set_text(&path, key, &place);
        }
    }
}

fn set(values: &mut Values, mistakes: &Mistakes, name: &str, key: &str, value: &str) {
    let place = Place::Environment(name.to_owned());
    if let Err(problem) = values.set_text(key, value, &place) {
        mistakes.borrow_mut().push(ConfigError { place, key: key.to_owned(), problem });
    }
}

/// `MILLRACE_NATS__LIMITS__JOBS_BYTES` is `nats.limits.jobs_bytes`.
fn key(name: &str) -> String {
    name.trim_start_matches(PREFIX).to_ascii_lowercase().replace("__", ".")
}

fn unknown(name: &str) -> String {
    let long = schema::leaves().into_iter().map(|key| key.to_ascii_uppercase().replace('.', "__"));
    let short = SHORT.iter().map(|(short, _)| *short).chain([LLM_KEY]).chain(ELSEWHERE);
    // Compared without the prefix, which makes all of them look alike.
    let known: Vec<String> =
        long.chain(short.map(|name| name.trim_start_matches(PREFIX).to_owned())).collect();
    let bare = name.trim_start_matches(PREFIX);
    match schema::nearest(bare, known.iter().map(String::as_str)) {
        Some(near) => format!("unknown variable, did you mean {PREFIX}{near}?"),
        None => format!("unknown variable; names are {PREFIX}<SECTION>__<KEY>"),
    }
}
