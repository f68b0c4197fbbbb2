//! How a request is answered.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};

use super::embeddings::{Texts, embeddings};

/// The words of every answer.
const WORDS: [&str; 5] = ["Hello", " from", " the", " scripted", " upstream."];

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What fits the request: a chat answer, whole or as a stream, or embeddings.
    Fit,
    /// What fits the request, after this time.
    Late(Duration),
    /// A stream of so many tokens, with a pause before each, that ends as told.
    Stream {
        /// How many tokens.
        tokens: usize,
        /// The time before each.
        pause: Duration,
        /// How it ends.
        end: End,
    },
    /// A status with headers and a body.
    Status {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// Exactly these bytes, in these parts.
    Raw {
        /// Their media type.
        content_type: &'static str,
        /// The parts; each is sent on its own.
        parts: Vec<Bytes>,
    },
    /// Nothing, ever; the connection stays open.
    Silence,
    /// The connection closes without an answer.
    Cut,
}

/// How a stream ends.
#[derive(Clone, Debug)]
pub enum End {
    /// With a finish reason, the usage if it was asked for, and `[DONE]`.
    Whole,
    /// With a finish reason and nothing after it.
    WithoutDone,
    /// With `[DONE]`, but without a finish reason.
    WithoutFinish,
    /// With the end of the body, and neither.
    Abrupt,
    /// Not at all; the connection stays open.
    Silence,
    /// With the connection, in the middle of the body.
    Cut,
    /// With an event of this data.
    Event(String),
}

impl Answer {
    /// A refusal with an OpenAI-shaped error body.
    pub fn refusal(status: u16, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": "invalid_request_error"}});
        Self::Status { status, headers: Vec::new(), body: body.to_string() }
    }

    /// The refusal of one who was asked too often.
    pub fn rate_limited(retry_after: &str) -> Self {
        let headers = vec![("retry-after", retry_after.to_owned())];
        Self::Status { status: 429, headers, body: "{}".to_owned() }
    }

    /// A success that is not JSON.
    pub fn garbage() -> Self {
        let parts = vec![Bytes::from_static(b"<html>not what you expect</html>")];
        Self::Raw { content_type: "application/json", parts }
    }

    /// A stream without pauses.
    pub const fn stream(tokens: usize, end: End) -> Self {
        Self::Stream { tokens, pause: Duration::ZERO, end }
    }
}

/// What a request asks for.
pub(super) struct Question {
    /// How the texts are to be embedded; absent when a chat is to be answered.
    pub(super) texts: Option<Texts>,
    pub(super) stream: bool,
    pub(super) usage: bool,
    pub(super) model: String,
}

/// One step of sending a body.
pub(super) enum Step {
    Say(Bytes),
    Pause(Duration),
    Silence,
    Cut,
}

/// A body as the steps that send it.
pub(super) type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// The head of an answer and the steps of its body.
pub(super) struct Play {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) steps: Steps,
}

impl Answer {
    /// How to play the answer to a question. `None`: the connection closes.
    pub(super) fn play(self, question: &Question) -> Option<Play> {
        match self {
            Self::Fit | Self::Late(_) if question.stream => {
                Self::Stream { tokens: WORDS.len(), pause: Duration::ZERO, end: End::Whole }
                    .play(question)
            }
            Self::Fit | Self::Late(_) => {
                let body = match &question.texts {
                    Some(texts) => embeddings(&question.model, texts),
                    None => chat(question),
                };
                Some(Play::new(200, "application/json", Box::new([Step::Say(body)].into_iter())))
            }
            Self::Stream { tokens, pause, end } => {
                Some(Play::new(200, "text/event-stream", stream(question, tokens, pause, end)))
            }
            Self::Status { status, headers, body } => {
                let steps = Box::new([Step::Say(body.into())].into_iter());
                let mut play = Play::new(status, "application/json", steps);
                for (name, value) in headers {
                    let value = HeaderValue::try_from(value).expect("tests send legal headers");
                    play.headers.push((HeaderName::from_static(name), value));
                }
                Some(play)
            }
            Self::Raw { content_type, parts } => {
                // The pause lets each part leave on its own.
                let steps = parts
                    .into_iter()
                    .flat_map(|part| [Step::Say(part), Step::Pause(Duration::from_millis(1))]);
                Some(Play::new(200, content_type, Box::new(steps)))
            }
            Self::Silence | Self::Cut => None,
        }
    }
}

impl Play {
    fn new(status: u16, content_type: &'static str, steps: Steps) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("tests send legal statuses"),
            headers: vec![(
                axum::http::header::CONTENT_TYPE,
                HeaderValue::from_static(content_type),
            )],
            steps,
        }
    }
}

/// A whole chat answer, with an unknown field and a number in an unusual spelling.
fn chat(question: &Question) -> Bytes {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":{},"choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}},"x_cost":1.50}}"#,
        Value::from(question.model.as_str()),
        WORDS.concat(),
    )
    .into()
}

fn stream(question: &Question, tokens: usize, pause: Duration, end: End) -> Steps {
    let model = question.model.clone();
    let words = (0..tokens).flat_map(move |index| {
        let word = WORDS[index % WORDS.len()];
        let chunk = chunk(&model, &json!({"content": word}), None);
        let wait = (!pause.is_zero()).then_some(Step::Pause(pause));
        wait.into_iter().chain([Step::Say(chunk)])
    });
    Box::new(words.chain(ending(question, end)))
}

fn ending(question: &Question, end: End) -> Vec<Step> {
    let finish = Step::Say(chunk(&question.model, &json!({}), Some("stop")));
    let done = Step::Say(Bytes::from_static(b"data: [DONE]\n\n"));
    match end {
        End::Whole => {
            let usage = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [],
                "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}});
            let usage = question.usage.then(|| Step::Say(event(&usage.to_string())));
            [Some(finish), usage, Some(done)].into_iter().flatten().collect()
        }
        End::WithoutDone => vec![finish],
        End::WithoutFinish => vec![done],
        End::Abrupt => Vec::new(),
        End::Silence => vec![Step::Silence],
        End::Cut => vec![Step::Cut],
        End::Event(data) => vec![Step::Say(event(&data))],
    }
}

fn chunk(model: &str, delta: &Value, finish_reason: Option<&str>) -> Bytes {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    });
    event(&chunk.to_string())
}

fn event(data: &str) -> Bytes {
    format!("data: {data}\n\n").into()
}
