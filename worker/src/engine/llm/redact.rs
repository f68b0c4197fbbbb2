//! What a provider says about a failure, made fit for the caller: no keys, no paths, no addresses, no payloads.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// The longest text that is passed on, in bytes.
pub(super) const MAX_BYTES: usize = 1024;

/// More than this of a provider's text is not even looked at.
const MAX_READ: usize = 16 * 1024;

/// What must not pass, and what stands in its place; earlier ones take precedence.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"data:[\w.+/-]*(;[\w=.+-]+)*;base64,[A-Za-z0-9+/=_-]*", "[data]"),
        (r#"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>)\]}]+"#, "[url]"),
        (r"(?i)\b(bearer|basic)\s+[^\s,;]+", "$1 [key]"),
        (
            r"(?i)\b(api[-_ ]?key|authorization|token|secret|password)(['\x22]?\s*[:=]\s*['\x22]?)[^\s,;'\x22]+",
            "$1$2[key]",
        ),
        (r"\b(?:(?:sk|pk|rk|gsk|hf|xai|mr|nvapi|r8|ghp)[-_]|AIza)[A-Za-z0-9*._-]{4,}", "[key]"),
        (r"\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*", "[key]"),
        (r"[A-Za-z0-9+/_-]{40,}={0,2}", "[data]"),
        (r#"\b[A-Za-z]:\\[^\s"'`<>|]+"#, "[path]"),
        (r#"(^|[\s"'`(=:,\[])(?:~|\.{1,2})?(?:/[\w.@+%-]+){2,}/?"#, "$1[path]"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "[address]"),
        (r"(?i)(?:\blocalhost|\[[0-9a-f:]*:[0-9a-f:]+\]):\d+\b", "[address]"),
    ]
    .into_iter()
    .map(|(pattern, replacement)| {
        (Regex::new(pattern).expect("the patterns are constant and a test uses each"), replacement)
    })
    .collect()
});

/// `text` without what must not pass, on one line, at most [`MAX_BYTES`] long. `secret` is the endpoint's own key.
pub(super) fn redact(text: &str, secret: Option<&str>) -> String {
    let mut text = Cow::Borrowed(truncate(text, MAX_READ));
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        text = Cow::Owned(text.replace(secret, "[key]"));
    }
    for (pattern, replacement) in RULES.iter() {
        if let Cow::Owned(redacted) = pattern.replace_all(&text, *replacement) {
            text = Cow::Owned(redacted);
        }
    }
    let line = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    truncate(&line, MAX_BYTES).to_owned()
}

/// The first `limit` bytes, without a broken character at the end.
fn truncate(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_pass_does_not() {
        let cases = [
            ("Incorrect API key provided: sk-abcd1234***wxyz.", "sk-abcd"),
            ("api_key=abc123 is wrong", "abc123"),
            ("header Authorization: Bearer abc.def", "abc.def"),
            ("bad token eyJhbGciOi.eyJzdWIi.sig", "eyJ"),
            ("cannot fetch https://user:pw@internal:8000/v1/x?y=1", "internal"),
            ("connect to 10.1.2.3:8000 failed", "10.1.2.3"),
            ("connect to localhost:11434 failed", "11434"),
            ("connect to [::1]:8000 failed", "::1"),
            ("File \"/usr/lib/python3/site-packages/x.py\", line 3", "/usr/lib"),
            ("cannot open ../models/secret/x.gguf", "secret"),
            ("cannot open C:\\Users\\me\\model.gguf", "Users"),
            ("image data:image/png;base64,iVBORw0KGgo= is broken", "iVBOR"),
            ("got AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDhA0123456789", "AAAAB3"),
            ("the key hunter2 is unknown", "hunter2"),
        ];
        for (text, forbidden) in cases {
            let redacted = redact(text, Some("hunter2"));
            assert!(!redacted.contains(forbidden), "{text} became {redacted}");
            assert!(redacted.contains('['), "{text} became {redacted}");
        }
    }

    #[test]
    fn what_helps_the_caller_stays() {
        for text in [
            "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
            "The model `meta-llama/Llama-3.1-8B-Instruct` does not exist",
            "Invalid value: 'tool'. Supported values are: 'system', 'user'.",
            "messages[0].content and/or tools must be given",
            "sketchy-model-7b has no mr-t",
        ] {
            assert_eq!(redact(text, None), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let redacted = redact(&"h\u{e9} ".repeat(2000), None);
        assert!(redacted.len() <= MAX_BYTES && redacted.len() > MAX_BYTES - 4);
        assert_eq!(redact("two\n\tlines\u{7}", None), "two lines");
    }
}
