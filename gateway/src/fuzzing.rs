//! What reads the input of strangers, called with any bytes; a broken promise is a panic. The crate `fuzz` calls these.

use std::time::Duration;

use common::clock::SystemClock;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::auth::presented_key;
use crate::middleware::RequestId;
use crate::style::{CallStyle, Mode};

pub use crate::api::jobs::fuzzing::{body, query};
pub use crate::files::fuzzing::file;
pub use crate::inputs::fuzzing::data_url;
pub use crate::openai::fuzzing::peek;

const MAX_WAIT: Duration = Duration::from_mins(10);

/// The headers of a request, a line for each: the call style, the key, the id of the request.
pub fn headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    if let Ok(style) = CallStyle::read(&headers, Mode::Sync, MAX_WAIT) {
        assert!(!matches!(style.mode, Mode::Wait(wait) if wait > MAX_WAIT));
        assert!(style.idempotency_key.as_ref().is_none_or(|key| (1..=255).contains(&key.len())));
        // What was followed is told, and read as the same again.
        if let Some((_, applied)) = style.preference_applied() {
            let told =
                HeaderMap::from_iter([(http::header::HeaderName::from_static("prefer"), applied)]);
            let again = CallStyle::read(&told, Mode::Sync, MAX_WAIT).ok().map(|style| style.mode);
            assert_eq!(again, Some(style.mode));
        }
    }
    assert!(
        presented_key(&headers).is_ok_and(|key| !key.is_empty())
            || presented_key(&headers).is_err()
    );
    let id = RequestId::of(&headers, &SystemClock);
    assert_eq!(id.header_value(), id.as_str());
}
