//! The third call style: a callback.

use common::clock::{Clock as _, SystemClock};
use common::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier};
use serde_json::{Value, json};

use super::line;
use super::receiver::{Received, Receiver};
use super::service::{Service, send_json};
use crate::failure::Failure;
use crate::output::text;

/// Tells of a job whose end is posted to an application that is down at first.
pub(super) async fn tell(service: &Service, receiver: &Receiver) -> Result<(), Failure> {
    let body = json!({
        "operation": "diagnostic.fail",
        "input": {"times": 1, "message": "the first attempt fails on purpose"},
        "webhook": receiver.url(),
        "metadata": {"order": "4711"},
    });
    line("POST /v1/jobs  diagnostic.fail times=1  webhook=http://…/hook  metadata.order=4711");
    let job = send_json(service.post("/v1/jobs").json(&body)).await?;
    line(&format!("← 202 {}  {}", text(&job, "/status"), text(&job, "/id")));
    let secret = text(&send_json(service.get("/v1/webhooks/secret")).await?, "/secret");
    let verifier = Verifier::new(&secret).map_err(|error| {
        Failure::general(format!("the signing secret can not be read: {error}"))
    })?;
    let first = receiver.next().await?;
    let second = receiver.next().await?;
    for received in [&first, &second] {
        tell_request(&verifier, received)?;
    }
    if first.header(ID_HEADER) != second.header(ID_HEADER) {
        return Err(Failure::general("the second try has another webhook-id"));
    }
    line("both tries carry the same webhook-id, so the application can tell them from two events");
    Ok(())
}

fn tell_request(verifier: &Verifier, received: &Received) -> Result<(), Failure> {
    let verified = verifier.verify(
        received.header(ID_HEADER),
        received.header(TIMESTAMP_HEADER),
        received.header(SIGNATURE_HEADER),
        &received.body,
        SystemClock.now(),
    );
    verified.map_err(|error| Failure::general(format!("a signature does not verify: {error}")))?;
    let event: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let job = &event["data"]["job"];
    line(&format!(
        "✓ signature verified: {} attempt {} order {}  answered {}",
        text(&event, "/type"),
        text(job, "/attempt"),
        text(job, "/metadata/order"),
        received.answer
    ));
    Ok(())
}
