//! Whether a request makes sense, before anything is stored. All wrong fields are named at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::bus::subjects;
use common::clock::Timestamp;
use common::job::{Lane, ObjectRef};
use common::operation::{FieldErrors, Operation};
use serde_json::value::RawValue;

use super::{Error, GivenFile, SubmitRequest};
use crate::api::note;
use crate::state::AppState;
use crate::webhooks::check_target;

/// Larger parameters go to the object store.
const INLINE_INPUT: usize = 256 * 1024;
const MAX_LABELS: usize = 32;
const MAX_LABEL_KEY: usize = 64;
const MAX_LABEL_VALUE: usize = 512;
const MAX_ATTEMPTS: u32 = 100;

/// A request that makes sense.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) request: SubmitRequest,
    pub(super) operation: &'static Operation,
    pub(super) model: String,
    pub(super) input: Input,
}

/// The parameters of a request that makes sense.
#[derive(Debug)]
pub(super) enum Input {
    /// As they came.
    Json(Arc<RawValue>),
    /// Stored already.
    Object(ObjectRef),
}

impl Draft {
    /// Whether its parameters are too large for a message.
    pub(super) fn is_large(&self) -> bool {
        matches!(&self.input, Input::Json(input) if input.get().len() > INLINE_INPUT)
    }

    /// How many bytes of parameters its events will carry.
    pub(super) fn inline_bytes(&self) -> u64 {
        match &self.input {
            Input::Json(input) if !self.is_large() => input.get().len() as u64,
            _ => 0,
        }
    }

    /// Whether its parameters are, or will be, an object.
    pub(super) fn has_object(&self) -> bool {
        self.is_large() || matches!(self.input, Input::Object(_))
    }
}

/// Checks everything that can be checked without the broker. The name of a webhook's host is looked up.
pub(super) async fn validate(state: &AppState, mut request: SubmitRequest) -> Result<Draft, Error> {
    let operation = Operation::find(&request.operation)?;
    let now = state.clock.now();
    let mut errors = FieldErrors::default();
    let model = request.model.clone().or_else(|| operation.default_model.map(str::to_owned));
    errors.check(model.is_some(), "model", "is missing: this operation needs the name of a model");
    let input = check_input(operation, &request, &mut errors);
    check_files(operation, &request.files, &mut errors);
    check_labels(&request.metadata, &mut errors);
    check_times(&request, now, state.config.gateway.max_delay, &mut errors);
    errors.check(
        request.lane != Lane::Interactive,
        "lane",
        "must be normal or bulk; a synchronous call is interactive by itself",
    );
    let attempts = request.max_attempts.unwrap_or(1);
    errors.check(
        (1..=MAX_ATTEMPTS).contains(&attempts),
        "max_attempts",
        format!("must be from 1 to {MAX_ATTEMPTS}"),
    );
    if let Some(webhook) = &request.webhook
        && let Err(refused) = check_target(state, "webhook", webhook).await
    {
        errors.push(refused.field, refused.message);
    }
    let mut wrong = std::mem::take(&mut request.wrong);
    note(&mut wrong, errors.into_result().err().into_iter().flatten());
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    // Both are there, or there was an error.
    let (Some(model), Some(input)) = (model, input) else {
        return Err(Error::Internal(
            "a request without model or input passed its checks".to_owned(),
        ));
    };
    check_model(state, operation, &model)?;
    Ok(Draft { request, operation, model, input })
}

/// Whether the model is one that callers may name.
fn check_model(state: &AppState, operation: &Operation, model: &str) -> Result<(), Error> {
    let token = subjects::escape(model);
    if token.is_empty() || token.len() > subjects::MAX_MODEL_TOKEN {
        return Err(Error::field(
            "model",
            "must have 1 to 200 characters, fewer with special ones",
        ));
    }
    state.catalog.check(operation, model).map_err(Error::from)
}

fn check_input(
    operation: &Operation,
    request: &SubmitRequest,
    errors: &mut FieldErrors,
) -> Option<Input> {
    if let Some(object) = &request.input_object {
        return Some(Input::Object(object.clone()));
    }
    let parsed = std::str::from_utf8(&request.input)
        .ok()
        .and_then(|text| serde_json::from_str::<Box<RawValue>>(text).ok());
    let Some(input) = parsed else {
        errors.push(request.input_field(""), "must be JSON");
        return None;
    };
    if let Err(wrong) = operation.check(&input) {
        for error in wrong {
            errors.push(request.input_field(&error.field), error.message);
        }
    }
    Some(Input::Json(input.into()))
}

