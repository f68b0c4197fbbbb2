//! Hears every stored event, at every server, as anybody could who is connected there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinSet;

/// What the brokers repeat after storing an event.
const STORED: &str = "feed.events.*";

/// Events as they were overheard, by their ids; some are missed while connections are broken.
pub(super) struct Listener {
    heard: Arc<Mutex<BTreeMap<String, Value>>>,
    _tasks: JoinSet<()>,
}

impl Listener {
    /// Begins to listen at each of these servers.
    pub(super) async fn at(urls: &[String]) -> anyhow::Result<Self> {
        let heard = Arc::<Mutex<BTreeMap<String, Value>>>::default();
        let mut tasks = JoinSet::new();
        for url in urls {
            let options = async_nats::ConnectOptions::new()
                .max_reconnects(None)
                .reconnect_delay_callback(|_| Duration::from_millis(100));
            let client = options.connect(url.as_str()).await?;
            let mut events = client.subscribe(STORED).await?;
            client.flush().await?;
            let heard = Arc::clone(&heard);
            tasks.spawn(async move {
                let _client = client;
                while let Some(message) = events.next().await {
                    let Ok(event) = serde_json::from_slice::<Value>(&message.payload) else {
                        continue;
                    };
                    let id = event["id"].as_str().unwrap_or_default().to_owned();
                    heard.lock().unwrap_or_else(PoisonError::into_inner).insert(id, event);
                }
            });
        }
        Ok(Self { heard, _tasks: tasks })
    }

    /// Everything that was heard so far, each event once.
    pub(super) fn heard(&self) -> Vec<Value> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.values().cloned().collect()
    }
}
