//! The layer of a file.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::error::{ConfigError, Place};
use super::schema::{self, Node, join};
use super::section::Mistakes;
use super::values::Values;

/// Reads the file into `values`.
pub(super) fn apply(path: &Path, values: &mut Values, mistakes: &Mistakes) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let problem =
                format!("the configuration file {} can not be read: {error}", path.display());
            let mistake = ConfigError { place: Place::Default, key: String::new(), problem };
            mistakes.borrow_mut().push(mistake);
            return;
        }
    };
    apply_text(path, &text, values, mistakes);
}

/// Reads the text of a file into `values`.
pub(super) fn apply_text(path: &Path, text: &str, values: &mut Values, mistakes: &Mistakes) {
    let mut layer = Layer { path, text, values, mistakes };
    match Document::parse(text) {
        Ok(document) => layer.section("", document.as_table()),
        Err(error) => {
            let problem = error.message().lines().collect::<Vec<_>>().join(", ");
            layer.mistake(error.span(), "", problem);
        }
    }
}

struct Layer<'a> {
    path: &'a Path,
    text: &'a str,
    values: &'a mut Values,
    mistakes: &'a Mistakes,
}

impl Layer<'_> {
    fn section(&mut self, path: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let span = table.key(name).and_then(toml_edit::Key::span);
            let path = join(path, name);
            match (schema::find(&path), item) {
                (_, Item::None) => {}
                (None, _) => self.mistake(span, &path, schema::unknown(&path)),
                (Some(Node::Leaf(_)), Item::Value(value)) => {
                    let place = self.place(span);
                    self.values.set(path, value.clone(), place);
                }
                (Some(Node::Leaf(_)), _) => self.mistake(span, &path, "is a key, not a section"),
                (Some(Node::Section(_)), item) => match item.as_table_like() {
                    Some(table) => self.section(&path, table),
                    None => self.mistake(span, &path, format!("is a section: write [{path}]")),
                },
                (Some(Node::List(_)), item) => self.list(span, &path, item),
            }
        }
    }

    fn list(&mut self, span: Option<Range<usize>>, path: &str, item: &Item) {
        match item {
            Item::ArrayOfTables(tables) => {
                for table in tables {
                    let place = self.place(table.span());
                    let entry = self.values.add_entry(path, place);
                    self.section(&entry, table);
                }
            }
            _ => self.mistake(span, path, format!("may be repeated: write [[{path}]]")),
        }
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let before = self.text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        Place::File { path: self.path.to_owned(), line }
    }

    fn mistake(&self, span: Option<Range<usize>>, key: &str, problem: impl Into<String>) {
        let place = self.place(span);
        let mistake = ConfigError { place, key: key.to_owned(), problem: problem.into() };
        self.mistakes.borrow_mut().push(mistake);
    }
}
