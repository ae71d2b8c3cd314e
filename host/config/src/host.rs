//! Names and addresses of hosts.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A host: a DNS name in lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A DNS name (RFC 1123 with `_` allowed), in lower case, without a
    /// trailing dot. Never something that looks like an IPv4 address: its last
    /// label is not a number.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, shown in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// The address, if the host is one and needs no resolving.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some((*address).into()),
            Self::V6(address) => Some((*address).into()),
        }
    }

    /// Splits `HOST[:PORT]` (RFC 3986 §3.2 without the user).
    pub(crate) fn split_port(text: &str) -> Result<(Self, Option<u16>), HostError> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(HostError::UnbracketedV6);
        }
        let colon = match text.rfind(']') {
            Some(bracket) => text[bracket..].find(':').map(|at| bracket + at),
            None => text.find(':'),
        };
        match colon {
            Some(colon) => Ok((text[..colon].parse()?, Some(port(&text[colon + 1..])?))),
            None => Ok((text.parse()?, None)),
        }
    }

    /// Shows the host with its port, unless that is the one everybody assumes.
    pub(crate) fn fmt_with_port(
        &self,
        port: u16,
        default: Option<u16>,
        f: &mut Formatter<'_>,
    ) -> fmt::Result {
        if Some(port) == default {
            self.fmt(f)
        } else {
            write!(f, "{self}:{port}")
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix('[') {
            let address = rest.strip_suffix(']').ok_or(HostError::Bracket)?;
            return address.parse().map(Self::V6).map_err(|_| HostError::V6);
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(HostError::UnbracketedV6);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::V4(address));
        }
        check_name(text)?;
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

fn port(text: &str) -> Result<u16, HostError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Port);
    }
    match text.parse() {
        Ok(0) | Err(_) => Err(HostError::Port),
        Ok(port) => Ok(port),
    }
}

fn check_name(name: &str) -> Result<(), HostError> {
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if let Some(found) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c))
    {
        return Err(HostError::Character(found));
    }
    if name.len() > LONGEST_NAME {
        return Err(HostError::TooLong);
    }
    let labels = || name.split('.');
    if !labels().all(is_label) {
        return Err(HostError::Label);
    }
    // The resolver of many systems reads `127.1` and `0x7f000001` as addresses,
    // which would go around rules about addresses (WHATWG URL, "ends in a
    // number").
    if labels().next_back().is_some_and(is_number) {
        return Err(HostError::NotAnAddress);
    }
    Ok(())
}

/// In characters, without the root's dot (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

fn is_number(label: &str) -> bool {
    let hex = label
        .get(..2)
        .filter(|prefix| prefix.eq_ignore_ascii_case("0x"));
    match hex {
        Some(_) => label[2..].bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Not a host, or not a port behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing where the host should be.
    #[error("the host is missing")]
    Empty,
    /// A character that no host name has.
    #[error("a host name cannot have the character {0:?}")]
    Character(char),
    /// More than 253 characters.
    #[error("a host name has at most 253 characters")]
    TooLong,
    /// A label is empty, too long, or begins or ends with a hyphen.
    #[error(
        "between the dots of a host name are 1 to 63 characters, the first and last not a hyphen"
    )]
    Label,
    /// Ends in a number, but is not an IPv4 address.
    #[error("the host ends in a number, but is no IPv4 address of four decimal numbers")]
    NotAnAddress,
    /// `[` without `]` or with something between `]` and the port.
    #[error("the bracket around the IPv6 address is not closed")]
    Bracket,
    /// Something else in the brackets.
    #[error("what stands in brackets is no IPv6 address")]
    V6,
    /// An IPv6 address that could be mistaken for a host with a port.
    #[error("an IPv6 address needs brackets, such as [::1]")]
    UnbracketedV6,
    /// Not a port.
    #[error("the port behind the colon must be a number from 1 to 65535")]
    Port,
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::{Host, HostError};

    #[test]
    fn splits_names_and_addresses_from_their_port() {
        let name = |name: &str| Host::Name(name.into());
        for (text, host, port) in [
            ("Example.COM", name("example.com"), None),
            ("a_b.example:8443", name("a_b.example"), Some(8443)),
            ("127.0.0.1:80", Host::V4(Ipv4Addr::LOCALHOST), Some(80)),
            ("[::1]:80", Host::V6(Ipv6Addr::LOCALHOST), Some(80)),
            ("[0:0::1]", Host::V6(Ipv6Addr::LOCALHOST), None),
        ] {
            assert_eq!(Host::split_port(text), Ok((host, port)), "{text}");
        }
    }

    #[test]
    fn refuses_each_malformed_host_for_its_own_reason() {
        for (text, error) in [
            ("", HostError::Empty),
            (":443", HostError::Empty),
            ("a b", HostError::Character(' ')),
            ("münchen.de", HostError::Character('ü')),
            ("user@host", HostError::Character('@')),
            ("a..b", HostError::Label),
            ("host.", HostError::Label),
            ("-a.b", HostError::Label),
            ("127.1", HostError::NotAnAddress),
            ("0x7f000001", HostError::NotAnAddress),
            ("0x", HostError::NotAnAddress),
            ("2130706433", HostError::NotAnAddress),
            ("127.0.0.01", HostError::NotAnAddress),
            ("[::1", HostError::Bracket),
            ("[::1]x:80", HostError::Bracket),
            ("[example]", HostError::V6),
            ("host:", HostError::Port),
            ("host:0", HostError::Port),
            ("host:65536", HostError::Port),
            ("host:+80", HostError::Port),
            ("[::1]:", HostError::Port),
        ] {
            assert_eq!(Host::split_port(text), Err(error), "{text}");
        }
        assert_eq!("::1".parse::<Host>(), Err(HostError::UnbracketedV6));
        assert_eq!(Host::split_port("::1"), Err(HostError::UnbracketedV6));
        assert_eq!("a.".repeat(130).parse::<Host>(), Err(HostError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_host(text in "[a-zA-Z0-9_.:\\[\\]-]{0,30}") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse(), Ok(host));
            }
        }

        #[test]
        fn every_address_is_its_own_host(address in any::<std::net::IpAddr>()) {
            let host = Host::from(address);
            prop_assert_eq!(host.address(), Some(address));
            prop_assert_eq!(host.to_string().parse(), Ok(host));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = Host::split_port(&text);
        }
    }
}
