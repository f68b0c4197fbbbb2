//! What every route shares: the error body and the extractors that answer with it.

mod body;
pub(crate) mod error;
pub(crate) mod jobs;
mod json;
mod multipart;
mod path;
mod query;
mod words;
mod wrong_fields;

pub(crate) use body::ApiBody;
pub(crate) use body::media_type;
pub(crate) use error::{ApiError, ErrorBody, ErrorCause, ErrorDetail};
pub(crate) use json::{ApiFields, ApiJson, parse_fields, parse_json};
pub(crate) use multipart::{ApiMultipart, part_error};
pub(crate) use path::ApiPath;
pub(crate) use query::ApiQuery;
pub(crate) use wrong_fields::note;
