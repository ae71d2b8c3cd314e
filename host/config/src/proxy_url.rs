//! The address of an HTTP proxy.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::host::HostError;
use crate::{Host, Scheme};

/// An HTTP proxy, written `http://[USER:PASSWORD@]HOST[:PORT]`; the scheme may be
/// left out, as is common in `HTTPS_PROXY`.
///
/// Neither `Display` nor `Debug` shows user or password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: Scheme,
    host: Host,
    port: u16,
    credentials: Option<ProxyCredentials>,
}

impl ProxyUrl {
    /// How the proxy itself is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The proxy's host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the proxy wants to be told before it works for us.
    pub fn credentials(&self) -> Option<&ProxyCredentials> {
        self.credentials.as_ref()
    }
}

impl FromStr for ProxyUrl {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => {
                let scheme = scheme.to_ascii_lowercase().parse();
                (scheme.map_err(|_| ProxyUrlError::Scheme)?, rest)
            }
            None => (Scheme::Http, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        if authority.contains(['/', '?', '#']) {
            return Err(ProxyUrlError::HasPath);
        }
        // Not the host's own error: it names a character, which could be one of
        // a password with an unescaped `@` or `/`.
        let (host, port) = Host::split_port(authority).map_err(ProxyUrlError::of_host)?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            credentials: user.map(ProxyCredentials::decode).transpose()?,
        })
    }
}

/// Shows `***@` in place of user and password.
impl Display for ProxyUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let user = if self.credentials.is_some() {
            "***@"
        } else {
            ""
        };
        write!(f, "{}://{user}{}:{}", self.scheme, self.host, self.port)
    }
}

impl Debug for ProxyUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// User and password of a proxy, without percent-encoding. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCredentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl ProxyCredentials {
    /// The user's name, which has no `:`.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }

    fn decode(text: &str) -> Result<Self, ProxyUrlError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let decode = |text: &str| {
            let decoded = Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>());
            match std::str::from_utf8(&decoded) {
                Ok(text) if !text.chars().any(char::is_control) => {
                    Ok(Zeroizing::new(text.to_owned()))
                }
                _ => Err(ProxyUrlError::Credentials),
            }
        };
        let (user, password) = (decode(user)?, decode(password)?);
        // Basic authentication could not tell where such a name ends (RFC 7617 §2).
        if user.contains(':') {
            return Err(ProxyUrlError::Credentials);
        }
        Ok(Self { user, password })
    }
}

impl Debug for ProxyCredentials {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials(***)")
    }
}

/// Not a proxy's address. Never quotes it, since it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Neither `http` nor `https`.
    #[error("the proxy's scheme must be http or https; SOCKS proxies are not supported")]
    Scheme,
    /// A path, query or fragment.
    #[error(
        "a proxy is http://[USER:PASSWORD@]HOST[:PORT] without a path; \
         percent-encode / ? # in a password as %2F %3F %23"
    )]
    HasPath,
    /// The host is malformed.
    #[error("a proxy is http://[USER:PASSWORD@]HOST[:PORT]; its host is not valid")]
    Host,
    /// The port is malformed.
    #[error(
        "a proxy is http://[USER:PASSWORD@]HOST[:PORT]; its port must be a number from 1 to 65535"
    )]
    Port,
    /// User or password are not text, have control characters, or the user a colon.
    #[error(
        "the proxy's user or password is not valid: it must be percent-encoded UTF-8 without control characters"
    )]
    Credentials,
}

impl ProxyUrlError {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    fn of_host(error: HostError) -> Self {
        match error {
            HostError::Port => Self::Port,
            _ => Self::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{ProxyUrl, ProxyUrlError};

    fn parse(text: &str) -> Result<ProxyUrl, ProxyUrlError> {
        text.parse()
    }

    #[test]
    fn reads_the_forms_in_common_use() {
        for (text, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("http://proxy/", "http://proxy:80"),
            ("https://[::1]", "https://[::1]:443"),
            ("http://me:secret@proxy:1", "http://***@proxy:1"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let proxy = parse("http://me%40corp:p%3a%2fss@w@proxy").unwrap();
        let credentials = proxy.credentials().unwrap();
        assert_eq!(credentials.user(), "me@corp");
        assert_eq!(credentials.password(), "p:/ss@w");
    }

    #[test]
    fn refuses_what_is_no_http_proxy() {
        for (text, error) in [
            ("socks5://proxy", ProxyUrlError::Scheme),
            ("http://proxy/path", ProxyUrlError::HasPath),
            ("http://", ProxyUrlError::Host),
            ("http://proxy:port", ProxyUrlError::Port),
            ("http://a%ff@proxy", ProxyUrlError::Credentials),
            ("http://a%0d%0aX@proxy", ProxyUrlError::Credentials),
            ("http://a%3ab:c@proxy", ProxyUrlError::Credentials),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_shows_the_password(password in "[A-Z]{8,12}", tail in "(@proxy(:[0-9]{1,6})?)?(/.*)?") {
            let shown = match parse(&format!("http://me:{password}{tail}")) {
                Ok(proxy) => format!("{proxy} {proxy:?} {:?}", proxy.credentials()),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!shown.contains(&password), "{}", shown);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
