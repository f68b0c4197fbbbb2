//! What a cloud's error means, in one sentence.
//!
//! The library tells a cloud's refusal only as text, with the address, the time it took and the answer's whole XML. Of
//! that people need the status and the cloud's own word for it; neither holds a secret.

use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

/// How much is told of an error that has no form we know.
const LONGEST: usize = 200;
/// What clouds say to credentials that are no good, whatever the status.
const BAD_CREDENTIALS: [&str; 7] = [
    "AuthenticationFailed",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidAuthenticationInfo",
    "InvalidToken",
    "SignatureDoesNotMatch",
];
const NO_BUCKET: [&str; 2] = ["NoSuchBucket", "ContainerNotFound"];
/// The services of a cloud that give credentials to its own machines are asked when there are no others.
const OWN_CREDENTIALS: [&str; 4] =
    ["/latest/api/token", "/latest/meta-data", "/computeMetadata/", "/metadata/identity/"];

/// The cloud's answer, as far as an error shows it.
struct Answer<'a> {
    status: Option<u16>,
    /// The cloud's word for it.
    code: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn of(text: &'a str) -> Self {
        let status =
            text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        let code =
            text.split_once("<Code>").and_then(|(_, rest)| Some(rest.split_once("</Code>")?.0));
        let is_word = |code: &&str| {
            !code.is_empty()
                && code.len() < 60
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Self { status, code: code.filter(is_word) }
    }

    /// Status and word, as in `403 AccessDenied`.
    fn words(&self) -> String {
        let status = self.status.map(|status| status.to_string());
        [status.as_deref(), self.code].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Whether not the object is missing but what should hold it.
pub(super) fn is_without_bucket(error: &object_store::Error) -> bool {
    let text = error.to_string();
    Answer::of(&text).code.is_some_and(|code| NO_BUCKET.contains(&code))
        // The word for it does not come with the answers to many at once.
        || text.contains(": The specified container does not exist.")
}

/// The sentence.
pub(super) fn told(error: &object_store::Error) -> String {
    let text = error.to_string();
    if OWN_CREDENTIALS.iter().any(|path| text.contains(path)) {
        return "no credentials are set, and this machine has none of its cloud".to_owned();
    }
    if is_without_bucket(error) {
        return "there is no such bucket or container, or not in this region".to_owned();
    }
    let answer = Answer::of(&text);
    let words = answer.words();
    match answer {
        Answer { code: Some(code), .. } if BAD_CREDENTIALS.contains(&code) => {
            format!("it does not accept the credentials ({words})")
        }
        Answer { status: Some(401), .. } => format!("it does not accept the credentials ({words})"),
        // Which of the two, the clouds do not always tell apart.
        Answer { status: Some(403), .. } => {
            format!("it refuses the credentials, or they do not permit this ({words})")
        }
        Answer { status: Some(_), .. } | Answer { code: Some(_), .. } => {
            format!("it answers {words}")
        }
        Answer { status: None, code: None } => {
            unanswered(error).unwrap_or_else(|| shortened(&text))
        }
    }
}

/// The sentence for a request that was not answered.
fn unanswered(error: &object_store::Error) -> Option<String> {
    let http = causes(error).find_map(|error| error.downcast_ref::<HttpError>())?;
    if http.kind() == HttpErrorKind::Timeout {
        return Some("no answer in time".to_owned());
    }
    let bottom = causes(http).last()?;
    Some(match http.kind() {
        HttpErrorKind::Connect => format!("it can not be reached: {bottom}"),
        _ => format!("the connection broke: {bottom}"),
    })
}

/// The error and what is below it.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The first line of a text, and not too much of it.
fn shortened(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(words: &str) -> String {
        let said = format!(
            "Error performing GET http://host/bucket/key in 2ms - Server returned non-2xx status code: {words}"
        );
        told(&object_store::Error::Generic { store: "S3", source: said.into() })
    }

    #[test]
    fn an_answer_is_told_by_its_status_and_word() {
        let xml =
            |code: &str| format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>");
        let cases = [
            (
                "403 Forbidden: ".to_owned(),
                "it refuses the credentials, or they do not permit this (403)",
            ),
            (
                format!("403 Forbidden: {}", xml("AccessDenied")),
                "it refuses the credentials, or they do not permit this (403 AccessDenied)",
            ),
            (
                format!("400 Bad Request: {}", xml("ExpiredToken")),
                "it does not accept the credentials (400 ExpiredToken)",
            ),
            ("401 Unauthorized: ".to_owned(), "it does not accept the credentials (401)"),
            (
                format!("404 Not Found: {}", xml("NoSuchBucket")),
                "there is no such bucket or container, or not in this region",
            ),
            (format!("503 Busy: {}", xml("SlowDown")), "it answers 503 SlowDown"),
            (format!("500 Oh: {}", xml("<script>")), "it answers 500"),
        ];
        for (words, sentence) in cases {
            assert_eq!(answered(&words), sentence);
        }
    }

    #[test]
    fn what_is_not_known_is_cut_to_a_line() {
        let source = format!("first\nsecond{}", "x".repeat(1000)).into();
        let error = object_store::Error::Generic { store: "S3", source };
        assert_eq!(told(&error), "Generic S3 error: first");
    }
}
