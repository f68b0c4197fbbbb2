//! Error codes, routes, operations and metrics.

use std::collections::{BTreeMap, BTreeSet};

use common::error_code::ErrorCode;
use common::operation::Operation;
use serde_json::Value;

use super::{documents, files, quoted, read, rows};

#[test]
fn every_error_code_is_explained_with_its_status() {
    let codes = &openapi()["components"]["schemas"]["ErrorCode"]["enum"];
    let wanted: BTreeMap<String, String> = serde_json::from_value::<Vec<ErrorCode>>(codes.clone())
        .unwrap()
        .into_iter()
        .map(|code| (code.as_str().to_owned(), code.status().to_string()))
        .collect();
    let api = read("docs/API.md");
    let told: BTreeMap<String, String> = rows(&api)
        .filter(|row| row.len() == 3 && row[1].len() == 3 && !quoted(row[0]).is_empty())
        .map(|row| (quoted(row[0]).concat(), row[1].to_owned()))
        .collect();
    assert_eq!(told, wanted);
}

#[test]
fn every_route_is_explained_and_exists() {
    let api = openapi();
    let mut routes = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        routes.extend(
            methods.as_object().unwrap().keys().map(|it| format!("{} {path}", it.to_uppercase())),
        );
    }
    let described: BTreeSet<String> = routes.clone();
    // Served, but not described by themselves.
    routes.extend(["GET /openapi.json", "GET /docs"].map(str::to_owned));
    for (name, text) in documents() {
        let told: BTreeSet<String> = quoted(&text)
            .into_iter()
            .filter(|words| {
                ["GET ", "POST ", "PATCH ", "PUT ", "DELETE "]
                    .iter()
                    .any(|it| words.starts_with(it))
            })
            .map(|words| words.split('?').next().unwrap_or_default().to_owned())
            .collect();
        let unknown: Vec<_> = told.difference(&routes).collect();
        assert!(unknown.is_empty(), "{name}: there is no {unknown:?}");
        if name == "docs/API.md" {
            let missing: Vec<_> = described.difference(&told).collect();
            assert!(missing.is_empty(), "{name} does not tell of {missing:?}");
        }
    }
}

#[test]
fn every_operation_is_explained_with_its_files() {
    let api = read("docs/API.md");
    let told: BTreeMap<String, Vec<String>> = rows(&api)
        .map(|row| (quoted(row[0]).concat(), quoted(row.get(1).unwrap_or(&""))))
        .filter(|(name, _)| Operation::find(name).is_ok())
        .collect();
    for operation in Operation::all() {
        let files: Vec<_> = operation.required_files.iter().map(ToString::to_string).collect();
        assert_eq!(told.get(operation.name), Some(&files), "{}", operation.name);
    }
}

#[test]
fn every_metric_is_explained_and_exists() {
    let mut registered = BTreeSet::new();
    for role in ["gateway", "worker", "dispatcher", "keeper"] {
        for file in files(&format!("{role}/src"), "rs") {
            let text = read(&file);
            let literals = text.split('"').filter(|it| it.starts_with("millrace_"));
            let names =
                literals.filter(|it| it.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()));
            registered.extend(names.map(|name| name.trim_end_matches("_total").to_owned()));
        }
    }
    let told: BTreeSet<String> = quoted(&read("docs/OPERATIONS.md"))
        .iter()
        .filter(|words| words.starts_with("millrace_"))
        .map(|words| {
            words.split('{').next().unwrap_or_default().trim_end_matches("_total").to_owned()
        })
        .collect();
    assert_eq!(told, registered);
}

fn openapi() -> Value {
    serde_json::from_str(&read("schemas/openapi.json")).unwrap()
}
