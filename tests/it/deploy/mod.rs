//! The files of `deploy/`, as far as they can be held to account without a container engine: what they start is
//! accepted, what they name is there.

mod compose;
mod image;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Where the image of nats-server has the folder `nats/`.
const NATS_FILES: &str = "/etc/nats/";

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `compose.yaml` with anchors and merge keys resolved and variables as they stand.
fn compose() -> Value {
    serde_saphyr::from_str(&read("deploy/compose.yaml")).expect("compose.yaml is YAML")
}

/// The services that are built as this target of the Dockerfile, by name.
fn services(target: &str) -> BTreeMap<String, Value> {
    let compose = compose();
    let services = compose["services"].as_object().expect("there are services").clone();
    let ours = services.into_iter().filter(|(_, service)| service["build"]["target"] == target);
    let ours: BTreeMap<_, _> = ours.collect();
    assert!(!ours.is_empty(), "no service is built as {target}");
    ours
}

/// What stands in a list of texts.
fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// The environment of a service as its container gets it.
fn environment(service: &Value, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let variables = service["environment"].as_object().expect("it has an environment");
    let value = |value: &Value| interpolate(value.as_str().expect("a text"), given);
    variables.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

/// What an operator fills in: `env.example`, with a value for what it leaves open.
fn filled_in() -> BTreeMap<String, String> {
    let example = read("deploy/env.example");
    let lines = example.lines().filter(|line| !line.starts_with('#'));
    let mut given: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in &mut given {
        if name.ends_with("_PASSWORD") {
            *value = format!("n{}", name.to_lowercase());
        }
    }
    let key = common::signing::Keyring::generate_master_key();
    given.insert("MILLRACE_MASTER_KEY".to_owned(), key.expose().to_owned());
    given
}

/// `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`, as Compose reads them.
fn interpolate(text: &str, given: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (variable, rest) = part.split_once('}').expect("a variable ends");
        let (name, otherwise) = variable.split_once(':').unwrap_or((variable, ""));
        let value = given.get(name).filter(|value| !value.is_empty()).cloned();
        let default = otherwise.strip_prefix('-').map(str::to_owned);
        let value = value.or(default).or_else(|| (otherwise.is_empty()).then(String::new));
        whole.push_str(&value.unwrap_or_else(|| panic!("{name} is required, and not filled in")));
        whole.push_str(rest);
    }
    whole
}

/// The names of all variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let names = text.split("${").skip(1).filter_map(|part| part.split(['}', ':']).next());
    names.map(str::to_owned).collect()
}

/// Has nats-server read a configuration file as in its image, and end.
fn check_nats(arguments: &[String], variables: &BTreeMap<String, String>) -> Output {
    let store = tempfile::tempdir().expect("a temporary directory");
    let here = |argument: &String| match argument.strip_prefix(NATS_FILES) {
        Some(file) => Path::new(ROOT).join("nats").join(file),
        None => PathBuf::from(argument),
    };
    let mut program = Command::new("nats-server");
    program.arg("-t").args(arguments.iter().map(here)).envs(variables);
    program.env("MILLRACE_NATS_DIR", store.path());
    program.output().expect("nats-server starts; `make setup` brings it")
}
