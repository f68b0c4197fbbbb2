//! The receiver of webhooks, and the network before it.

use super::fault::Illness;
use crate::link::Link;
use crate::receiver::{Received, Receiver};

/// The receiver. It accepts everything until it is told otherwise.
pub(super) struct Hooks {
    receiver: Receiver,
    way: Link,
}

impl Hooks {
    pub(super) async fn start() -> Self {
        let receiver = Receiver::start().await;
        let url = receiver.url_of("");
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let way = Link::to(host).await;
        Self { receiver, way }
    }

    /// Its address, without a path.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.way.address())
    }

    /// From now on it answers badly, or well.
    pub(super) fn falls_ill(&self, illness: Option<Illness>) {
        match illness {
            Some(Illness::Fails) => self.receiver.answers(500),
            Some(Illness::Hangs) => self.receiver.holds(),
            Some(Illness::Resets) => self.way.cut(),
            None => {
                self.receiver.answers(204);
                self.way.mend();
            }
        }
    }

    /// The network before it.
    pub(super) fn way(&self) -> &Link {
        &self.way
    }

    /// Everything that came.
    pub(super) fn received(&self) -> Vec<Received> {
        self.receiver.received()
    }
}