fn check_files(
    operation: &Operation,
    files: &BTreeMap<String, GivenFile>,
    errors: &mut FieldErrors,
) {
    for &role in operation.required_files {
        if !files.contains_key(role) {
            errors
                .push(format!("files.{role}"), format!("is missing: {} needs it", operation.name));
        }
    }
    let roles: Vec<&str> =
        operation.required_files.iter().chain(operation.optional_files).copied().collect();
    for role in files.keys().filter(|role| !roles.contains(&role.as_str())) {
        let known = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
        errors.push(
            format!("files.{role}"),
            format!("is no file of {}; it takes: {known}", operation.name),
        );
    }
}

fn check_labels(metadata: &BTreeMap<String, String>, errors: &mut FieldErrors) {
    errors.check(
        metadata.len() <= MAX_LABELS,
        "metadata",
        format!("must have at most {MAX_LABELS} keys"),
    );
    for (key, value) in metadata.iter().take(MAX_LABELS) {
        let short: String = key.chars().take(MAX_LABEL_KEY).collect();
        let field = format!("metadata.{short}");
        let legal_key = (1..=MAX_LABEL_KEY).contains(&key.chars().count());
        errors.check(
            legal_key,
            &field,
            format!("must be a key of 1 to {MAX_LABEL_KEY} characters"),
        );
        let legal_value = value.chars().count() <= MAX_LABEL_VALUE;
        errors.check(
            legal_value,
            &field,
            format!("must have at most {MAX_LABEL_VALUE} characters"),
        );
    }
}

fn check_times(
    request: &SubmitRequest,
    now: Timestamp,
    max_delay: Duration,
    errors: &mut FieldErrors,
) {
    if let Some(run_at) = request.run_at {
        let days = max_delay.as_secs() / 86_400;
        errors.check(
            run_at <= now.plus(max_delay),
            "run_at",
            format!("must be within the next {days} days"),
        );
    }
    if let Some(deadline) = request.deadline {
        errors.check(deadline > now, "deadline", "must lie in the future");
        errors.check(
            request.run_at.is_none_or(|run_at| run_at < deadline),
            "deadline",
            "must lie after run_at",
        );
    }
}

#[cfg(test)]
mod tests {
    use common::job::Tenant;

    use super::*;

    fn request() -> SubmitRequest {
        let tenant: Tenant = "acme".parse().unwrap();
        SubmitRequest::new(tenant, "diagnostic.sleep", bytes::Bytes::from_static(b"{}"))
    }

    fn fields(errors: FieldErrors) -> Vec<String> {
        errors.into_result().unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn parameters_are_named_as_they_stand_in_the_request() {
        let operation = Operation::find("diagnostic.sleep").unwrap();
        let mut errors = FieldErrors::default();
        let mut request = request();
        request.input = bytes::Bytes::from_static(br#"{"ms": 99999999999}"#);
        check_input(operation, &request, &mut errors);
        request.input_path = "";
        check_input(operation, &request, &mut errors);
        assert_eq!(fields(errors), ["input.ms", "ms"]);
    }

    #[test]
    fn labels_have_limits() {
        let mut errors = FieldErrors::default();
        let mut labels = BTreeMap::from([("k".repeat(65), String::new())]);
        labels.insert("ok".to_owned(), "ü".repeat(512));
        labels.insert("long".to_owned(), "v".repeat(513));
        check_labels(&labels, &mut errors);
        assert_eq!(fields(errors).len(), 2);
        let mut errors = FieldErrors::default();
        let many = (0..33).map(|n| (n.to_string(), String::new())).collect();
        check_labels(&many, &mut errors);
        assert_eq!(fields(errors), ["metadata"]);
    }

    #[test]
    fn times_must_be_possible() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let day = Duration::from_hours(24);
        let mut errors = FieldErrors::default();
        let mut request = request();
        request.run_at = Some(now.plus(31 * day));
        request.deadline = Some(now);
        check_times(&request, now, 30 * day, &mut errors);
        assert_eq!(fields(errors), ["run_at", "deadline", "deadline"]);
        let mut errors = FieldErrors::default();
        request.run_at = Some(now.plus(day));
        request.deadline = Some(now.plus(2 * day));
        check_times(&request, now, 30 * day, &mut errors);
        assert!(errors.into_result().is_ok());
    }

    #[test]
    fn files_have_known_roles() {
        let operation = Operation::find("diagnostic.echo").unwrap();
        let mut errors = FieldErrors::default();
        let file = GivenFile::Stored(common::job::InputFile {
            name: "extra".into(),
            key: "k".into(),
            content_type: "text/plain".into(),
            bytes: 1,
        });
        check_files(operation, &BTreeMap::from([("extra".to_owned(), file)]), &mut errors);
        assert_eq!(fields(errors), ["files.extra"]);
    }
}
