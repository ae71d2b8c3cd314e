//! An address that only programs on this machine can reach.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// A loopback address and a port, written `127.0.0.1:PORT` or `[::1]:PORT`. Port 0 is one that the
/// system chooses.
///
/// Whoever listens by a value of this type listens to this machine alone, whatever the configuration says.
/// It is an address and never a name: a name would be what a resolver makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoopbackAddress(SocketAddr);

impl LoopbackAddress {
    /// A port of 127.0.0.1.
    pub const fn v4(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// The address for the socket's sake.
    pub fn socket_address(self) -> SocketAddr {
        self.0
    }

    /// The port; 0 if the system chooses.
    pub fn port(self) -> u16 {
        self.0.port()
    }

    /// Whether both cannot be had at once.
    pub(crate) fn collides(self, other: Self) -> bool {
        self == other && self.port() != 0
    }
}

impl TryFrom<SocketAddr> for LoopbackAddress {
    type Error = LoopbackAddressError;

    fn try_from(address: SocketAddr) -> Result<Self, Self::Error> {
        // Not `::ffff:127.0.0.1`, which is another socket under the same address.
        if address.ip().is_loopback() {
            Ok(Self(address))
        } else {
            Err(LoopbackAddressError::NotLoopback(address))
        }
    }
}

impl FromStr for LoopbackAddress {
    type Err = LoopbackAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: SocketAddr = text
            .parse()
            .map_err(|_| LoopbackAddressError::NotAnAddress)?;
        address.try_into()
    }
}

impl Display for LoopbackAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Not an address of this machine alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoopbackAddressError {
    /// No address with a port.
    #[error("must be a loopback address and a port, such as 127.0.0.1:9911 or [::1]:9911")]
    NotAnAddress,
    /// An address that others may reach.
    #[error(
        "{0} is not a loopback address, and this is for programs on this machine alone; \
         use 127.0.0.1:{port} or [::1]:{port}",
        port = .0.port()
    )]
    NotLoopback(SocketAddr),
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::{LoopbackAddress, LoopbackAddressError};

    #[test]
    fn takes_every_address_of_this_machine_alone() {
        for text in ["127.0.0.1:9911", "127.3.2.1:1", "[::1]:9911", "127.0.0.1:0"] {
            let address = text.parse::<LoopbackAddress>();
            assert_eq!(
                address.map(|address| address.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn refuses_every_address_that_others_may_reach() {
        for text in [
            "0.0.0.0:9911",
            "[::]:9911",
            "192.168.1.1:9911",
            "169.254.169.254:80",
            "[fe80::1]:9911",
            "[::ffff:127.0.0.1]:9911",
            "128.0.0.1:9911",
        ] {
            let refused = text.parse::<LoopbackAddress>();
            assert!(
                matches!(refused, Err(LoopbackAddressError::NotLoopback(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_names_and_addresses_without_a_port() {
        for text in [
            "",
            "localhost:9911",
            "127.0.0.1",
            "::1:9911",
            "9911",
            ":9911",
            "127.1:9911",
        ] {
            let refused = text.parse::<LoopbackAddress>();
            assert_eq!(refused, Err(LoopbackAddressError::NotAnAddress), "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_loopback_addresses_come_through(address in any::<SocketAddr>()) {
            let taken = LoopbackAddress::try_from(address);
            prop_assert_eq!(taken.is_ok(), address.ip().is_loopback());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<LoopbackAddress, _> = text.parse();
        }
    }
}
