//! `GET /v1/models` and `GET /v1/models/{id}`.

use axum::extract::State;
use common::clock::Timestamp;
use common::error_code::ErrorCode;
use common::operation::nearest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::catalog::ModelEntry;
use crate::state::AppState;

/// A model, as OpenAI describes one and a little more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Model {
    /// Its name.
    id: String,
    /// Always `model`.
    object: &'static str,
    /// When it was first seen, in seconds since 1970.
    created: i64,
    /// Always `millrace`.
    owned_by: &'static str,
    /// What a worker must be able to do to offer it.
    capability: String,
    /// What can be asked of it.
    operations: Vec<String>,
    /// Whether a worker offers it now. Jobs for one that is not available wait for a worker.
    available: bool,
}

/// The models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// Always `list`.
    object: &'static str,
    /// Every model that a worker offers or has offered.
    data: Vec<Model>,
}

/// Lists the models that workers offer, or have offered.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai",
    responses((status = 200, description = "The models", body = ModelList)),
)]
pub(crate) async fn list_models(State(state): State<AppState>, _: Caller) -> ApiJson<ModelList> {
    let now = state.clock.now().as_secs();
    let data = state.catalog.models().into_iter().map(|entry| view(entry, now)).collect();
    ApiJson(ModelList { object: "list", data })
}

/// Reads a model. Its name may hold slashes.
#[utoipa::path(
    get, path = "/v1/models/{id}", tag = "openai",
    params(("id" = String, Path, description = "The model")),
    responses(
        (status = 200, description = "The model", body = Model),
        (status = 404, description = "No such model; the nearest names are named", body = ErrorBody),
    ),
)]
pub(crate) async fn read_model(
    State(state): State<AppState>,
    _: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<Model>, ApiError> {
    let mut models = state.catalog.models();
    let Some(found) = models.iter().position(|entry| entry.model == id) else {
        let nearest = nearest(&id, models.iter().map(|entry| entry.model.as_str()));
        let hint = if nearest.is_empty() {
            ".".to_owned()
        } else {
            format!("; did you mean {}?", nearest.join(", "))
        };
        let message = format!("There is no model '{id}'{hint}");
        return Err(ApiError::new(ErrorCode::ModelNotFound, message).param("model"));
    };
    Ok(ApiJson(view(models.swap_remove(found), state.clock.now().as_secs())))
}

fn view(entry: ModelEntry, now: i64) -> Model {
    Model {
        id: entry.model,
        object: "model",
        created: entry.first_seen.map_or(now, Timestamp::as_secs),
        owned_by: "millrace",
        capability: entry.capability,
        operations: entry.operations.into_iter().collect(),
        available: entry.available,
    }
}
