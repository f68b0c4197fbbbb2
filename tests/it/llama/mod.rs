//! Chat and embeddings through the whole system: a real llama.cpp server, and a scripted one for what goes wrong.

mod faults;
mod real;

use tests::{Client, eventually};

/// Waits until the gateway knows these models.
async fn knows(client: &Client, models: &[&str]) {
    eventually("the gateway knows the models", async || {
        let list = client.get("/v1/models").send().await.expect(200);
        let known: Vec<_> =
            list["data"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
        models.iter().all(|model| known.contains(model))
    })
    .await;
}
