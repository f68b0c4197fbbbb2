//! Why a target is refused.

/// A target is refused. The text may be shown to the caller: it tells what is wrong with the URL, but of a name only
/// that it can not be used, never whether it exists or where it leads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Not a URL that every parser understands alike.
    #[error("it is not an absolute http or https URL in its plain form: {0}")]
    Malformed(&'static str),
    /// Only https may be used here.
    #[error("it must begin with https://")]
    Insecure,
    /// The port is not one that may be reached.
    #[error("port {0} may not be reached")]
    Port(u16),
    /// The address, or one of the addresses of the name, is denied.
    #[error("the host can not be used as a target")]
    Denied,
    /// The name has no address, or none was found in time.
    #[error("the host can not be used as a target")]
    Unresolved,
}
