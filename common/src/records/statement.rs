//! Building a statement whose length depends on its values. Text is never put together from values: every value is
//! bound.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Arguments as _, AssertSqlSafe, Encode, Type};

use super::connect::Engine;

/// Stands for a value while the statement grows; no piece of SQL of ours has one for another purpose.
const PLACEHOLDER: char = '?';

/// A statement under construction.
#[derive(Default)]
pub(super) struct Statement {
    text: String,
    arguments: AnyArguments,
    failure: Option<String>,
}

impl Statement {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Adds a piece of SQL.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value and its placeholder.
    pub(super) fn bind<'v, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'v, Any> + Type<Any>,
    {
        if let Err(error) = self.arguments.add(value) {
            self.failure = Some(error.to_string());
        }
        self.text.push(PLACEHOLDER);
        self
    }

    /// Adds ` AND column = value` when there is a value.
    pub(super) fn and_equal(&mut self, column: &'static str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.push(" AND ").push(column).push(" = ").bind(value.to_owned());
        }
        self
    }

    /// Adds values with commas between them, in brackets.
    pub(super) fn list<I>(&mut self, values: I) -> &mut Self
    where
        I: IntoIterator<Item = String>,
    {
        self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")")
    }

    /// The statement, ready to run. `reused` says that the same text comes again and is worth preparing once.
    pub(super) fn query(
        self,
        engine: Engine,
        reused: bool,
    ) -> Result<Query<'static, Any, AnyArguments>, sqlx::Error> {
        if let Some(failure) = self.failure {
            return Err(sqlx::Error::Encode(failure.into()));
        }
        let text = placed(self.text, engine);
        Ok(sqlx::query_with(AssertSqlSafe(text), self.arguments).persistent(reused))
    }
}

/// The text with the placeholders of an engine. PostgreSQL wants them numbered. SQLite reads those too, but takes them
/// for names, which it looks up one by one: with a thousand values that takes as long as all the rest.
fn placed(text: String, engine: Engine) -> String {
    if engine == Engine::Sqlite {
        return text;
    }
    let mut pieces = text.split(PLACEHOLDER);
    let mut numbered = pieces.next().unwrap_or_default().to_owned();
    for (index, piece) in pieces.enumerate() {
        numbered.push('$');
        numbered.push_str(&(index + 1).to_string());
        numbered.push_str(piece);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_gets_the_placeholders_that_it_likes() {
        let mut statement = Statement::new("SELECT 1 WHERE a = ");
        statement.bind(1_i64).and_equal("b", None).and_equal("c", Some("x")).push(" AND d IN ");
        statement.list(["y".to_owned(), "z".to_owned()]);
        assert_eq!(statement.arguments.len(), 4);
        let text = statement.text;
        assert_eq!(text, "SELECT 1 WHERE a = ? AND c = ? AND d IN (?, ?)");
        assert_eq!(placed(text.clone(), Engine::Sqlite), text);
        assert_eq!(
            placed(text, Engine::Postgres),
            "SELECT 1 WHERE a = $1 AND c = $2 AND d IN ($3, $4)"
        );
    }
}
