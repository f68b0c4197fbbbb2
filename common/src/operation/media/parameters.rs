//! Reads parameters so that a caller learns of every wrong field at once.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::operation::{FieldError, FieldErrors};

/// The parameters of an operation.
pub(super) trait Parameters: DeserializeOwned {
    /// The fields that must be there.
    const REQUIRED: &'static [&'static str] = &[];

    /// Notes what is wrong between fields that are each right by themselves.
    fn check(&self, _errors: &mut FieldErrors) {}
}

/// More fields than any operation has; above it the body is not looked at field by field.
const MOST_FIELDS: usize = 64;

/// The check of an operation with parameters `T`.
pub(super) fn check<T: Parameters>(input: &RawValue) -> Result<(), Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    // Said first, because serde would read a list as the fields in their order.
    if !input.get().starts_with('{') {
        errors.push("", "must be a JSON object");
        return errors.into_result();
    }
    match serde_json::from_str::<T>(input.get()) {
        Ok(parameters) => parameters.check(&mut errors),
        Err(error) => match serde_json::from_str::<Value>(input.get()) {
            Ok(Value::Object(fields)) if fields.len() <= MOST_FIELDS => {
                // A field that is there twice is wrong only in the text; the list of fields does not show it.
                if !note_each::<T>(fields, &mut errors) {
                    errors.push("", error.to_string());
                }
            }
            _ => errors.push("", "has far too many fields"),
        },
    }
    errors.into_result()
}

/// Notes every wrong field: reading stops at the first one, so it is taken out and the rest is read again.
/// Whether there was any.
fn note_each<T: Parameters>(mut fields: Map<String, Value>, errors: &mut FieldErrors) -> bool {
    let mut any = false;
    for name in T::REQUIRED.iter().filter(|name| !fields.contains_key(**name)) {
        errors.push(*name, "is required");
        any = true;
    }
    while let Err(error) = serde_path_to_error::deserialize::<_, T>(&Value::Object(fields.clone()))
    {
        let name = match error.path().iter().next() {
            Some(serde_path_to_error::Segment::Map { key }) => key.clone(),
            _ => break,
        };
        if fields.remove(&name).is_none() {
            break;
        }
        errors.push(name, error.into_inner().to_string());
        any = true;
    }
    any
}
