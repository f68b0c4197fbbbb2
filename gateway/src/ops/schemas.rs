//! Holds the files in `schemas/` equal to the types: `UPDATE_SCHEMAS=1 cargo test -p gateway schemas` writes them.

use std::path::Path;

use common::job::{JobEnvelope, JobEvent, JobObject};
use common::webhook::WebhookPayload;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// A type as a JSON Schema that stands alone.
fn json_schema<T: ToSchema>(title: &str) -> Value {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let definitions: Map<String, Value> = parts
        .into_iter()
        .map(|(name, schema)| (name, relinked(serde_json::to_value(schema).unwrap())))
        .collect();
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    let fields = root.as_object_mut().unwrap();
    if let Value::Object(own) = relinked(serde_json::to_value(T::schema()).unwrap()) {
        fields.extend(own);
    }
    fields.insert("$defs".to_owned(), Value::Object(definitions));
    root
}

/// References lead into `$defs` instead of the components of an OpenAPI document.
fn relinked(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                *field = match (name.as_str(), field.take()) {
                    ("$ref", Value::String(target)) => {
                        Value::String(target.replace("#/components/schemas/", "#/$defs/"))
                    }
                    (_, other) => relinked(other),
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = relinked(item.take())),
        _ => {}
    }
    value
}

fn check(file: &str, wanted: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(file);
    let text = serde_json::to_string_pretty(wanted).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "schemas/{file} differs from the types; write it anew with \
         `UPDATE_SCHEMAS=1 cargo test -p gateway schemas`"
    );
}

#[test]
fn the_api_description_is_up_to_date() {
    let api = crate::router::api_description();
    check("openapi.json", &serde_json::to_value(api).unwrap());
}

#[test]
fn the_json_schemas_are_up_to_date() {
    check("job-envelope.schema.json", &json_schema::<JobEnvelope>("Job envelope"));
    check("job-event.schema.json", &json_schema::<JobEvent>("Job event"));
    check("job.schema.json", &json_schema::<JobObject>("Job"));
    check("webhook.schema.json", &json_schema::<WebhookPayload>("Webhook"));
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = json_schema::<JobEvent>("Job event");
    let text = schema.to_string();
    let definitions = schema["$defs"].as_object().unwrap();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(definitions.contains_key(name), "{name}");
    }
    let api = serde_json::to_value(crate::router::api_description()).unwrap();
    let components = api["components"]["schemas"].as_object().unwrap();
    for reference in api.to_string().split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(components.contains_key(name), "{name}");
    }
}
