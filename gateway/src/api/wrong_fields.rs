//! Every wrong field of a request, where serde stops at the first one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use common::operation::FieldError;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

/// The most fields that one answer names.
const MOST: usize = 32;
/// How many bytes are read again at most, over all wrong fields.
const REREAD_BYTES: usize = 16 * 1024 * 1024;

/// Reads an object without its wrong fields, and tells which those are: each is taken out, and the rest is read again.
/// Fails with the wrong fields when the rest is not whole, or there are very many.
pub(super) fn read_rest<T: DeserializeOwned>(
    text: &str,
) -> Result<(T, Vec<FieldError>), Vec<FieldError>> {
    let rounds = (REREAD_BYTES / text.len().max(1)).clamp(1, MOST);
    let mut text = Cow::Borrowed(text);
    let mut wrong = Vec::new();
    for round in 1..=rounds {
        let mut reader = serde_json::Deserializer::from_str(&text);
        let error = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Ok(read) => return Ok((read, wrong)),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let mut keys: Vec<String> = error.path().iter().map_while(key).collect();
        // It is told by the object around it.
        keys.extend(quoted(&message, "duplicate field `").map(str::to_owned));
        note(&mut wrong, [FieldError { field: field(error.path(), &message), message }]);
        match strike(&text, &keys) {
            Some(rest) if round < rounds => text = Cow::Owned(rest),
            _ => break,
        }
    }
    Err(wrong)
}

/// Adds what is wrong besides, except with fields that are named already: they were not read, and are missed now.
pub(crate) fn note(wrong: &mut Vec<FieldError>, more: impl IntoIterator<Item = FieldError>) {
    let known = wrong.len();
    for error in more {
        let named = wrong[..known].iter().any(|known| {
            let rest = error.field.strip_prefix(known.field.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        if !named {
            wrong.push(error);
        }
    }
}

/// The field that an error is about. Serde names a missing one, and one that is there twice, in words only.
pub(super) fn field(path: &Path, message: &str) -> String {
    let named = quoted(message, "missing field `").or_else(|| quoted(message, "duplicate field `"));
    let path = path.to_string();
    match (path.as_str(), named) {
        ("." | "", None) => "body".to_owned(),
        ("." | "", Some(name)) => name.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
        (path, None) => path.to_owned(),
    }
}

fn key(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn quoted<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.strip_prefix(before)?.split('`').next()
}

/// The object without the field at `path`; the values of the others stay as they were written.
fn strike(object: &str, path: &[String]) -> Option<String> {
    let (name, inner) = path.split_first()?;
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    let old = fields.remove(name)?;
    let rest;
    if !inner.is_empty() {
        rest = RawValue::from_string(strike(old.get(), inner)?).ok()?;
        fields.insert(name.clone(), &rest);
    }
    serde_json::to_string(&fields).ok()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        name: String,
        count: Option<u32>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        note: Option<Box<RawValue>>,
    }

    fn names(wrong: &[FieldError]) -> Vec<&str> {
        wrong.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn every_wrong_field_is_taken_out_and_named() {
        let text = r#"{"name":"n","x":1,"count":"3","labels":{"a":1,"b":"b","c":[]},"y":{},
            "note":{"z": 1.50}}"#;
        let (order, wrong) = read_rest::<Order>(text).unwrap();
        let mut names = names(&wrong);
        names.sort_unstable();
        assert_eq!(names, ["count", "labels.a", "labels.c", "x", "y"]);
        assert_eq!((order.name.as_str(), order.count, order.labels.len()), ("n", None, 1));
        assert_eq!(order.note.unwrap().get(), r#"{"z": 1.50}"#);
    }

    #[test]
    fn what_is_missing_is_named_besides() {
        let wrong = read_rest::<Order>(r#"{"count":-1,"count":2}"#).unwrap_err();
        assert_eq!(names(&wrong), ["count", "name"]);
        // Of the wrong type is not missing too.
        let wrong = read_rest::<Order>(r#"{"name":7,"x":1}"#).unwrap_err();
        assert_eq!(names(&wrong), ["name", "x"]);
    }

    #[test]
    fn the_work_has_an_end() {
        let many: BTreeMap<String, u32> = (0..100).map(|n| (n.to_string(), n)).collect();
        let wrong = read_rest::<Order>(&serde_json::to_string(&many).unwrap()).unwrap_err();
        assert_eq!(wrong.len(), MOST);
        let huge = format!(r#"{{"x":"{}","y":1}}"#, "a".repeat(REREAD_BYTES));
        assert_eq!(names(&read_rest::<Order>(&huge).unwrap_err()), ["x"]);
    }
}
