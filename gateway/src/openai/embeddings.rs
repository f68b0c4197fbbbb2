//! `POST /v1/embeddings`.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::serve::{Call, serve};
use crate::api::{ApiBody, ApiError, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// Embeds texts, as OpenAI does. Unknown fields pass through untouched both ways.
#[utoipa::path(
    post, path = "/v1/embeddings", tag = "openai",
    params(
        ("Prefer" = Option<String>, Header, description = "`respond-async` for 202 with the job at once, `wait=N` for 202 after N seconds without an answer"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body within a day is the same job"),
        ("X-Millrace-Webhook" = Option<String>, Header, description = "Where the end is posted, besides"),
    ),
    request_body(content = Object, description = "An OpenAI embeddings body", content_type = "application/json"),
    responses(
        (status = 200, description = "The provider's answer", content_type = "application/json", body = Object,
            headers(("X-Millrace-Job" = String))),
        (status = 202, description = "Accepted and durable", body = common::job::JobObject),
        (status = 404, description = "No such model; the nearest names are named", body = ErrorBody),
        (status = 422, description = "Wrong fields, each named", body = ErrorBody),
        (status = 429, description = "The queue is full", body = ErrorBody),
        (status = 503, description = "No worker offers the model now, or the broker is away", body = ErrorBody),
        (status = 504, description = "No answer in time; a durable job goes on", body = ErrorBody),
    ),
)]
pub(crate) async fn create_embeddings(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    body: ApiBody,
) -> Result<Response, ApiError> {
    serve(
        &state,
        caller,
        &headers,
        Call { route: "/v1/embeddings", operation: "embeddings", can_stream: false, body },
    )
    .await
}
