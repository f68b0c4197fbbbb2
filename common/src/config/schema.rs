//! The compiled-in defaults as the schema: which keys there are.

use std::sync::LazyLock;

use toml_edit::{ArrayOfTables, Document, Item, Table, Value};

/// How alike two words must be for one to be proposed in place of the other.
const ALIKE: f64 = 0.8;

static DEFAULTS: LazyLock<Document<&'static str>> = LazyLock::new(|| {
    Document::parse(super::DEFAULTS).expect("a test loads the compiled-in defaults")
});

/// What a dotted key names.
#[derive(Clone, Copy)]
pub(super) enum Node {
    /// A section, `[a]`.
    Section(&'static Table),
    /// A section that may be repeated, `[[a]]`; its first entry in the defaults is the pattern of all.
    List(&'static ArrayOfTables),
    /// A value, with its default.
    Leaf(&'static Value),
}

impl Node {
    fn child(self, segment: &str) -> Option<Self> {
        match self {
            Self::Section(table) => match table.get(segment)? {
                Item::None => None,
                Item::Value(value) => Some(Self::Leaf(value)),
                Item::Table(table) => Some(Self::Section(table)),
                Item::ArrayOfTables(list) => Some(Self::List(list)),
            },
            Self::List(list) => {
                segment.parse::<usize>().ok()?;
                list.get(0).map(Self::Section)
            }
            Self::Leaf(_) => None,
        }
    }

    /// The names directly below a section.
    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Section(table) => table.iter().map(|(name, _)| name).collect(),
            Self::List(_) | Self::Leaf(_) => Vec::new(),
        }
    }

    /// The key that a bare text sets in a new entry of a list: its first one.
    pub(super) fn first_name(self) -> Option<&'static str> {
        match self {
            Self::List(_) => self.child("0")?.names().first().copied(),
            Self::Section(_) | Self::Leaf(_) => None,
        }
    }
}

/// What the dotted key names; `None` when there is no such key. In a list, the segment after its name is a number.
pub(super) fn find(path: &str) -> Option<Node> {
    let root = Node::Section(DEFAULTS.as_table());
    path.split('.').filter(|segment| !segment.is_empty()).try_fold(root, Node::child)
}

/// Every key with a value. Lists show with one entry, number 0.
pub(super) fn leaves() -> Vec<String> {
    let mut leaves = Vec::new();
    let mut open = vec![(String::new(), Node::Section(DEFAULTS.as_table()))];
    while let Some((path, node)) = open.pop() {
        let names = match node {
            Node::Leaf(_) => {
                leaves.push(path);
                continue;
            }
            Node::List(_) => vec!["0"],
            Node::Section(_) => node.names(),
        };
        for name in names {
            open.extend(node.child(name).map(|child| (join(&path, name), child)));
        }
    }
    leaves
}

/// What to say about a key that there is not.
pub(super) fn unknown(path: &str) -> String {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let what = if parent.is_empty() { "unknown section" } else { "unknown key" };
    let siblings = find(parent).map(Node::names).unwrap_or_default();
    if let Some(near) = nearest(name, siblings.iter().copied()) {
        return format!("{what}, did you mean {near}?");
    }
    let elsewhere = leaves().into_iter().find_map(|leaf| {
        let (section, leaf) = leaf.rsplit_once('.')?;
        (leaf == name).then(|| section.trim_end_matches(".0").to_owned())
    });
    match elsewhere {
        Some(section) => format!("{what}; there is one of this name in [{section}]"),
        None => format!("{what}; there are {}", siblings.join(", ")),
    }
}

/// The candidate that looks most like `word`, when one does.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// `name` below `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
