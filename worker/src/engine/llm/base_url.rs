//! Where an OpenAI-compatible endpoint lies.

use std::fmt;

use url::Url;

/// The address below which the routes of an OpenAI-compatible API lie.
///
/// A URL without a path gets `/v1`, where such servers have their API; one with a path is taken as it stands. So
/// `http://localhost:11434` and `http://localhost:11434/v1` are the same endpoint. A query (for example an API
/// version) is sent with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// The text is no address of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is no URL.
    #[error("'{0}' is no URL; write it like http://localhost:11434")]
    NotAUrl(String),
    /// It is not HTTP.
    #[error("'{0}' is not http or https")]
    Scheme(String),
    /// It carries a user or a password.
    #[error("the URL must not carry a user or password; the endpoint's key has its own setting")]
    Credentials,
}

impl BaseUrl {
    /// Reads an operator's setting.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        let mut url = Url::parse(text).map_err(|_| BaseUrlError::NotAUrl(text.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        url.set_fragment(None);
        let path = match url.path().trim_end_matches('/') {
            "" => "/v1".to_owned(),
            path => path.to_owned(),
        };
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of a route, for example `chat/completions`.
    pub(super) fn route(&self, route: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{route}", self.0.path()));
        url
    }
}

/// Host and port: what logs call the endpoint. A query may hold a secret and is not shown.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_is_added_where_there_is_no_path() {
        for (text, chat) in [
            ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
            ("http://localhost:11434/", "http://localhost:11434/v1/chat/completions"),
            ("http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
            (
                "https://a.example/openai/v1?api-version=2",
                "https://a.example/openai/v1/chat/completions?api-version=2",
            ),
            (
                "https://a.example/v1beta/openai#x",
                "https://a.example/v1beta/openai/chat/completions",
            ),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().route("chat/completions").as_str(), chat);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        assert!(matches!(BaseUrl::parse("localhost:11434"), Err(BaseUrlError::Scheme(_))));
        assert!(matches!(BaseUrl::parse("nonsense"), Err(BaseUrlError::NotAUrl(_))));
        assert!(matches!(BaseUrl::parse("ftp://a.example"), Err(BaseUrlError::Scheme(_))));
        assert_eq!(BaseUrl::parse("https://u:p@a.example"), Err(BaseUrlError::Credentials));
    }

    #[test]
    fn logs_show_host_and_port_only() {
        let url = BaseUrl::parse("https://a.example:8443/v1?key=secret").unwrap();
        assert_eq!(url.to_string(), "a.example:8443");
    }
}
