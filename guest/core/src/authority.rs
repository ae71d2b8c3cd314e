//! `HOST[:PORT]`, as it stands in URIs and in the `Host` header.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// A host and an optional port. Displays exactly as sent on the wire: names in lower case,
/// IPv6 addresses in brackets and in their canonical form (RFC 5952).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: Host,
    port: Option<NonZeroU16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Authority {
    /// The same authority without a port that the scheme implies anyway, because clients
    /// leave it out of `Host` and a signature covers what is sent.
    #[must_use]
    pub fn without_port(mut self, default: u16) -> Self {
        if self.port.map(NonZeroU16::get) == Some(default) {
            self.port = None;
        }
        self
    }

    /// Whether the host is an address and not a name.
    pub fn is_address(&self) -> bool {
        !matches!(self.host, Host::Name(_))
    }
}

impl FromStr for Authority {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.contains("://") || text.contains('/') {
            let error = invalid(text, "is a URL where only HOST[:PORT] belongs");
            return Err(error.with_cure("leave out the scheme and everything after the host"));
        }
        let (host, port) = split(text)?;
        let port = port.map(|port| parse_port(text, port)).transpose()?;
        let host = match host.strip_prefix('[') {
            Some(_) => Host::V6(parse_v6(text, host)?),
            None => parse_name(text, host)?,
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::V4(address) => write!(f, "{address}")?,
            Host::V6(address) => write!(f, "[{address}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), Error> {
    let end_of_address = text.rfind(']').unwrap_or(0);
    match text.rfind(':') {
        Some(colon) if colon > end_of_address => {
            let (host, port) = (&text[..colon], &text[colon + 1..]);
            if !host.starts_with('[') && host.contains(':') {
                let error = invalid(text, "has more than one colon");
                return Err(error.with_cure("put an IPv6 address in brackets, like [::1]:443"));
            }
            Ok((host, Some(port)))
        }
        _ => Ok((text, None)),
    }
}

fn parse_port(text: &str, port: &str) -> Result<NonZeroU16, Error> {
    // `str::parse` alone would accept a sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| port.parse().ok()).flatten();
    number.ok_or_else(|| invalid(text, "does not end in a port of 1 to 65535"))
}

fn parse_v6(text: &str, host: &str) -> Result<Ipv6Addr, Error> {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| invalid(text, "has no IPv6 address between its brackets"))
}

fn parse_name(text: &str, host: &str) -> Result<Host, Error> {
    if let Ok(address) = host.parse() {
        return Ok(Host::V4(address));
    }
    let labels_fit = host.split('.').all(is_label);
    // WHATWG URL: a name whose last label is a number is an IPv4 address, perhaps a
    // disguised one (`127.1`), and resolvers treat it so.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit());
    if !labels_fit || numeric || host.len() > 253 {
        return Err(invalid(text, "is not a host name or address"));
    }
    Ok(Host::Name(host.to_ascii_lowercase()))
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn invalid(text: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("`{}` {why}", excerpt(text)),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<Authority>().unwrap().to_string()
    }

    #[test]
    fn names_and_addresses_are_shown_as_sent() {
        assert_eq!(shown("Example.COM"), "example.com");
        assert_eq!(shown("localhost:8443"), "localhost:8443");
        assert_eq!(shown("127.0.0.1:9"), "127.0.0.1:9");
        assert_eq!(shown("[0:0::1]:443"), "[::1]:443");
        assert_eq!(shown("[::1]"), "[::1]");
    }

    #[test]
    fn a_port_that_the_scheme_implies_is_left_out() {
        let authority: Authority = "a:443".parse().unwrap();
        assert_eq!(authority.clone().without_port(443).to_string(), "a");
        assert_eq!(authority.without_port(80).to_string(), "a:443");
    }

    #[test]
    fn urls_credentials_and_disguised_addresses_are_refused() {
        for text in [
            "",
            "https://a",
            "a/b",
            "user@a",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "::1",
            "::1:443",
            "[::1",
            "[::1]x",
            "[fe80::1%eth0]",
            "[]",
            "a..b",
            ".a",
            "a.",
            "-a",
            "a b",
            "a\n",
            "ä.example",
            "127.1",
            "1.2.3.999",
            "0x7f.1",
            "[::1]:",
            "a?b",
            "a#b",
            "a\\b",
        ] {
            let error = text.parse::<Authority>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text:?}");
        }
        assert!("a".repeat(64).parse::<Authority>().is_err());
        assert!("a.".repeat(127).parse::<Authority>().is_err());
    }

    proptest! {
        #[test]
        fn what_parses_is_an_authority_to_the_http_crate_and_parses_again(text in "[a-z0-9.:\\[\\]_-]{0,24}") {
            let Ok(authority) = text.parse::<Authority>() else { return Ok(()) };
            let shown = authority.to_string();
            let theirs: http::uri::Authority = shown.parse().unwrap();
            prop_assert_eq!(theirs.as_str(), shown.as_str());
            prop_assert_eq!(shown.parse::<Authority>().unwrap(), authority);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            drop(text.parse::<Authority>());
        }
    }
}
