//! What reads the input of strangers, called with any bytes; a broken promise is a panic. The crate `fuzz` calls these.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Host;

use crate::bus::subjects;
use crate::clock::{ManualClock, Timestamp};
use crate::config::Config;
use crate::egress::{EgressPolicy, Purpose};
use crate::job::{JobEnvelope, JobEvent, JobObject, Outcome, Run, RunId};
use crate::operation::Operation;
use crate::webhook::{
    SigningKeys, Verifier, WebhookPayload, decode_secret, encode_secret, public_key,
};

pub use crate::config::fuzzing::config;

static POLICY: LazyLock<EgressPolicy> =
    LazyLock::new(|| EgressPolicy::new(&Config::default().egress));

/// The envelope of a job: what is read is written again as the same bytes.
pub fn envelope(data: &[u8]) {
    let Some(envelope) = survives::<JobEnvelope>(data) else { return };
    let subject = subjects::job(&envelope);
    assert_eq!(subjects::last_token(&subject), envelope.id.to_string());
    // The capability is ours, whatever the caller writes.
    let ours = Operation::capabilities().contains(&envelope.capability.as_str());
    assert!(
        !ours || subject.bytes().all(|byte| byte > b' ' && byte != b'*' && byte != b'>'),
        "{subject:?}"
    );
}

/// An event: it survives the wire, and so does what may follow from it, what its owner sees and what is posted.
pub fn event(data: &[u8]) {
    let Some(event) = survives::<JobEvent>(data) else { return };
    let clock = ManualClock::new(event.time);
    let run = Run { id: RunId::new(&clock), worker_id: "w".to_owned() };
    for next in [
        event.started(&run, &clock),
        event.given_back(event.run_at, &clock),
        event.cancel(Duration::MAX, &clock),
        event.finished(Outcome::Expired, Some(&run), Duration::MAX, &clock),
    ] {
        match next {
            Ok(next) => {
                let written = serde_json::to_vec(&next).expect("it is plain data");
                assert!(survives::<JobEvent>(&written).is_some());
            }
            Err(error) => assert!(event.is_terminal(), "{error}"),
        }
    }
    let object = JobObject::from_event(&event, |artifact| artifact.key.clone());
    let body = WebhookPayload::of_job(&event, object).into_body().expect("it is plain data");
    serde_json::from_str::<serde_json::Value>(&body).expect("what is posted is JSON");
}

/// Names as subject tokens, and subjects read back.
pub fn subject(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let token = subjects::escape(&text);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte)));
    assert_eq!(subjects::unescape(&token).as_deref(), Some(&*text));
    if let Some(name) = subjects::unescape(&text) {
        assert_eq!(subjects::escape(&name), text);
    }
    if let Some((name, lane)) = subjects::parse_model_consumer(&text) {
        assert_eq!(subjects::model_consumer(&name, lane), text);
    }
    let _ = subjects::parse_work(&text);
}

/// A URL that passes the guard leads to nothing private, and passes again as it was understood.
pub fn url_guard(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let policy = &*POLICY;
    for purpose in [Purpose::Webhook, Purpose::Input] {
        let Ok(url) = policy.check_url(&text, purpose) else { continue };
        assert!(url.scheme() == "https" || purpose == Purpose::Input && url.scheme() == "http");
        assert!(url.username().is_empty() && url.password().is_none());
        assert_eq!(policy.check_url(url.as_str(), purpose).as_ref(), Ok(&url));
        match url.host().expect("a URL that passes has a host") {
            Host::Ipv4(address) => policy.check_address(address.into()).expect("it is public"),
            Host::Ipv6(address) => policy.check_address(address.into()).expect("it is public"),
            Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err(), "{name}"),
        }
    }
}

/// The headers of a webhook as a receiver reads them: four lines (key, id, timestamp, signatures), then the body.
pub fn webhook(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(5, '\n');
    let [key, id, timestamp, signatures, body] =
        std::array::from_fn(|_| lines.next().unwrap_or_default());
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    if let Ok(verifier) = Verifier::new(key) {
        let _ = verifier.verify(id, timestamp, signatures, body.as_bytes(), now);
    }
    let secret = decode_secret(key).unwrap_or_else(|| vec![7; 32]);
    let header =
        SigningKeys::new(vec![secret.clone()], &[3; 32]).sign(id, now.as_secs(), body.as_bytes());
    for key in [encode_secret(&secret), public_key(&[3; 32])] {
        let verifier = Verifier::new(&key).expect("it is a key");
        let check =
            |body: &[u8]| verifier.verify(id, &now.as_secs().to_string(), &header, body, now);
        check(body.as_bytes()).expect("what was signed fits");
        check(&[body.as_bytes(), b"x"].concat()).expect_err("what was not signed fits not");
    }
}

/// A time as callers write it is refused, or read and written as the same.
pub fn time(data: &[u8]) {
    let Ok(at) = Timestamp::parse(&String::from_utf8_lossy(data)) else { return };
    assert_eq!(Timestamp::parse(&at.to_string()).expect("it was written here"), at);
    for moved in [at.plus(Duration::MAX), at.minus(Duration::MAX)] {
        assert_eq!(Timestamp::parse(&moved.to_string()).expect("it was written here"), moved);
    }
}

/// The parameters of an operation; the first line names it.
pub fn operation(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (name, input) = text.split_once('\n').unwrap_or((&text, "{}"));
    let Ok(operation) = Operation::find(name.trim()) else { return };
    let Ok(input) = serde_json::from_str::<Box<serde_json::value::RawValue>>(input) else { return };
    if let Err(errors) = operation.check(&input) {
        assert!(!errors.is_empty());
    }
}

fn survives<T: Serialize + DeserializeOwned>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_string(&read).expect("it is plain data");
    let again: T = serde_json::from_str(&written).expect("it was written here");
    assert_eq!(serde_json::to_string(&again).expect("it is plain data"), written);
    Some(read)
}
