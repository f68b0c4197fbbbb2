//! A job as callers write it.

use std::collections::BTreeMap;

use bytes::Bytes;
use common::clock::Timestamp;
use common::job::{Lane, Tenant};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api::{ApiError, parse_fields};
use crate::submit::{FileSource, GivenFile, SubmitRequest};

/// A job to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRequest {
    /// What to do, for example `chat` or `video.trim`.
    #[schema(example = "chat")]
    operation: String,
    /// With which model; operations with just one need none.
    model: Option<String>,
    /// The operation's parameters.
    #[schema(value_type = Option<Object>)]
    input: Option<Box<RawValue>>,
    /// Files that the operation reads, by role, for example `source`.
    #[serde(default)]
    files: BTreeMap<String, FileSource>,
    /// `normal`, or `bulk` for work that yields to the rest.
    lane: Option<JobLane>,
    /// Not before this time, at most 30 days ahead.
    run_at: Option<Timestamp>,
    /// Not after this time: the job expires.
    deadline: Option<Timestamp>,
    /// How many runs it may have.
    #[schema(minimum = 1, maximum = 100)]
    max_attempts: Option<u32>,
    /// Where its end is posted.
    webhook: Option<String>,
    /// Your own labels: at most 32, keys of up to 64 and values of up to 512 characters.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// The lanes that a caller may name.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobLane {
    /// A durable job.
    Normal,
    /// A durable job that yields to the others, but is never starved.
    Bulk,
}

impl From<JobLane> for Lane {
    fn from(lane: JobLane) -> Self {
        match lane {
            JobLane::Normal => Self::Normal,
            JobLane::Bulk => Self::Bulk,
        }
    }
}

impl JobRequest {
    /// Reads a job as it is submitted for a tenant, in `lane` unless it names its own. Wrong fields are noted in it, to be
    /// answered together with those that are wrong by their meaning.
    pub(super) fn read(
        bytes: &[u8],
        tenant: Tenant,
        lane: Lane,
    ) -> Result<SubmitRequest, ApiError> {
        let (job, wrong) = parse_fields::<Self>(bytes)?;
        Ok(SubmitRequest { wrong, ..job.into_submit(tenant, lane) })
    }

    fn into_submit(self, tenant: Tenant, lane: Lane) -> SubmitRequest {
        let input = self.input.map_or_else(
            || Bytes::from_static(b"{}"),
            |raw| Bytes::from(Box::<str>::from(raw).into_string()),
        );
        let sources = self.files.into_iter().map(|(role, file)| (role, GivenFile::Source(file)));
        SubmitRequest {
            model: self.model,
            files: sources.collect(),
            lane: self.lane.map_or(lane, Lane::from),
            run_at: self.run_at,
            deadline: self.deadline,
            max_attempts: self.max_attempts,
            webhook: self.webhook,
            metadata: self.metadata,
            ..SubmitRequest::new(tenant, self.operation, input)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::parse_json;

    #[test]
    fn parameters_stay_as_they_were_written() {
        let body = br#"{"operation":"chat","input":{"temperature": 1.50, "x":[ ]},
            "files":{"source":{"file_id":"f"},"mark":{"url":"https://a/b"}}}"#;
        let request: JobRequest = parse_json(body).unwrap();
        let submit = request.into_submit("acme".parse().unwrap(), Lane::Bulk);
        assert_eq!(submit.input, r#"{"temperature": 1.50, "x":[ ]}"#);
        assert_eq!(submit.lane, Lane::Bulk);
        assert_eq!(submit.files.len(), 2);
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = parse_json::<JobRequest>(br#"{"operation":"chat","prio":1}"#).unwrap_err();
        assert_eq!(error.fields()[0].field, "prio");
        let error = parse_json::<JobRequest>(br#"{"operation":"chat","lane":"fast"}"#).unwrap_err();
        assert_eq!(error.fields()[0].field, "lane");
        let error =
            parse_json::<JobRequest>(br#"{"operation":"chat","run_at":"soon"}"#).unwrap_err();
        assert_eq!(error.fields()[0].field, "run_at");
    }
}
