//! One request.

use bytes::Bytes;
use reqwest::RequestBuilder;
use reqwest::multipart::Form;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Answer;

/// A request on its way. Dropping it closes the connection, as a caller does who leaves.
#[must_use = "a call that is dropped is broken off"]
pub struct Ongoing(JoinSet<Result<Answer, reqwest::Error>>);

impl Ongoing {
    /// The whole answer.
    pub async fn answer(self) -> Answer {
        self.try_answer().await.expect("the gateway answers")
    }

    /// The whole answer; the gateway may be away.
    pub async fn try_answer(mut self) -> Result<Answer, reqwest::Error> {
        let ended = self.0.join_next().await.expect("there is one task");
        ended.expect("sending does not panic")
    }
}

/// A request that is not sent yet.
#[must_use = "a call does nothing until it is sent"]
pub struct Call(RequestBuilder);

impl Call {
    pub(super) fn new(request: RequestBuilder) -> Self {
        Self(request)
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a preference of the call style: `respond-async`, `wait=5`.
    pub fn prefer(self, preference: &str) -> Self {
        self.header("prefer", preference)
    }

    /// With a key for this request.
    pub fn idempotent(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// With these bytes as body, said to be JSON.
    pub fn raw_json(self, body: impl Into<Bytes>) -> Self {
        Self(self.0.header("content-type", "application/json").body(body.into()))
    }

    /// With a form.
    pub fn form(self, form: Form) -> Self {
        Self(self.0.multipart(form))
    }

    /// Sends it and reads the whole answer.
    pub async fn send(self) -> Answer {
        self.try_send().await.expect("the gateway answers")
    }

    /// Sends it and reads the whole answer; the gateway may be away.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        Answer::read(self.0.send().await?).await
    }

    /// Sends it while the test goes on.
    pub fn start(self) -> Ongoing {
        let mut task = JoinSet::new();
        task.spawn(self.try_send());
        Ongoing(task)
    }

    /// Sends it and leaves the body to be read as it grows.
    pub async fn open(self) -> reqwest::Response {
        self.0.send().await.expect("the gateway answers")
    }
}
