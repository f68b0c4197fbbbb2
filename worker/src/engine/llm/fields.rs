//! A JSON object whose values stay raw, so that what is not edited passes untouched: unknown fields, the spelling
//! of numbers, and the order.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The fields of an object, in their order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(String, Cow<'a, RawValue>)>);

impl Fields<'_> {
    /// The value of a field; the first, should there be several of this name.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// Gives a field this value in its place, or at the end when it is new. There is one of this name afterwards.
    pub(super) fn set(&mut self, name: &str, value: Box<RawValue>) {
        let place = self.0.iter().position(|(key, _)| key == name).unwrap_or(self.0.len());
        self.remove(name);
        self.0.insert(place.min(self.0.len()), (name.to_owned(), Cow::Owned(value)));
    }

    /// Takes a field out.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push((key, Cow::Borrowed(value)));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value.as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_not_edited_passes_untouched() {
        let json = r#"{"z":1.50,"a":[1e3, {"b":"\u00e9"}],"big":12345678901234567890123}"#;
        let fields: Fields<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), json);
    }

    #[test]
    fn a_field_keeps_its_place_and_loses_its_doubles() {
        let mut fields: Fields<'_> =
            serde_json::from_str(r#"{"model":"a","n":1,"mod\u0065l":"b"}"#).unwrap();
        fields.set("model", raw("\"c\""));
        fields.set("stream", raw("true"));
        fields.remove("n");
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"model":"c","stream":true}"#);
    }

    #[test]
    fn only_an_object_has_fields() {
        assert!(serde_json::from_str::<Fields<'_>>("[1]").is_err());
    }
}
