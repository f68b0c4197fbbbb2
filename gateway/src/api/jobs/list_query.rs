//! Which jobs are listed, from the query string.

use common::clock::Timestamp;
use common::job::{JobState, Tenant};
use common::operation::FieldErrors;
use common::records::{Cursor, JobFilter};
use utoipa::IntoParams;

use crate::api::ApiError;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// More labels than a job can bear.
const MAX_LABELS: usize = 32;

/// Which jobs are listed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "only described: labels have names of their own, so the query is read by hand"
)]
pub(crate) struct ListQuery {
    /// Only these states, separated by commas, for example `queued,running`.
    state: Option<String>,
    /// Only this operation.
    operation: Option<String>,
    /// Only this model.
    model: Option<String>,
    /// Only this capability.
    capability: Option<String>,
    /// Accepted at this time or later.
    created_after: Option<String>,
    /// Accepted before this time.
    created_before: Option<String>,
    /// Only jobs with this label: `metadata[key]=value`, as often as you like.
    #[param(rename = "metadata[key]")]
    metadata: Option<String>,
    /// From the `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 when absent.
    limit: Option<usize>,
}

/// What a list request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) filter: JobFilter,
    pub(super) after: Option<Cursor>,
    pub(super) limit: usize,
}

/// Reads the query; every wrong parameter is named.
pub(super) fn read_query(tenant: Tenant, query: &str) -> Result<Asked, ApiError> {
    let mut asked = Asked { filter: JobFilter::of(tenant), after: None, limit: DEFAULT_LIMIT };
    let mut errors = FieldErrors::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if let Err(message) = asked.take(&name, &value) {
            errors.push(name.into_owned(), message);
        }
    }
    errors.into_result().map_err(ApiError::invalid)?;
    Ok(asked)
}

impl Asked {
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let filter = &mut self.filter;
        match name {
            "state" | "status" => {
                for state in value.split(',').filter(|state| !state.is_empty()) {
                    let state: JobState = state.trim().parse().map_err(text)?;
                    filter.states.push(state);
                }
            }
            "operation" => filter.operation = Some(value.to_owned()),
            "model" => filter.model = Some(value.to_owned()),
            "capability" => filter.capability = Some(value.to_owned()),
            "created_after" => filter.created_from = Some(time(value)?),
            "created_before" => filter.created_before = Some(time(value)?),
            "cursor" => self.after = Some(value.parse::<Cursor>().map_err(text)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                self.limit = limit.ok_or_else(|| format!("must be 1 to {MAX_LIMIT}"))?;
            }
            other => {
                let key = other.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
                let key = key.ok_or("is no parameter of this route")?;
                if filter.metadata.len() == MAX_LABELS {
                    return Err(format!("is one label too many: at most {MAX_LABELS}"));
                }
                filter.metadata.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }
}

fn time(value: &str) -> Result<Timestamp, String> {
    Timestamp::parse(value).map_err(|_| "must be a time like 2026-11-21T09:00:00Z".to_owned())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, ApiError> {
        read_query("acme".parse().unwrap(), query)
    }

    #[test]
    fn every_filter_is_read() {
        let asked = read(
            "state=queued,running&state=failed&model=a%2Fb&metadata[team]=red&metadata%5Bx%5D=1\
             &created_after=2026-11-21T09:00:00Z&limit=5",
        )
        .unwrap();
        assert_eq!(asked.filter.states.len(), 3);
        assert_eq!(asked.filter.model.as_deref(), Some("a/b"));
        assert_eq!(asked.filter.metadata.len(), 2);
        assert!(asked.filter.created_from.is_some());
        assert_eq!(asked.limit, 5);
    }

    #[test]
    fn wrong_parameters_are_all_named() {
        let error = read("state=lost&limit=0&cursor=x&colour=red").unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["state", "limit", "cursor", "colour"]);
    }
}
