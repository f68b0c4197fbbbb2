//! What serde and the standard library say about a value, in plain words.

use std::borrow::Cow;

/// The message about a field without words that only a programmer of Rust knows. A sentence of our own stays
/// as it is, without the position that serde adds.
pub(super) fn plain<'a>(field: &str, message: &'a str) -> Cow<'a, str> {
    let bare = without_position(message);
    let translated = match bare {
        "expected value" => "must be a text".to_owned(),
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number".to_owned()
        }
        "number out of range"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => "is a number out of range".to_owned(),
        "recursion limit exceeded" => "is nested too deeply".to_owned(),
        "provided string was not `true` or `false`" => "must be true or false".to_owned(),
        _ => match of_serde(field, bare) {
            Some(translated) => translated,
            None => return Cow::Borrowed(bare),
        },
    };
    Cow::Owned(translated)
}

fn of_serde(field: &str, message: &str) -> Option<String> {
    // Told where the field itself is not named.
    let subject = match message.split('`').nth(1) {
        Some(name) if field.rsplit('.').next() != Some(name) => format!("{name} "),
        _ => String::new(),
    };
    if message.starts_with("missing field `") {
        return Some(format!("{subject}is missing"));
    }
    if message.starts_with("duplicate field `") {
        return Some(format!("{subject}is there more than once"));
    }
    let (problem, expected) =
        message.split_once(", expected ").or_else(|| message.split_once(", there are no "))?;
    if problem.starts_with("unknown field `") {
        return Some(match choices(expected) {
            Some(fields) => format!("{subject}is no field here; there are: {fields}"),
            None => format!("{subject}is no field here"),
        });
    }
    if problem.starts_with("unknown variant `") {
        return Some(match choices(expected) {
            Some(variants) => format!("must be one of: {variants}"),
            None => "is not one of the known values".to_owned(),
        });
    }
    let wanted = wanted(expected);
    if problem.starts_with("invalid type: ") || problem.starts_with("invalid length ") {
        return Some(format!("must be {wanted}"));
    }
    problem.starts_with("invalid value: ").then(|| match range(expected) {
        Some(range) => format!("must be {wanted} {range}"),
        None => format!("must be {wanted}"),
    })
}

/// The kind of value that is expected.
fn wanted(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" | "string" | "str" | "a character" => "a text",
        "a boolean" | "bool" => "true or false",
        "a sequence" | "an array" => "a list",
        "a map" | "map" => "a JSON object",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => {
            "a whole number"
        }
        "unit" | "null" => "null",
        other if other.starts_with("struct ") => "a JSON object",
        other if other.starts_with("tuple ") || other.starts_with("an array ") => "a list",
        other if other.starts_with("a JSON object") => other,
        other if other.starts_with("enum ") || other.starts_with("variant ") => "a known value",
        other => other,
    }
}

/// The numbers that a type holds.
fn range(expected: &str) -> Option<String> {
    let highest = match expected {
        "u8" => u64::from(u8::MAX),
        "u16" => u64::from(u16::MAX),
        "u32" => u64::from(u32::MAX),
        "u64" | "usize" => u64::MAX,
        _ => return None,
    };
    Some(format!("from 0 to {highest}"))
}

/// The names between backquotes.
fn choices(expected: &str) -> Option<String> {
    let names: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((words, place)) if place.contains(" column ") => words,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        DarkBlue,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct One {
        name: String,
    }

    fn said<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        plain("", &serde_json::from_str::<T>(json).unwrap_err().to_string()).into_owned()
    }

    #[test]
    fn what_serde_says_becomes_plain() {
        assert_eq!(said::<u32>(r#""3""#), "must be a whole number");
        assert_eq!(said::<u32>("-1"), "must be a whole number from 0 to 4294967295");
        assert_eq!(said::<u32>("1.5"), "must be a whole number");
        assert_eq!(said::<f64>("[]"), "must be a number");
        assert_eq!(said::<bool>("1"), "must be true or false");
        assert_eq!(said::<String>("{}"), "must be a text");
        assert_eq!(said::<Vec<String>>("1"), "must be a list");
        assert_eq!(said::<BTreeMap<String, String>>("1"), "must be a JSON object");
        assert_eq!(said::<One>("[]"), "must be a JSON object");
        assert_eq!(said::<One>("7"), "must be a JSON object");
        assert_eq!(said::<One>("{}"), "name is missing");
        assert_eq!(said::<One>(r#"{"x":1}"#), "x is no field here; there are: name");
        assert_eq!(said::<One>(r#"{"name":"","name":""}"#), "name is there more than once");
        assert_eq!(plain("one.name", "missing field `name`"), "is missing");
        assert_eq!(said::<Colour>(r#""green""#), "must be one of: red, dark_blue");
        assert_eq!(said::<Colour>("3"), "must be a text");
        assert!(matches!(serde_json::from_str(r#""red""#), Ok(Colour::Red)));
        assert!(matches!(serde_json::from_str(r#""dark_blue""#), Ok(Colour::DarkBlue)));
    }

    #[test]
    fn numbers_in_a_query_are_plain_too() {
        let error = "abc".parse::<u64>().unwrap_err().to_string();
        assert_eq!(plain("", &error), "must be a whole number");
        let error = "300".parse::<u8>().unwrap_err().to_string();
        assert_eq!(plain("", &error), "is a number out of range");
    }

    #[test]
    fn our_own_sentences_stay() {
        for own in ["must be 1 to 100", "is missing: it needs one, expected or not"] {
            assert_eq!(plain("", own), own);
            assert_eq!(plain("", &format!("{own} at line 1 column 22")), own);
        }
    }
}
