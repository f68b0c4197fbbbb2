//! Building a statement whose length depends on its values. Text is never put together from values: every value is
//! bound, under the numbered placeholders that both engines read.

use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Arguments as _, AssertSqlSafe, Encode, Type};

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
        let _ = write!(self.text, "${}", self.arguments.len());
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
        reused: bool,
    ) -> Result<Query<'static, Any, AnyArguments>, sqlx::Error> {
        match self.failure {
            Some(failure) => Err(sqlx::Error::Encode(failure.into())),
            None => {
                Ok(sqlx::query_with(AssertSqlSafe(self.text), self.arguments).persistent(reused))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        let mut statement = Statement::new("SELECT 1 WHERE a = ");
        statement.bind(1_i64).and_equal("b", None).and_equal("c", Some("x")).push(" AND d IN ");
        statement.list(["y".to_owned(), "z".to_owned()]);
        assert_eq!(statement.text, "SELECT 1 WHERE a = $1 AND c = $2 AND d IN ($3, $4)");
        assert_eq!(statement.arguments.len(), 4);
    }
}
