//! The outermost layer: names a request, measures it, and writes its one log line.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use common::telemetry::set_parent;
use tokio::time::Instant;
use tracing::Instrument;

use super::request_id::{HEADER, RequestId};
use crate::api::ErrorCause;
use crate::auth::CallerTag;
use crate::state::AppState;

/// Gives the request its id, runs it within a span, and logs how it was answered: once, with the cause when it
/// failed. Neither headers nor the query are logged: they hold keys and signatures.
pub(crate) async fn observe(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers(), &*state.clock);
    let caller = CallerTag::default();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |matched| matched.as_str().to_owned());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let span = tracing::info_span!("request", request.id = id.as_str(), http.route = %route);
    if let Some(parent) = request.headers().get("traceparent").and_then(|it| it.to_str().ok()) {
        set_parent(&span, parent);
    }
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(caller.clone());

    let running = state.requests.begin();
    let mut response = next.run(request).instrument(span.clone()).await;
    drop(running);

    response.headers_mut().insert(HEADER, id.header_value());
    let elapsed = started.elapsed();
    state.requests.count(&method, &route, response.status(), elapsed);
    let _entered = span.enter();
    log(&Line {
        method: method.as_str(),
        path: &path,
        status: response.status().as_u16(),
        duration_ms: elapsed.as_secs_f64() * 1_000.0,
        peer: peer.map(|ip| ip.to_string()),
        caller: caller.0.get().map(|(tenant, key)| (tenant.as_str(), key.as_str())),
        cause: response.extensions().get::<ErrorCause>(),
    });
    response
}

struct Line<'a> {
    method: &'a str,
    path: &'a str,
    status: u16,
    duration_ms: f64,
    peer: Option<String>,
    caller: Option<(&'a str, &'a str)>,
    cause: Option<&'a ErrorCause>,
}

fn log(line: &Line<'_>) {
    let (tenant, key) = line.caller.unzip();
    let cause = line.cause.map(|ErrorCause(cause)| chain(&**cause));
    if line.status >= 500 {
        tracing::error!(
            http.method = line.method,
            http.path = line.path,
            http.status = line.status,
            duration_ms = line.duration_ms,
            client.address = line.peer,
            tenant,
            key.id = key,
            cause,
            "a request failed"
        );
    } else {
        tracing::info!(
            http.method = line.method,
            http.path = line.path,
            http.status = line.status,
            duration_ms = line.duration_ms,
            client.address = line.peer,
            tenant,
            key.id = key,
            cause,
            "a request was answered"
        );
    }
}

/// An error and what caused it, as one text.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}
