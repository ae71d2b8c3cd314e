//! Which IP addresses a connection may go to.
//!
//! A name says nothing about where a connection ends: whoever controls its DNS record can point it at this
//! device's own loopback services or at a cloud's metadata service. So the address that is about to be
//! connected to is judged, in every form in which an IPv4 address hides inside an IPv6 one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that a [`Decision`](crate::Decision) lets a connection use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressRule {
    /// Every address: the operator wrote the origin down, and may mean a service on this very machine.
    Any,
    /// Every address outside this machine and its link. Private ranges are allowed, since VPC endpoints
    /// have private addresses.
    OffLink,
}

impl AddressRule {
    /// Why a connection to `address` is refused, or `None` if it is allowed.
    pub fn refusal(self, address: IpAddr) -> Option<Refusal> {
        match self {
            Self::Any => None,
            Self::OffLink => refusal(address),
        }
    }
}

/// What is wrong with a refused address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// `0.0.0.0/8` and `::`; Linux connects them to this machine.
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// `169.254.0.0/16` (IMDS and the ECS credentials endpoint among them) and `fe80::/10`.
    LinkLocal,
    /// A metadata service of a cloud outside the link-local range.
    Metadata,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// `240.0.0.0/4`, which ends in the broadcast address.
    Reserved,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a metadata service",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        })
    }
}

fn refusal(address: IpAddr) -> Option<Refusal> {
    match address {
        IpAddr::V4(v4) => refusal_v4(v4),
        IpAddr::V6(v6) => refusal_v6(v6).or_else(|| embedded_v4(v6).and_then(refusal_v4)),
    }
}

/// Metadata services that are neither link-local nor covered by [`EC2_LINK_SERVICES`]: Alibaba Cloud,
/// Azure's `WireServer`, Oracle Cloud.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// `fd00:ec2::/32`, where EC2 has its instance metadata (`::254`), DNS (`::253`), time (`::123`) and the
/// EKS Pod Identity agent (`::23`).
const EC2_LINK_SERVICES: [u16; 2] = [0xfd00, 0x0ec2];

/// Google Cloud's metadata server over IPv6.
const GOOGLE_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

fn refusal_v4(address: Ipv4Addr) -> Option<Refusal> {
    match address.octets() {
        [0, ..] => Some(Refusal::Unspecified),
        [127, ..] => Some(Refusal::Loopback),
        [169, 254, ..] => Some(Refusal::LinkLocal),
        [224..=239, ..] => Some(Refusal::Multicast),
        [240..=255, ..] => Some(Refusal::Reserved),
        _ if METADATA_V4.contains(&address) => Some(Refusal::Metadata),
        _ => None,
    }
}

fn refusal_v6(address: Ipv6Addr) -> Option<Refusal> {
    let segments = address.segments();
    if address.is_unspecified() {
        Some(Refusal::Unspecified)
    } else if address.is_loopback() {
        Some(Refusal::Loopback)
    } else if address.is_unicast_link_local() {
        Some(Refusal::LinkLocal)
    } else if address.is_multicast() {
        Some(Refusal::Multicast)
    } else if segments[..2] == EC2_LINK_SERVICES || address == GOOGLE_METADATA {
        Some(Refusal::Metadata)
    } else {
        None
    }
}

/// The IPv4 address that a translator, a tunnel or this machine's own stack would use in place of `address`.
#[expect(clippy::match_same_arms, reason = "each form has its own source")]
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let last = join(segments[6], segments[7]);
    match segments {
        // IPv4-compatible (RFC 4291 2.5.5.1) and IPv4-mapped (2.5.5.2).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] => Some(last),
        // IPv4-translated (RFC 2765 2.1).
        [0, 0, 0, 0, 0xffff, 0, ..] => Some(last),
        // NAT64 with the well-known prefix (RFC 6052), and with the local-use one (RFC 8215) taken as a /96.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => Some(last),
        // 6to4 (RFC 3056).
        [0x2002, hi, lo, ..] => Some(join(hi, lo)),
        // Teredo (RFC 4380): the client's address is stored inverted.
        [0x2001, 0, .., hi, lo] => Some(join(!hi, !lo)),
        _ => None,
    }
}

fn join(hi: u16, lo: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(hi) << 16 | u32::from(lo))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn off_link(address: &str) -> Option<Refusal> {
        AddressRule::OffLink.refusal(address.parse().unwrap())
    }

    /// Every IPv6 form in which `v4` can be written.
    fn disguises(v4: Ipv4Addr) -> Vec<Ipv6Addr> {
        let [a, b, c, d] = v4.octets();
        let (hi, lo) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        vec![
            v4.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, hi, lo),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, hi, lo),
            Ipv6Addr::new(0x64, 0xff9b, 1, 7, 0, 0, hi, lo),
            Ipv6Addr::new(0x2002, hi, lo, 1, 2, 3, 4, 5),
            Ipv6Addr::new(0x2001, 0, 1, 2, 3, 4, !hi, !lo),
        ]
    }

    #[test]
    fn this_machine_its_link_and_metadata_are_refused() {
        for (address, refusal) in [
            ("0.0.0.0", Refusal::Unspecified),
            ("0.1.2.3", Refusal::Unspecified),
            ("::", Refusal::Unspecified),
            ("127.0.0.1", Refusal::Loopback),
            ("127.255.255.254", Refusal::Loopback),
            ("::1", Refusal::Loopback),
            ("::7f00:1", Refusal::Loopback),
            ("169.254.169.254", Refusal::LinkLocal),
            ("169.254.170.2", Refusal::LinkLocal),
            ("fe80::1", Refusal::LinkLocal),
            ("febf::1", Refusal::LinkLocal),
            ("fd00:ec2::254", Refusal::Metadata),
            ("fd20:ce::254", Refusal::Metadata),
            ("100.100.100.200", Refusal::Metadata),
            ("224.0.0.251", Refusal::Multicast),
            ("ff02::1", Refusal::Multicast),
            ("255.255.255.255", Refusal::Reserved),
        ] {
            assert_eq!(off_link(address), Some(refusal), "{address}");
        }
    }

    #[test]
    fn public_and_private_addresses_are_allowed() {
        for address in [
            "52.219.0.1",
            "10.0.0.5",
            "172.31.255.1",
            "192.168.1.1",
            "100.64.0.1",
            "2600:1f18::1",
            "fd12:3456::1",
            "64:ff9b::34db:1",
            "::ffff:10.0.0.1",
        ] {
            assert_eq!(off_link(address), None, "{address}");
        }
    }

    #[test]
    fn an_origin_the_operator_wrote_may_be_anywhere() {
        assert_eq!(AddressRule::Any.refusal("127.0.0.1".parse().unwrap()), None);
        assert_eq!(
            AddressRule::Any.refusal("169.254.169.254".parse().unwrap()),
            None
        );
    }

    proptest! {
        #[test]
        fn a_disguised_ipv4_address_is_judged_as_itself(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            for disguise in disguises(v4) {
                prop_assert_eq!(refusal(disguise.into()), refusal(v4.into()), "{}", disguise);
            }
        }

        #[test]
        fn loopback_is_refused_in_every_form(low in 0u32..1 << 24) {
            for disguise in disguises(Ipv4Addr::from_bits(127 << 24 | low)) {
                prop_assert_eq!(refusal(disguise.into()), Some(Refusal::Loopback), "{}", disguise);
            }
        }
    }
}
