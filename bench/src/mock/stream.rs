//! A streamed answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Interval, MissedTickBehavior};

use super::stamp::token;

/// Tokens of a stream whose caller does not say how many.
pub(crate) const TOKENS: u32 = 64;
/// The time between two tokens.
pub(crate) const GAP: Duration = Duration::from_millis(20);

/// A body of tokens at a steady pace; the first comes at once.
pub(super) struct Tokens {
    sent: u32,
    count: u32,
    pace: Interval,
}

impl Tokens {
    pub(super) fn new(count: u32) -> Self {
        let mut pace = tokio::time::interval(GAP);
        // A token that is late is late once; the next are on time again.
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Self { sent: 0, count, pace }
    }
}

impl Body for Tokens {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent > self.count {
            return Poll::Ready(None);
        }
        if self.sent < self.count {
            ready!(self.pace.poll_tick(cx));
        }
        self.sent += 1;
        let event = if self.sent > self.count { last() } else { delta(&token()) };
        Poll::Ready(Some(Ok(Frame::data(event.into()))))
    }
}

fn delta(content: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

fn last() -> String {
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",\
     \"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        .to_owned()
}
