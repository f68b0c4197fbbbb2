//! Jobs for tests: small, and whole as a gateway writes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::{JobEnvelope, JobId, JobResult, Lane, Outcome};
use crate::clock::Clock;

/// An echo job of the tenant `acme` that was accepted just now. A test writes the fields that matter to it over this.
pub fn echo_job(clock: &dyn Clock) -> JobEnvelope {
    JobEnvelope {
        v: JobEnvelope::VERSION,
        id: JobId::new(clock),
        tenant: "acme".parse().expect("a legal tenant"),
        operation: "diagnostic.echo".to_owned(),
        capability: "diagnostic".to_owned(),
        model: "diagnostic".to_owned(),
        lane: Lane::Normal,
        max_attempts: 3,
        created_at: clock.now(),
        run_at: None,
        deadline: None,
        input: Some(json(r#"{"text":"hello"}"#)),
        input_object: None,
        files: Vec::new(),
        webhook: None,
        metadata: BTreeMap::new(),
        retry_of: None,
        fingerprint: None,
        reply_to: None,
        stream: false,
    }
}

/// A success with this small JSON result.
pub fn success(result: &str) -> Outcome {
    let result = JobResult {
        content_type: "application/json".to_owned(),
        bytes: result.len() as u64,
        inline: Some(json(result)),
        key: None,
    };
    Outcome::Succeeded { result: Some(result), artifacts: Vec::new(), usage: None, load_ms: None }
}

/// JSON as jobs carry it: byte for byte.
pub fn json(text: &str) -> Arc<RawValue> {
    RawValue::from_string(text.to_owned()).expect("a test writes JSON").into()
}
