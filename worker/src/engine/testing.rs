//! What tests of engines share.

use std::sync::Arc;

use bytes::Bytes;
use common::clock::SystemClock;
use common::job::testing::echo_job;
use common::job::{JobEnvelope, JobId, RunId};
use common::objects::Objects;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::RunContext;
use crate::reply::ReplySink;

/// The first attempt of a job. `stream`: a caller waits for the answer as it grows (and hears nothing).
pub(crate) fn context(operation: &str, model: &str, input: &str, stream: bool) -> RunContext {
    let clock = SystemClock;
    let (id, run_id) = (JobId::new(&clock), RunId::new(&clock));
    let job = JobEnvelope {
        id,
        operation: operation.to_owned(),
        capability: operation.split('.').next().unwrap_or_default().to_owned(),
        model: model.to_owned(),
        input: RawValue::from_string(input.to_owned()).ok().map(Arc::from),
        stream,
        ..echo_job(&clock)
    };
    RunContext {
        job: Arc::new(job),
        run_id,
        attempt: 1,
        input: Bytes::copy_from_slice(input.as_bytes()),
        cancel: CancellationToken::new(),
        reply: ReplySink::silent(id, run_id, stream),
        clock: Arc::new(clock),
        objects: Objects::open("memory:///").expect("a store in memory needs nothing"),
        workspace: OnceCell::new(),
        workspace_root: std::env::temp_dir(),
    }
}
