//! Health and metrics of a process that has no gateway: a listener of its own, without keys.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use common::process::Parts;
use common::records::Records;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use super::metrics::OPENMETRICS;
use crate::serve::serve;

/// Serves `/livez`, `/readyz` and `/metrics` of a role where the configuration says; returns the address, or `None`
/// when it says nowhere.
pub async fn serve_health(parts: &Parts) -> anyhow::Result<Option<SocketAddr>> {
    let Some(address) = parts.config.telemetry.metrics_listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|error| {
        anyhow::anyhow!(
            "health can not be served on {address}: {error}; choose another with --health"
        )
    })?;
    let bound = listener.local_addr()?;
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(parts.clone());
    let serving = serve(listener, router, parts.lifecycle.clone());
    parts.lifecycle.spawn("health", async {
        serving.await;
        Ok(())
    });
    Ok(Some(bound))
}

/// Whether the SQL records can be read, for the doctor.
pub async fn check_records(url: &str) -> Result<(), String> {
    let records = Records::open_read(url).map_err(|error| error.to_string())?;
    let checked = records.check().await.map_err(|error| error.to_string());
    records.close().await;
    checked
}

async fn ready(State(parts): State<Parts>) -> (StatusCode, &'static str) {
    if parts.lifecycle.soft().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "it is stopping\n");
    }
    match parts.bus.check().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "NATS does not answer\n"),
    }
}

async fn metrics(State(parts): State<Parts>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPENMETRICS)], parts.metrics.encode())
}
