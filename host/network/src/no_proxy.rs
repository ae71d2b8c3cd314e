//! Which hosts are reached without the proxy: the conventions of `NO_PROXY`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use sealift_config::{Host, Origin};

/// A list of exceptions, separated by commas or white space.
///
/// As curl reads it: `*` means every host; `example.com`, `.example.com` and `*.example.com` all mean that
/// domain and those below it; an address means itself; `10.0.0.0/8` means its network. Any of them but a
/// network may end in `:PORT`, which limits it to that port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Exception>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Domain { name: String, port: Option<u16> },
    Address { address: IpAddr, port: Option<u16> },
    Network { address: IpAddr, prefix: u8 },
}

impl NoProxy {
    /// The exceptions in a list that has been split already.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, NoProxyError> {
        let exceptions = entries.into_iter().map(|entry| {
            parse(entry).ok_or_else(|| NoProxyError {
                entry: entry.to_owned(),
            })
        });
        exceptions.collect::<Result<_, _>>().map(Self)
    }

    /// Whether `origin` is reached directly.
    pub fn matches(&self, origin: &Origin) -> bool {
        self.0.iter().any(|exception| exception.matches(origin))
    }
}

impl Exception {
    fn matches(&self, origin: &Origin) -> bool {
        let on = |port: &Option<u16>| port.is_none_or(|port| port == origin.port());
        match (self, origin.host()) {
            (Self::Everything, _) => true,
            (Self::Domain { name, port }, Host::Name(host)) => {
                on(port) && (host == name || is_below(host, name))
            }
            (Self::Address { address, port }, host) => on(port) && host.address() == Some(*address),
            (Self::Network { address, prefix }, host) => host
                .address()
                .is_some_and(|host| in_network(host, *address, *prefix)),
            (Self::Domain { .. }, Host::V4(_) | Host::V6(_)) => false,
        }
    }
}

/// Whether the domain `name` lies below `parent`, at any depth. Both are in lower case.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent)
        .is_some_and(|child| child.ends_with('.'))
}

/// Whether the first `prefix` bits of both addresses are equal. Families do not mix.
fn in_network(host: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let prefix = u32::from(prefix);
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            (host.to_bits() ^ network.to_bits())
                .checked_shr(32 - prefix)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            (host.to_bits() ^ network.to_bits())
                .checked_shr(128 - prefix)
                .unwrap_or(0)
                == 0
        }
        _ => false,
    }
}

impl FromStr for NoProxy {
    type Err = NoProxyError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self::of(entries.filter(|entry| !entry.is_empty()))
    }
}

fn parse(entry: &str) -> Option<Exception> {
    if entry == "*" {
        return Some(Exception::Everything);
    }
    if let Some((address, prefix)) = entry.split_once('/') {
        let address: IpAddr = unbracketed(address).parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        return match prefix.parse() {
            Ok(prefix) if prefix <= longest => Some(Exception::Network { address, prefix }),
            _ => None,
        };
    }
    if let Ok(address) = unbracketed(entry).parse() {
        return Some(Exception::Address {
            address,
            port: None,
        });
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    if let Ok(address) = unbracketed(host).parse() {
        return Some(Exception::Address { address, port });
    }
    let name = host
        .strip_prefix("*.")
        .or_else(|| host.strip_prefix('.'))
        .unwrap_or(host);
    match name.parse() {
        Ok(Host::Name(name)) => Some(Exception::Domain { name, port }),
        _ => None,
    }
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text)
}

/// An entry that is none of the forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProxyError {
    entry: String,
}

impl fmt::Display for NoProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` in the list of proxy exceptions is no domain, address, network or `*`",
            self.entry
        )
    }
}

impl std::error::Error for NoProxyError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn direct(list: &str, origin: &str) -> bool {
        list.parse::<NoProxy>()
            .unwrap()
            .matches(&origin.parse().unwrap())
    }

    #[test]
    fn a_domain_means_itself_and_those_below() {
        for entry in [
            "example.com",
            ".example.com",
            "*.example.com",
            "EXAMPLE.com",
        ] {
            assert!(direct(entry, "https://example.com"), "{entry}");
            assert!(direct(entry, "https://a.b.example.com:8443"), "{entry}");
            assert!(!direct(entry, "https://notexample.com"), "{entry}");
            assert!(!direct(entry, "https://example.com.evil.net"), "{entry}");
        }
    }

    #[test]
    fn a_port_limits_an_entry() {
        assert!(direct("example.com:8443", "https://a.example.com:8443"));
        assert!(!direct("example.com:8443", "https://a.example.com"));
        assert!(direct("[::1]:8443", "https://[::1]:8443"));
        assert!(!direct("10.0.0.1:80", "https://10.0.0.1"));
    }

    #[test]
    fn addresses_and_networks() {
        assert!(direct("10.0.0.0/8, ::1", "https://10.255.0.1"));
        assert!(direct("10.0.0.0/8 ::1", "https://[::1]"));
        assert!(!direct("10.0.0.0/8", "https://11.0.0.1"));
        assert!(direct("fd00::/8", "https://[fdff::1]"));
        assert!(!direct("0.0.0.0/0", "https://[fdff::1]"));
        assert!(!direct("10.0.0.0/8", "https://name.example"));
    }

    #[test]
    fn a_star_means_all_and_an_empty_list_none() {
        assert!(direct("*", "https://anything.example"));
        assert!(!direct("", "https://anything.example"));
        assert!(!direct(" , ,", "https://anything.example"));
    }

    #[test]
    fn nonsense_names_the_entry() {
        for entry in [
            "<local>",
            "10.0.0.0/33",
            "example.com:port",
            "fd00::/129",
            "*example.com",
        ] {
            let error = format!("ok.example,{entry}")
                .parse::<NoProxy>()
                .unwrap_err();
            assert_eq!(
                error,
                NoProxyError {
                    entry: entry.into()
                }
            );
        }
    }

    proptest! {
        #[test]
        fn an_address_is_in_each_of_its_networks(bits: u32, wide: u128, p4 in 0u8..=32, p6 in 0u8..=128) {
            let (v4, v6) = (Ipv4Addr::from_bits(bits), Ipv6Addr::from_bits(wide));
            let (v4_origin, v6_origin) = (format!("https://{v4}"), format!("https://[{v6}]"));
            let (v4_list, v6_list) = (format!("{v4}/{p4}"), format!("{v6}/{p6}"));
            prop_assert!(direct(&v4_list, &v4_origin));
            prop_assert!(direct(&v6_list, &v6_origin));
        }

        #[test]
        fn a_differing_bit_inside_the_prefix_is_outside_the_network(bits: u32, prefix in 1u8..=32) {
            let other = format!("https://{}", Ipv4Addr::from_bits(bits ^ (1 << (32 - prefix))));
            let list = format!("{}/{prefix}", Ipv4Addr::from_bits(bits));
            prop_assert!(!direct(&list, &other));
        }

        #[test]
        fn any_text_is_parsed_or_refused_without_a_panic(text in ".{0,64}") {
            let _ = text.parse::<NoProxy>();
        }
    }
}
