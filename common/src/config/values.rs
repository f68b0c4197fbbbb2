//! What the layers say, key by key; a later layer replaces an earlier one's value.

use std::collections::BTreeMap;

use toml_edit::Value;

use super::error::Place;
use super::given::Given;
use super::schema::{self, Node, join};

/// The most entries of a repeated section.
const MAX_ENTRIES: usize = 1000;

/// The values that were given, each with its place.
#[derive(Debug, Default)]
pub(super) struct Values {
    given: BTreeMap<String, (Given, Place)>,
    entries: BTreeMap<String, usize>,
    /// Where each entry of a repeated section was first named.
    named: BTreeMap<String, Place>,
}

impl Values {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sets a value from a file. The key must be one of the schema.
    pub(super) fn set(&mut self, path: String, value: Value, place: Place) {
        self.given.insert(path, (Given::Toml(value), place));
    }

    /// Counts one more entry of a repeated section, named at `place`, and returns its dotted key.
    pub(super) fn add_entry(&mut self, list: &str, place: Place) -> String {
        let count = self.entries.entry(list.to_owned()).or_default();
        *count += 1;
        let entry = join(list, &(*count - 1).to_string());
        self.named.insert(entry.clone(), place);
        entry
    }

    /// Sets a value that is given as text. For a repeated section the text holds the first key of new entries,
    /// separated by commas.
    pub(super) fn set_text(&mut self, path: &str, text: &str, place: &Place) -> Result<(), String> {
        let given = |text: &str| (Given::Text(text.to_owned()), place.clone());
        match schema::find(path) {
            None => Err(schema::unknown(path)),
            Some(Node::Section(_)) => Err("is a section; name a key of it".to_owned()),
            Some(Node::Leaf(_)) => {
                self.make_room(path, place)?;
                self.given.insert(path.to_owned(), given(text));
                Ok(())
            }
            Some(list @ Node::List(_)) => {
                let first = list.first_name().unwrap_or_default();
                for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
                    let entry = self.add_entry(path, place.clone());
                    self.given.insert(join(&entry, first), given(one));
                }
                Ok(())
            }
        }
    }

    /// Makes sure that a repeated section has the entry that `path` names.
    fn make_room(&mut self, path: &str, place: &Place) -> Result<(), String> {
        let segments: Vec<&str> = path.split('.').collect();
        for (at, segment) in segments.iter().enumerate() {
            if let Ok(index) = segment.parse::<usize>() {
                if index >= MAX_ENTRIES {
                    return Err(format!("has a number above {}", MAX_ENTRIES - 1));
                }
                let count = self.entries.entry(segments[..at].join(".")).or_default();
                *count = (*count).max(index + 1);
                self.named.entry(segments[..=at].join(".")).or_insert_with(|| place.clone());
            }
        }
        Ok(())
    }

    /// How many entries of a repeated section there are.
    pub(super) fn entries(&self, list: &str) -> usize {
        self.entries.get(list).copied().unwrap_or_default()
    }

    /// The value that counts, if one was given.
    pub(super) fn given(&self, path: &str) -> Option<&(Given, Place)> {
        self.given.get(path)
    }

    /// The text that counts, given or by default; empty when it is none.
    pub(super) fn text(&self, path: &str) -> String {
        let given = match (self.given(path), schema::find(path)) {
            (Some((given, _)), _) => given.text(),
            (None, Some(Node::Leaf(default))) => Given::Toml(default.clone()).text(),
            (None, _) => return String::new(),
        };
        given.unwrap_or_default()
    }

    /// Where the value that counts was given; for one that is missing in an entry of a repeated section, where the
    /// entry was named.
    pub(super) fn place(&self, path: &str) -> Place {
        let given = self.given.get(path).map(|(_, place)| place);
        let entry = || path.rsplit_once('.').and_then(|(entry, _)| self.named.get(entry));
        given.or_else(entry).cloned().unwrap_or(Place::Default)
    }
}
