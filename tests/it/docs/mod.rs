//! The documents, held to what they speak of: settings, error codes, routes, operations, metrics, paths and links.

mod contract;
mod links;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every document with its text, without the blocks of code.
fn documents() -> Vec<(String, String)> {
    let mut names: Vec<String> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "nats/README.md", "deploy/README.md"]
            .map(str::to_owned)
            .into();
    names.extend(files("docs", "md"));
    names
        .into_iter()
        .map(|name| (name.clone(), read(&name).split("```").step_by(2).collect()))
        .collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files with this ending below a folder, by their path from the root.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&name, ending));
        } else if path.extension().is_some_and(|it| it == ending) {
            found.push(name);
        }
    }
    found
}

/// The cells of every row of a table.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|words| words.replace('\n', " ")).collect()
}
