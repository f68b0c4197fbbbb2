//! Pages of a list that is ordered by the time things were made, newest first.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::clock::Timestamp;

/// Where a page ends. As text it is what a caller hands back for the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the last entry of the page was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of `items`, which were read with a limit one above `limit` to see whether there are more.
    pub(super) fn cut(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// The text is no cursor that an earlier page gave.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.created_at.as_micros(), self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (micros, id) = text.split_once('_').ok_or(CursorError)?;
        Ok(Self {
            created_at: Timestamp::from_micros(micros.parse().map_err(|_| CursorError)?),
            id: Uuid::try_parse(id).map_err(|_| CursorError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_caller() {
        let cursor =
            Cursor { created_at: Timestamp::from_micros(1_700_000_000_123_456), id: Uuid::max() };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for text in ["", "1_", "x_00000000-0000-0000-0000-000000000000", "1"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let cursor =
            |micros: &i64| Cursor { created_at: Timestamp::from_micros(*micros), id: Uuid::nil() };
        let page = Page::cut(vec![3, 2, 1], 2, cursor);
        assert_eq!((page.items.len(), page.next), (2, Some(cursor(&2))));
        assert_eq!(Page::cut(vec![3, 2], 2, cursor).next, None);
    }
}
