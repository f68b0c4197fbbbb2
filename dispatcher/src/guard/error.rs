//! Why a request got no answer, in words for the owner of the endpoint.

use std::error::Error;
use std::io::ErrorKind;

use common::egress::Blocked;

/// A request got no answer.
///
/// The text stands in the delivery log of the tenant. For a target that is not allowed it says only that: what was
/// found behind the name is nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// Nothing was sent: the egress policy forbids the target, or it can not be signed for.
    #[error("nothing was sent: {0}")]
    Blocked(String),
    /// The name has no address, or none in time. Reads like the above, so that nobody learns which names exist here.
    #[error("nothing was sent: {0}")]
    Unresolved(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection in time.
    #[error("no connection in time")]
    ConnectTimedOut,
    /// No connection.
    #[error("no connection: {0}")]
    NoConnection(&'static str),
    /// The connection stood, but no whole answer came.
    #[error("the connection ended before the answer was complete")]
    Broken,
}

impl SendError {
    /// What the client's error means.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        match find::<Blocked>(error) {
            Some(blocked @ Blocked::Unresolved) => return Self::Unresolved(blocked.to_string()),
            Some(blocked) => return Self::Blocked(blocked.to_string()),
            None => {}
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimedOut,
            (true, false) => Self::NoConnection(reason(error)),
            (false, true) => Self::TimedOut,
            (false, false) => Self::Broken,
        }
    }

    /// Whether it says anything about the health of the destination. A target that was never contacted is not ill.
    pub(crate) fn concerns_destination(&self) -> bool {
        !matches!(self, Self::Blocked(_))
    }
}

fn reason(error: &reqwest::Error) -> &'static str {
    if let Some(tls) = find::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(_) => {
                "the certificate does not fit the name or is not trusted"
            }
            _ => "the TLS handshake failed",
        };
    }
    match find::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => "refused",
        Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => "closed at once",
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => "unreachable",
        _ => "it failed",
    }
}

/// The first error of type `E` in the chain of causes. An I/O error hides its own cause one level deeper.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
