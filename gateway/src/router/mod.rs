//! Every route of the product.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse;
use axum::{Router, middleware};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
#[cfg(test)]
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::api::{ApiError, jobs};
use crate::middleware::{answer_panic, cors, observe, open_cors, security_headers};
use crate::state::AppState;
use crate::{admin, files, openai, ops, webhooks};

/// A body that pauses for so long is given up.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// What a multipart form may be larger than the file in it.
const FORM_OVERHEAD: u64 = 1024 * 1024;

/// The product's routes, ready to be served.
pub(crate) fn router(state: &AppState) -> anyhow::Result<Router> {
    let config = &state.config.gateway;
    let (open, mut api) = open_routes().split_for_parts();
    let (called, called_api) = called_routes(config.file_limit).split_for_parts();
    api.merge(called_api);
    ops::add_shared_answers(&mut api);
    let described = Router::new().route("/openapi.json", ops::serve_description(&api)?);
    let called = called
        .merge(described)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors(&config.cors_origins));
    let open = open.method_not_allowed_fallback(method_not_allowed).layer(open_cors());
    let router = called
        .merge(open)
        .merge(ops::docs())
        .fallback(|| async { ApiError::not_found("route") })
        .layer(DefaultBodyLimit::max(usize::try_from(config.body_limit).unwrap_or(usize::MAX)))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(middleware::from_fn(security_headers))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state.clone());
    Ok(router)
}

/// The description of the API as it is served.
#[cfg(test)]
pub(crate) fn api_description() -> OpenApi {
    let mut api = open_routes().into_openapi();
    api.merge(called_routes(0).into_openapi());
    ops::add_shared_answers(&mut api);
    api
}

/// Called by browsers, players, CDNs and receivers of webhooks, from any page and without a key.
fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ops::description())
        // The description can not spell a path parameter that holds slashes, so it is described on its own.
        .route("/v1/artifacts/{*key}", axum::routing::get(files::read_artifact))
        .routes(routes!(webhooks::public_keys))
        .routes(routes!(webhooks::jwks))
}

#[rustfmt::skip]
fn called_routes(file_limit: u64) -> OpenApiRouter<AppState> {
    let form_limit = usize::try_from(file_limit.saturating_add(FORM_OVERHEAD)).unwrap_or(usize::MAX);
    OpenApiRouter::default()
        // Called by applications, for their jobs.
        .routes(routes!(jobs::create_job).layer(DefaultBodyLimit::max(form_limit)))     // POST   /v1/jobs
        .routes(routes!(jobs::list_jobs))                                               // GET    /v1/jobs
        .routes(routes!(jobs::create_batch))                                            // POST   /v1/jobs/batch
        .routes(routes!(jobs::read_job, jobs::delete_job))                              // GET, DELETE /v1/jobs/{id}
        .routes(routes!(jobs::read_result))                                             // GET    /v1/jobs/{id}/result
        .routes(routes!(jobs::follow_job))                                              // GET    /v1/jobs/{id}/events
        .routes(routes!(jobs::cancel_job))                                              // POST   /v1/jobs/{id}/cancel
        .routes(routes!(jobs::retry_job))                                               // POST   /v1/jobs/{id}/retry

        // Called by OpenAI clients.
        .routes(routes!(openai::create_chat_completion))                                // POST   /v1/chat/completions
        .routes(routes!(openai::create_embeddings))                                     // POST   /v1/embeddings
        .routes(routes!(openai::list_models))                                           // GET    /v1/models
        // Described on its own, as artifacts are: the name of a model may hold slashes.
        .route("/v1/models/{*id}", axum::routing::get(openai::read_model))

        // Called by applications, for their files.
        .routes(routes!(files::upload_file).layer(DefaultBodyLimit::max(form_limit)))   // POST   /v1/files
        .routes(routes!(files::read_file, files::delete_file))                          // GET, DELETE /v1/files/{id}
        .routes(routes!(files::read_content))                                           // GET    /v1/files/{id}/content

        // Called by applications, for their webhooks.
        .routes(routes!(webhooks::list_endpoints, webhooks::create_endpoint))           // GET, POST /v1/webhooks/endpoints
        .routes(routes!(webhooks::read_endpoint, webhooks::update_endpoint, webhooks::delete_endpoint))
        .routes(routes!(webhooks::rotate_secret))                                       // POST   …/endpoints/{id}/rotate
        .routes(routes!(webhooks::disable_endpoint))                                    // POST   …/endpoints/{id}/disable
        .routes(routes!(webhooks::enable_endpoint))                                     // POST   …/endpoints/{id}/enable
        .routes(routes!(webhooks::test_endpoint))                                       // POST   …/endpoints/{id}/test
        .routes(routes!(webhooks::recover_endpoint))                                    // POST   …/endpoints/{id}/recover
        .routes(routes!(webhooks::read_secret))                                         // GET    /v1/webhooks/secret
        .routes(routes!(webhooks::list_deliveries))                                     // GET    /v1/webhooks/deliveries
        .routes(routes!(webhooks::read_delivery))                                       // GET    …/deliveries/{id}
        .routes(routes!(webhooks::retry_delivery))                                      // POST   …/deliveries/{id}/retry

        // Called by operators.
        .routes(routes!(admin::list_keys, admin::create_key))                           // GET, POST /v1/admin/keys
        .routes(routes!(admin::revoke_key))                                             // POST   /v1/admin/keys/{id}/revoke
        .routes(routes!(admin::list_workers))                                           // GET    /v1/admin/workers
        .routes(routes!(admin::list_queues))                                            // GET    /v1/admin/queues

        // Called by load balancers, supervisors and collectors.
        .routes(routes!(ops::livez))                                                    // GET    /livez
        .routes(routes!(ops::readyz))                                                   // GET    /readyz
        .routes(routes!(ops::read_metrics))                                             // GET    /metrics
}

async fn method_not_allowed() -> impl IntoResponse {
    let error = ApiError::malformed("This route does not know the method.");
    (StatusCode::METHOD_NOT_ALLOWED, error)
}

#[cfg(test)]
mod tests;
