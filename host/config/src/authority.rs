//! `HOST[:PORT]` of an HTTPS server.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::host::HostError;
use crate::{Host, Origin, Scheme};

/// A host and port that speak HTTPS, written `HOST[:PORT]`; port 443 unless said
/// otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority {
    host: Host,
    port: u16,
}

impl Authority {
    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Parses `HOST[:PORT]` of a service whose usual port is another than 443.
    pub(crate) fn with_usual_port(text: &str, usual: u16) -> Result<Self, AuthorityError> {
        if let Some((_, rest)) = text.split_once("://") {
            return Err(AuthorityError::IsUrl(corrected(rest)));
        }
        if text.contains('/') {
            return Err(AuthorityError::HasPath(corrected(text)));
        }
        let (host, port) = Host::split_port(text)?;
        let port = port.unwrap_or(usual);
        Ok(Self { host, port })
    }

    /// The authority as an `https` origin.
    pub fn origin(&self) -> Origin {
        Origin::new(Scheme::Https, self.host.clone(), self.port)
    }
}

impl FromStr for Authority {
    type Err = AuthorityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::with_usual_port(text, Scheme::Https.default_port())
    }
}

/// What to write instead of a URL, or nothing if that cannot be told.
fn corrected(text: &str) -> String {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.parse::<Authority>() {
        Ok(authority) => format!(": `{authority}`"),
        Err(_) => String::new(),
    }
}

/// Shows the port unless it is 443.
impl Display for Authority {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let default = Scheme::Https.default_port();
        self.host.fmt_with_port(self.port, Some(default), f)
    }
}

/// Not `HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// A URL instead of its authority.
    #[error("this is a URL; leave out the scheme and path{0}")]
    IsUrl(String),
    /// A path behind the authority.
    #[error("leave out the path{0}")]
    HasPath(String),
    /// The host or the port is malformed.
    #[error(transparent)]
    Host(#[from] HostError),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{Authority, AuthorityError};
    use crate::HostError;

    fn refusal(text: &str) -> AuthorityError {
        text.parse::<Authority>().unwrap_err()
    }

    #[test]
    fn the_port_is_443_unless_said_otherwise() {
        let authority: Authority = "C0FFEE.credentials.iot.eu-west-1.amazonaws.com"
            .parse()
            .unwrap();
        assert_eq!(authority.port(), 443);
        assert_eq!(
            authority.to_string(),
            "c0ffee.credentials.iot.eu-west-1.amazonaws.com"
        );
        let authority: Authority = "[::1]:8443".parse().unwrap();
        assert_eq!(authority.to_string(), "[::1]:8443");
        assert_eq!(authority.origin().to_string(), "https://[::1]:8443");
    }

    #[test]
    fn a_url_is_refused_with_the_value_to_write_instead() {
        for url in [
            "https://Host.example/",
            "https://host.example:443/role-aliases/a/credentials",
            "http://host.example",
        ] {
            assert_eq!(
                refusal(url).to_string(),
                "this is a URL; leave out the scheme and path: `host.example`"
            );
        }
        assert_eq!(
            refusal("host.example:8443/x").to_string(),
            "leave out the path: `host.example:8443`"
        );
        assert_eq!(
            refusal("https://").to_string(),
            "this is a URL; leave out the scheme and path"
        );
    }

    #[test]
    fn a_user_in_front_of_the_host_is_refused() {
        assert_eq!(
            refusal("user@host"),
            AuthorityError::Host(HostError::Character('@'))
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_authority(host in "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,3}", port in 1..=u16::MAX) {
            let authority: Authority = format!("{host}:{port}").parse().unwrap();
            prop_assert_eq!(authority.to_string().parse(), Ok(authority));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<Authority, _> = text.parse();
        }
    }
}
