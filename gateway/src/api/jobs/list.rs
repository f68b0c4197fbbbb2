//! `GET /v1/jobs`.

use axum::extract::{RawQuery, State};
use common::job::JobObject;
use serde::Serialize;
use utoipa::ToSchema;

use super::list_query::{ListQuery, read_query};
use crate::api::{ApiError, ApiJson, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobPage {
    /// Always `list`.
    object: &'static str,
    /// The jobs, newest first.
    data: Vec<JobObject>,
    /// Whether there is another page.
    has_more: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists jobs, newest first. It follows the events by a fraction of a second; the status of one job is read at the job.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", params(ListQuery),
    responses(
        (status = 200, description = "A page of jobs, newest first", body = JobPage),
        (status = 422, description = "Wrong parameters, each named", body = ErrorBody),
        (status = 503, description = "The records are away", body = ErrorBody),
    ),
)]
pub(crate) async fn list_jobs(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<ApiJson<JobPage>, ApiError> {
    let asked = read_query(caller.tenant, query.as_deref().unwrap_or_default())?;
    let page = state.records.list_jobs(&asked.filter, asked.after, asked.limit).await?;
    Ok(ApiJson(JobPage {
        object: "list",
        data: page.items.iter().map(|record| state.job_object(&record.event)).collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}
