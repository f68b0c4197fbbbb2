//! What is posted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::job::{EventId, JobEvent, JobObject};

/// The body of a webhook, as Standard Webhooks lays it out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookPayload {
    /// The event; equal to the `webhook-id` header. Deliveries of one event share it: use it to drop repeats.
    pub id: EventId,
    /// What happened: `job.succeeded`, `job.failed`, `job.canceled`, `job.expired`, or `webhook.test`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What it is about.
    pub data: WebhookData,
}

/// What an event is about.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct WebhookData {
    /// The job; absent in a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobObject>,
}

impl WebhookPayload {
    /// The type of a test send.
    pub const TEST: &'static str = "webhook.test";
    /// A larger body is sent without the result, which is then read at the job's `links.result`.
    pub const MAX_BODY: usize = 256 * 1024;

    /// The payload of a job's event; `job` is the job after it.
    pub fn of_job(event: &JobEvent, job: JobObject) -> Self {
        Self {
            id: event.id,
            kind: event.kind.as_str().to_owned(),
            timestamp: event.time,
            data: WebhookData { job: Some(job) },
        }
    }

    /// The payload of a test send.
    pub fn test(id: EventId, now: Timestamp) -> Self {
        Self { id, kind: Self::TEST.to_owned(), timestamp: now, data: WebhookData::default() }
    }

    /// The bytes to post: at most [`WebhookPayload::MAX_BODY`], for which the parts that can be read elsewhere are
    /// left out, the largest first: result, then artifacts and usage, then the caller's labels.
    pub fn into_body(mut self) -> Result<String, serde_json::Error> {
        let trims: [fn(&mut JobObject); 3] = [
            |job| job.result = None,
            |job| {
                job.artifacts.clear();
                job.usage = None;
            },
            |job| job.metadata.clear(),
        ];
        let mut body = serde_json::to_string(&self)?;
        for trim in trims {
            if body.len() <= Self::MAX_BODY {
                break;
            }
            if let Some(job) = &mut self.data.job {
                trim(job);
                body = serde_json::to_string(&self)?;
            }
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::job::testing::echo_job;
    use crate::job::{JobEnvelope, JobResult, JobState};

    fn event(result: &str) -> JobEvent {
        let clock = ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000));
        let webhook = Some("https://example.com".to_owned());
        let job = JobEnvelope { webhook, ..echo_job(&clock) };
        let mut event = JobEvent::submitted(Arc::new(job), &clock);
        event.state = JobState::Succeeded;
        event.kind = crate::job::EventKind::Succeeded;
        let inline = serde_json::value::to_raw_value(result).unwrap();
        event.result = Some(JobResult {
            content_type: "application/json".to_owned(),
            bytes: result.len() as u64,
            inline: Some(Arc::from(inline)),
            key: None,
        });
        event
    }

    fn body(event: &JobEvent) -> String {
        let job = JobObject::from_event(event, |_| String::new());
        WebhookPayload::of_job(event, job).into_body().unwrap()
    }

    #[test]
    fn the_body_names_event_type_and_job() {
        let event = event("done");
        let value: serde_json::Value = serde_json::from_str(&body(&event)).unwrap();
        assert_eq!(value["id"], event.id.to_string());
        assert_eq!(value["type"], "job.succeeded");
        assert_eq!(value["data"]["job"]["id"], event.job.id.to_string());
        assert_eq!(value["data"]["job"]["result"], "done");
    }

    #[test]
    fn a_large_result_is_left_to_its_link() {
        let event = event(&"x".repeat(WebhookPayload::MAX_BODY));
        let body = body(&event);
        assert!(body.len() < 4096);
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(value["data"]["job"].get("result").is_none());
        assert!(value["data"]["job"]["links"]["result"].is_string());
    }
}
