//! Origins of HTTP servers.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use http::Uri;

use crate::Host;
use crate::host::HostError;

keyword! {
    /// How a server is spoken to.
    Scheme {
        /// Plain HTTP.
        Http = "http",
        /// HTTP over TLS.
        Https = "https",
    }
}

impl Scheme {
    /// The port that a URL of the scheme means when it names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port (RFC 6454), written `https://HOST[:PORT]`. Two ways to
/// write the same origin are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of these three.
    pub fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        Self { scheme, host, port }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST[:PORT]` as it stands in a `Host` header: with the port unless it is
    /// the scheme's default.
    pub fn authority(&self) -> String {
        let default = Some(self.scheme.default_port());
        fmt::from_fn(|f| self.host.fmt_with_port(self.port, default, f)).to_string()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, authority) = split(text)?;
        let (host, port) = Host::split_port(authority)?;
        Ok(Self::new(
            scheme,
            host,
            port.unwrap_or(scheme.default_port()),
        ))
    }
}

/// Splits `scheme://authority[/]`, refusing whatever else a URL could have.
pub(crate) fn split(text: &str) -> Result<(Scheme, &str), OriginError> {
    let (scheme, rest) = text.split_once("://").ok_or(OriginError::NoScheme)?;
    let scheme = parse_scheme(scheme)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(OriginError::HasPath);
    }
    if authority.contains('@') {
        return Err(OriginError::HasUser);
    }
    Ok((scheme, authority))
}

fn parse_scheme(text: &str) -> Result<Scheme, OriginError> {
    text.to_ascii_lowercase()
        .parse()
        .map_err(|_| OriginError::Scheme)
}

/// The origin of a request's absolute URI.
impl TryFrom<&Uri> for Origin {
    type Error = OriginError;

    fn try_from(uri: &Uri) -> Result<Self, Self::Error> {
        let scheme = parse_scheme(uri.scheme_str().ok_or(OriginError::NoScheme)?)?;
        let authority = uri.authority().ok_or(HostError::Empty)?.as_str();
        if authority.contains('@') {
            return Err(OriginError::HasUser);
        }
        let (host, port) = Host::split_port(authority)?;
        Ok(Self::new(
            scheme,
            host,
            port.unwrap_or(scheme.default_port()),
        ))
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

/// Not `http://HOST[:PORT]` or `https://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// No scheme.
    #[error("the scheme is missing; write https://HOST[:PORT]")]
    NoScheme,
    /// Neither `http` nor `https`.
    #[error("the scheme must be http or https")]
    Scheme,
    /// A path, query or fragment.
    #[error(
        "leave out what follows the host and port; a path, query or fragment has no place here"
    )]
    HasPath,
    /// A user or password.
    #[error("leave out the user in front of `@`")]
    HasUser,
    /// A `*` that is not the whole first label of a name.
    #[error("a `*` can only stand in front of a name, as in https://*.example.com")]
    Wildcard,
    /// The host or the port is malformed.
    #[error(transparent)]
    Host(#[from] HostError),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::Uri;
    use proptest::prelude::*;

    use super::{Origin, OriginError};
    use crate::HostError;

    fn origin(text: &str) -> Result<Origin, OriginError> {
        text.parse()
    }

    #[test]
    fn ways_to_write_the_same_origin_are_equal() {
        for (a, b) in [
            ("https://example.com", "HTTPS://EXAMPLE.com:443/"),
            ("http://example.com", "http://example.com:80"),
            ("https://[::1]", "https://[0:0::1]:443"),
        ] {
            assert_eq!(origin(a).unwrap(), origin(b).unwrap());
        }
        assert_ne!(origin("http://a").unwrap(), origin("https://a").unwrap());
        assert_ne!(
            origin("https://a").unwrap(),
            origin("https://a:444").unwrap()
        );
    }

    #[test]
    fn refuses_what_is_more_or_less_than_an_origin() {
        for (text, error) in [
            ("example.com", OriginError::NoScheme),
            ("ftp://example.com", OriginError::Scheme),
            ("https://example.com/bucket", OriginError::HasPath),
            ("https://example.com?x", OriginError::HasPath),
            ("https://example.com#x", OriginError::HasPath),
            ("https://user:pw@example.com", OriginError::HasUser),
            ("https://", OriginError::Host(HostError::Empty)),
            ("https://a:b", OriginError::Host(HostError::Port)),
        ] {
            assert_eq!(origin(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_request_has_the_origin_of_its_uri() {
        let uri = Uri::from_static("https://Example.com/role-aliases/a/credentials?x");
        assert_eq!(Origin::try_from(&uri), origin("https://example.com"));
        let uri = Uri::from_static("https://user@example.com/");
        assert_eq!(Origin::try_from(&uri), Err(OriginError::HasUser));
        let uri = Uri::from_static("/path");
        assert_eq!(Origin::try_from(&uri), Err(OriginError::NoScheme));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_origin(tls: bool, address: std::net::IpAddr, port in 1..=u16::MAX) {
            let scheme = if tls { super::Scheme::Https } else { super::Scheme::Http };
            let shown = Origin::new(scheme, address.into(), port);
            prop_assert_eq!(origin(&shown.to_string()), Ok(shown));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(https?://)?\\PC*") {
            let _ = origin(&text);
        }
    }
}
