//! Takes the requests and plays the answers.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Asked;
use super::answer::{Answer, Question, Step, Steps};
use super::connection::{Caller, Door};
use super::embeddings::Texts;

/// How a question for the models is answered.
pub(super) enum Listing {
    Models(Vec<String>),
    Status(u16),
}

/// What the upstream was told and what it saw.
pub(super) struct State {
    script: Mutex<VecDeque<Answer>>,
    listing: Mutex<Listing>,
    pub(super) asked: watch::Sender<Vec<Asked>>,
    pub(super) listed: watch::Sender<usize>,
    pub(super) left: watch::Sender<usize>,
}

impl State {
    pub(super) fn new(models: &[&str]) -> Self {
        let models = models.iter().map(ToString::to_string).collect();
        Self {
            script: Mutex::default(),
            listing: Mutex::new(Listing::Models(models)),
            asked: watch::Sender::default(),
            listed: watch::Sender::default(),
            left: watch::Sender::default(),
        }
    }

    pub(super) fn script(&self, answer: Answer) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    pub(super) fn list(&self, listing: Listing) {
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = listing;
    }

    fn next_answer(&self) -> Answer {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.pop_front().unwrap_or(Answer::Fit)
    }
}

/// Serves until the task is aborted.
pub(super) async fn serve(door: Door, state: Arc<State>) {
    let app = Router::new()
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(answer))
        .route("/v1/embeddings", post(answer))
        .layer(DefaultBodyLimit::disable())
        .with_state(state);
    let served = axum::serve(door, app.into_make_service_with_connect_info::<Caller>()).await;
    served.expect("serving on a listener that never fails does not end");
}

async fn models(Shared(state): Shared<Arc<State>>) -> Response {
    let answer = match &*state.listing.lock().unwrap_or_else(PoisonError::into_inner) {
        Listing::Models(names) => {
            let data: Vec<_> =
                names.iter().map(|id| json!({"id": id, "object": "model"})).collect();
            json!({"object": "list", "data": data}).to_string().into_response()
        }
        Listing::Status(status) => {
            StatusCode::from_u16(*status).expect("tests send legal statuses").into_response()
        }
    };
    state.listed.send_modify(|listed| *listed += 1);
    answer
}

async fn answer(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut visit = Visit { left: state.left.clone(), over: false };
    let question = question(uri.path(), &body);
    let answer = state.next_answer();
    let asked = Asked { path: uri.path().to_owned(), headers, body };
    state.asked.send_modify(|all| all.push(asked));
    if let Answer::Late(delay) = answer {
        tokio::time::sleep(delay).await;
    }
    let cuts = matches!(answer, Answer::Cut);
    let Some(play) = answer.play(&question) else {
        if cuts {
            visit.end();
            caller.hang_up();
        }
        return pending().await;
    };
    let mut response = Response::new(body_of(play.steps, visit));
    *response.status_mut() = play.status;
    response.headers_mut().extend(play.headers);
    response
}

fn question(path: &str, body: &[u8]) -> Question {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    Question {
        texts: path.ends_with("embeddings").then(|| Texts::of(&body)),
        stream: body["stream"] == true,
        usage: body["stream_options"]["include_usage"] == true,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
    }
}

fn body_of(steps: Steps, visit: Visit) -> Body {
    Body::from_stream(unfold((steps, visit), |(mut steps, mut visit)| async move {
        loop {
            match steps.next() {
                Some(Step::Say(bytes)) => return Some((Ok(bytes), (steps, visit))),
                Some(Step::Pause(pause)) => tokio::time::sleep(pause).await,
                Some(Step::Silence) => pending().await,
                Some(Step::Cut) => {
                    visit.end();
                    // What was said before leaves while this waits.
                    tokio::task::yield_now().await;
                    let cut = std::io::Error::other("the script cuts the connection here");
                    return Some((Err(cut), (steps, visit)));
                }
                None => {
                    visit.end();
                    return None;
                }
            }
        }
    }))
}

/// A client that waits. When it is dropped before the answer was over, the client has left.
struct Visit {
    left: watch::Sender<usize>,
    over: bool,
}

impl Visit {
    /// The answer is over: whoever leaves now has all of it.
    fn end(&mut self) {
        self.over = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.over {
            self.left.send_modify(|left| *left += 1);
        }
    }
}
