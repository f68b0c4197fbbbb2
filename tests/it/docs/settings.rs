//! Settings and variables of the environment.

use std::collections::BTreeMap;

use super::{documents, files, quoted, read, rows};

/// Names of settings in the environment that are shorter than the rule, and variables of the command line.
const SHORT: [(&str, &str); 3] = [
    ("MILLRACE_NATS_URL", "nats.url"),
    ("MILLRACE_EGRESS_ALLOW", "egress.allow"),
    ("MILLRACE_MASTER_KEY", "security.master_key"),
];
const ELSEWHERE: [&str; 6] = [
    "MILLRACE_URL",
    "MILLRACE_API_KEY",
    "MILLRACE_CONFIG",
    "MILLRACE_DATA_DIR",
    "MILLRACE_LLM_KEY",
    "MILLRACE_WORKER__LLM",
];

#[test]
fn settings_are_named_as_they_are_with_their_defaults() {
    let settings = settings();
    let readme = read("README.md");
    let mut named = 0;
    for row in rows(&readme).filter(|row| row.len() == 4 && row[1].contains("MILLRACE_")) {
        for (key, variable) in quoted(row[0]).iter().zip(quoted(row[1])) {
            let long = format!("MILLRACE_{}", key.to_uppercase().replace('.', "__"));
            let short = SHORT.iter().any(|(short, of)| *short == variable && of == key);
            assert!(short || variable == long, "{key} is not {variable}");
            let default = match settings.get(key) {
                Some(default) => default.clone(),
                None if key == "worker.llm" => String::new(),
                None => panic!("there is no setting {key}"),
            };
            let told = quoted(row[2]).first().cloned().unwrap_or_default();
            assert_eq!(told, default, "the default of {key}");
            named += 1;
        }
    }
    assert!(named > 15, "the table was not found");
}

#[test]
fn settings_and_variables_in_the_text_exist() {
    let settings = settings();
    let broker: String = files("nats", "conf").iter().map(|file| read(file)).collect();
    for (name, text) in documents() {
        for words in quoted(&text) {
            if let Some((section, rest)) =
                words.strip_prefix('[').and_then(|it| it.split_once("] "))
            {
                let key = rest.split([' ', '=']).next().unwrap_or_default();
                let key = format!("{section}.{key}");
                assert!(settings.contains_key(&key), "{name}: there is no setting {key}");
            }
        }
        for variable in text.split(|c: char| !c.is_ascii_uppercase() && c != '_') {
            let Some(bare) = variable.strip_prefix("MILLRACE_").filter(|bare| !bare.is_empty())
            else {
                continue;
            };
            let known = SHORT.iter().any(|(short, _)| *short == variable)
                || ELSEWHERE.contains(&variable)
                || settings.contains_key(&bare.to_lowercase().replace("__", "."))
                || broker.contains(variable);
            assert!(known, "{name}: nothing reads {variable}");
        }
    }
}

/// The settings of `default.toml` with their defaults; a list is told as its entries.
fn settings() -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut settings = BTreeMap::new();
    for line in read("common/src/config/default.toml").lines().filter(|line| !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = line.split_once(" = ") {
            let value = value.trim_matches(['"', '[', ']']);
            settings.insert(format!("{section}.{key}"), value.to_owned());
        }
    }
    settings
}
