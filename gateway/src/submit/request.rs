//! What is submitted, whatever route it came by.

use std::collections::BTreeMap;

use bytes::Bytes;
use common::clock::Timestamp;
use common::job::{InputFile, JobId, Lane, ObjectRef, Tenant};

use common::operation::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::idempotency::Idempotency;

/// What becomes of the work when its caller or this gateway goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A plain synchronous call: promised to nobody, ends with its caller.
    Call,
    /// A durable job.
    Job,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "Sources")]
pub(crate) enum FileSource {
    /// A file that was uploaded with `POST /v1/files`.
    FileId(String),
    /// A URL, fetched before the job is accepted; the worker sees the content only.
    Url(String),
    /// The content itself: a `data:` URL, or bare base64.
    Data(String),
}

/// What a caller may write where one source belongs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    file_id: Option<String>,
    url: Option<String>,
    data: Option<String>,
}

impl TryFrom<Sources> for FileSource {
    type Error = &'static str;

    fn try_from(sources: Sources) -> Result<Self, Self::Error> {
        match (sources.file_id, sources.url, sources.data) {
            (Some(file), None, None) => Ok(Self::FileId(file)),
            (None, Some(url), None) => Ok(Self::Url(url)),
            (None, None, Some(data)) => Ok(Self::Data(data)),
            _ => Err("give exactly one of file_id, url, data"),
        }
    }
}

/// A file given with a job.
#[derive(Clone, Debug)]
pub(crate) enum GivenFile {
    /// Still to be found or fetched.
    Source(FileSource),
    /// In the object store already. Its name is the role.
    Stored(InputFile),
}

/// A job as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct SubmitRequest {
    /// What was wrong with it as it was read; such fields are left out of the rest.
    pub(crate) wrong: Vec<FieldError>,
    /// Whose job it will be.
    pub(crate) tenant: Tenant,
    /// The id under which files were stored already. It becomes the job's, unless a key stands for another one.
    pub(crate) id: Option<JobId>,
    /// What it shall do.
    pub(crate) operation: String,
    /// With which model; operations with just one need none.
    pub(crate) model: Option<String>,
    /// The operation's parameters as JSON, byte for byte.
    pub(crate) input: Bytes,
    /// Where the parameters lie, when they are stored already; `input` is then empty and not checked.
    pub(crate) input_object: Option<ObjectRef>,
    /// How the parameters are called in the request: `input` on native routes, nothing where they are the body.
    pub(crate) input_path: &'static str,
    /// Files by role.
    pub(crate) files: BTreeMap<String, GivenFile>,
    /// Its priority class, `normal` or `bulk`.
    pub(crate) lane: Lane,
    /// Not before this time.
    pub(crate) run_at: Option<Timestamp>,
    /// Not after this time.
    pub(crate) deadline: Option<Timestamp>,
    /// How many runs it may have.
    pub(crate) max_attempts: Option<u32>,
    /// Where its end is posted.
    pub(crate) webhook: Option<String>,
    /// The caller's own labels.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The caller's key for this request.
    pub(crate) idempotency: Option<Idempotency>,
    /// The job that it runs again.
    pub(crate) retry_of: Option<JobId>,
    /// Whether the caller outlives the request.
    pub(crate) durability: Durability,
    /// Whether this request waits for the answer.
    pub(crate) waits: bool,
    /// Whether it wants the answer as it grows.
    pub(crate) stream: bool,
}

impl SubmitRequest {
    /// A durable job of an operation, with nothing else said.
    pub(crate) fn new(tenant: Tenant, operation: impl Into<String>, input: Bytes) -> Self {
        Self {
            wrong: Vec::new(),
            tenant,
            id: None,
            operation: operation.into(),
            model: None,
            input,
            input_object: None,
            input_path: "input",
            files: BTreeMap::new(),
            lane: Lane::Normal,
            run_at: None,
            deadline: None,
            max_attempts: None,
            webhook: None,
            metadata: BTreeMap::new(),
            idempotency: None,
            retry_of: None,
            durability: Durability::Job,
            waits: false,
            stream: false,
        }
    }

    /// Makes it a plain call, unless something was asked for that a call can not promise.
    pub(crate) fn make_call_if_plain(&mut self) {
        let plain = self.webhook.is_none() && self.idempotency.is_none() && self.run_at.is_none();
        self.durability = if plain { Durability::Call } else { Durability::Job };
    }

    /// The name of a parameter in the request, for people.
    pub(super) fn input_field(&self, field: &str) -> String {
        match (self.input_path, field) {
            ("", "") => "body".to_owned(),
            ("", field) => field.to_owned(),
            (path, "") => path.to_owned(),
            (path, field) => format!("{path}.{field}"),
        }
    }
}
