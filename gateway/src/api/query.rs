//! Parameters after the question mark.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::{ApiError, wrong_fields};

/// The query as `T`. A parameter that can not be read is named in the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string.
fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let message = error.inner().to_string();
        ApiError::invalid_field(wrong_fields::field(error.path(), &message), message)
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Filter {
        limit: Option<u32>,
        status: Option<String>,
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let error = parse_query::<Filter>("status=dead&limit=many").unwrap_err();
        assert_eq!(error.message(), "limit: must be a whole number");
        let filter: Filter = parse_query("status=a%20b").unwrap();
        assert_eq!((filter.limit, filter.status.as_deref()), (None, Some("a b")));
    }
}
