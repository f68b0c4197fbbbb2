//! The mock upstream: an OpenAI-compatible endpoint that answers at once, or streams tokens at a steady pace. It does
//! as little as an upstream can, so that what stands before it is what is measured.

mod answer;
mod stamp;
mod stream;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::answer::Answers;
pub(crate) use self::answer::name as model_name;
pub(crate) use self::stamp::{now_ns, stamps};
use self::stream::Tokens;
pub(crate) use self::stream::{GAP, TOKENS};

/// Serves until it is cancelled.
pub(crate) async fn serve(port: u16, models: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let answers = Arc::new(Answers::new(models));
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        connections.spawn(connection(stream, Arc::clone(&answers)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, answers: Arc<Answers>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(answer(request, &answers).await) }
    });
    // A client that goes away is no failure of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// What matters of a chat.
#[derive(Deserialize)]
struct Chat {
    #[serde(default)]
    stream: bool,
    max_tokens: Option<u32>,
}

async fn answer(
    request: Request<Incoming>,
    answers: &Answers,
) -> Response<Either<Full<Bytes>, Tokens>> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/v1/chat/completions" | "/chat/completions" => chat(request, answers).await,
        "/v1/models" | "/models" => whole(StatusCode::OK, answers.models.clone()),
        "/health" | "/" => whole(StatusCode::OK, Bytes::from_static(b"{}")),
        _ => whole(
            StatusCode::NOT_FOUND,
            Bytes::from_static(b"{\"error\":{\"message\":\"no such path\"}}"),
        ),
    }
}

async fn chat(
    request: Request<Incoming>,
    answers: &Answers,
) -> Response<Either<Full<Bytes>, Tokens>> {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let chat = body.ok().and_then(|body| serde_json::from_slice::<Chat>(&body).ok());
    match chat {
        None => whole(
            StatusCode::BAD_REQUEST,
            Bytes::from_static(b"{\"error\":{\"message\":\"no chat\"}}"),
        ),
        Some(Chat { stream: false, .. }) => whole(StatusCode::OK, answers.chat.clone()),
        Some(Chat { stream: true, max_tokens }) => {
            let tokens = Tokens::new(max_tokens.unwrap_or(TOKENS));
            let mut response = Response::new(Either::Right(tokens));
            let kind = hyper::header::HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
            response
        }
    }
}

fn whole(status: StatusCode, body: Bytes) -> Response<Either<Full<Bytes>, Tokens>> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    response
}
