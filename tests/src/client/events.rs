//! Server-sent events as they arrive.

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use crate::wait::{PATIENCE, within};

/// A stream of events.
pub struct Events {
    response: reqwest::Response,
    rest: BytesMut,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its id; empty when it has none.
    pub id: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// Its data.
    pub data: String,
}

impl ServerEvent {
    /// The data as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }
}

impl Events {
    /// The events of an answer with the status 200.
    pub async fn of(response: reqwest::Response) -> Self {
        if response.status() == 200 {
            return Self { response, rest: BytesMut::new() };
        }
        panic!("{}: {}", response.status(), response.text().await.unwrap_or_default());
    }

    /// The next event; `None` at the end of the stream. Comments are read over.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        within(PATIENCE, "an event", self.read()).await
    }

    /// Every event up to the end of the stream.
    pub async fn rest(&mut self) -> Vec<ServerEvent> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }

    async fn read(&mut self) -> Option<ServerEvent> {
        loop {
            while let Some(block) = self.take_block() {
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
            }
            // A stream that breaks off ends here as well; what was whole has been told.
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.rest.extend_from_slice(&chunk);
        }
    }

    fn take_block(&mut self) -> Option<Bytes> {
        let end = self.rest.windows(2).position(|pair| pair == b"\n\n")?;
        Some(self.rest.split_to(end + 2).freeze())
    }
}

fn parse(block: &[u8]) -> Option<ServerEvent> {
    let text = String::from_utf8_lossy(block);
    let mut event = ServerEvent { id: String::new(), name: String::new(), data: String::new() };
    let mut is_event = false;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(':')?;
        let value = value.trim_start().to_owned();
        match field {
            "id" => event.id = value,
            "event" => event.name = value,
            "data" => {
                is_event = true;
                event.data.push_str(&value);
            }
            _ => {}
        }
    }
    is_event.then_some(event)
}
