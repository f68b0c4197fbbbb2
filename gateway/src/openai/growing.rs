//! The body of an answer that grows: the worker's bytes untouched, keep-alives between its events, failures in-band.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobId, Outcome};
use futures::StreamExt;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::failure::{deadline, no_worker};
use crate::api::ApiError;
use crate::sse::{self, Boundary};
use crate::state::AppState;
use crate::wait::{
    CallGuard, Heard, Lost, Session, WaitError, job_error, lost_answer, stored_result,
};

/// How long the last replies may take after the event that ends a durable job.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// An answer on its way. Dropping it before its end means that the caller left.
pub(super) struct Growing {
    state: AppState,
    job: JobId,
    session: Session,
    guard: Option<CallGuard>,
    durable: bool,
    ready: VecDeque<Bytes>,
    sent: u64,
    boundary: Boundary,
    keepalive: Interval,
    ended: Option<Box<JobEvent>>,
    last_replies: Option<Instant>,
    stored: Option<BodyDataStream>,
    done: bool,
}

impl Growing {
    /// Begins with `first`, or with a keep-alive when that is empty.
    pub(super) fn new(
        state: &AppState,
        session: Session,
        guard: Option<CallGuard>,
        durable: bool,
        first: Bytes,
    ) -> Self {
        let start = Instant::now() + sse::KEEPALIVE;
        let mut keepalive = tokio::time::interval_at(start, sse::KEEPALIVE);
        keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut growing = Self {
            state: state.clone(),
            job: session.job().id,
            session,
            guard,
            durable,
            ready: VecDeque::new(),
            sent: 0,
            boundary: Boundary::default(),
            keepalive,
            ended: None,
            last_replies: None,
            stored: None,
            done: false,
        };
        if first.is_empty() {
            growing.ready.push_back(sse::comment());
        } else {
            growing.send(first);
        }
        growing
    }

    /// The body of the response.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(futures::stream::unfold(self, async |mut growing| {
            let bytes = growing.next().await?;
            Some((Ok::<_, std::convert::Infallible>(bytes), growing))
        }))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.done {
                return None;
            }
            if let Some(stored) = &mut self.stored {
                match stored.next().await {
                    Some(Ok(part)) => return Some(part),
                    Some(Err(error)) => {
                        tracing::warn!(job.id = %self.job, %error, "a stored answer was not read");
                        self.fail(&lost_answer(Lost::Gap));
                    }
                    None => self.done = true,
                }
                continue;
            }
            tokio::select! {
                biased;
                heard = self.session.next() => match heard {
                    Ok(heard) => self.hear(heard).await,
                    Err(error) => self.give_up(error),
                },
                () = until(self.last_replies) => self.fail(&lost_answer(Lost::Gap)),
                _ = self.keepalive.tick() => {
                    if self.boundary.is_between() {
                        self.ready.push_back(sse::comment());
                    }
                }
            }
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            // Another run can only begin before bytes were sent.
            Heard::Started | Heard::Void => {}
            Heard::Chunk(part) => {
                self.send(part);
                self.finish_if_whole();
            }
            Heard::Answered { last, .. } => {
                if !last.is_empty() {
                    self.send(last);
                }
                self.finish();
            }
            Heard::Failed(error) => {
                self.disarm();
                self.fail(&error);
            }
            Heard::Ended(event) => self.end(event).await,
            // Before any byte the stored answer can be told instead.
            Heard::Lost(_) if self.durable && self.sent == 0 => {}
            Heard::Lost(lost) => self.fail(&lost_answer(lost)),
        }
    }

    /// The terminal event of a durable job stands. It may overtake the last replies.
    async fn end(&mut self, event: Box<JobEvent>) {
        if self.ended.is_some() {
            return;
        }
        if let Some(error) = job_error(&event) {
            self.disarm();
            return self.fail(&error);
        }
        if self.sent == 0 {
            match stored_result(&self.state.objects, &event).await {
                Ok(Some(stored)) => {
                    self.disarm();
                    self.stored = Some(stored.body.into_data_stream());
                }
                Ok(None) | Err(_) => self.fail(&lost_answer(Lost::Gap)),
            }
            return;
        }
        self.ended = Some(event);
        self.last_replies = Some(Instant::now() + LAST_REPLIES);
        self.finish_if_whole();
    }

    /// Whether everything that the ended job stored was sent: then no last reply is needed.
    fn finish_if_whole(&mut self) {
        let stored = self.ended.as_ref().and_then(|event| event.result.as_ref());
        if stored.is_some_and(|result| result.bytes == self.sent) {
            self.finish();
        }
    }

    fn send(&mut self, part: Bytes) {
        self.session.bytes_sent();
        self.sent += part.len() as u64;
        self.boundary.note(&part);
        self.keepalive.reset();
        self.ready.push_back(part);
    }

    fn finish(&mut self) {
        self.disarm();
        self.done = true;
    }

    fn disarm(&mut self) {
        if let Some(guard) = &mut self.guard {
            guard.disarm();
        }
    }

    fn give_up(&mut self, error: WaitError) {
        let withdrawn = self.guard.is_some();
        let (answer, outcome) = match error {
            WaitError::NoWorker => (no_worker(self.session.job(), withdrawn), Outcome::Canceled),
            WaitError::TimedOut if withdrawn => (deadline(self.job), Outcome::Expired),
            WaitError::TimedOut => {
                let limit = self.state.config.gateway.sync_timeout;
                (crate::answer::wait_timeout(self.job, limit), Outcome::Expired)
            }
        };
        if let Some(guard) = self.guard.take() {
            guard.give_up(outcome);
        }
        self.fail_with(&answer);
    }

    fn fail(&mut self, error: &JobError) {
        self.fail_with(&ApiError::of_job(error));
    }

    /// Tells the failure as an event of the stream, which then ends without an invented finish. A guard that is armed
    /// still ends the call.
    fn fail_with(&mut self, error: &ApiError) {
        let code: ErrorCode = error.code();
        tracing::info!(job.id = %self.job, code = code.as_str(), "an answer that had begun failed");
        if !self.boundary.is_between() {
            self.ready.push_back(Bytes::from_static(b"\n\n"));
        }
        let body = serde_json::to_string(&error.body()).unwrap_or_default();
        self.ready.push_back(Bytes::from(format!("data: {body}\n\n")));
        self.done = true;
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
