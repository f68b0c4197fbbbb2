//! An answer that comes as one document.

use std::sync::Arc;

use common::error_code::ErrorCode;
use reqwest::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{self, BodyError};
use super::endpoint::Endpoint;
use super::upstream_error::{judge_report, judge_transport};
use crate::engine::{EngineError, Output};

/// The largest answer: embeddings of a few thousand texts fit.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Reads the answer; its bytes are the result, untouched.
pub(super) async fn read(response: Response, endpoint: &Endpoint) -> Result<Output, EngineError> {
    let body = body::read(response, MAX_BYTES).await.map_err(|error| match error {
        BodyError::Lost(error) => judge_transport(&error),
        BodyError::TooLarge => EngineError::fail(
            ErrorCode::UpstreamFailed,
            "the provider's answer is over the limit of 64 MiB",
        ),
    })?;
    let usage = match serde_json::from_slice::<Answer<'_>>(&body) {
        Ok(Answer { error: Some(_), .. }) => return Err(judge_report(&body, endpoint.key())),
        Ok(answer) => answer.usage.map(|usage| Arc::from(usage.to_owned())),
        Err(error) => {
            tracing::warn!(endpoint = %endpoint.name(), %error, "the endpoint's answer is no JSON object");
            return Err(EngineError::retry(
                ErrorCode::UpstreamFailed,
                "the provider's answer can not be understood",
            ));
        }
    };
    Ok(Output {
        content_type: "application/json".to_owned(),
        body,
        artifacts: Vec::new(),
        usage,
        load_ms: None,
    })
}
