//! Why there is no connection.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use sealift_config::{Host, Origin};

use super::tls::TlsFailure;
use crate::address::Refusal;

/// A connection that could not be made. Several requests can wait for the same connection, so it can be cloned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host is, or its name leads to, an address that the policy denies.
    #[error(
        "{host} is at {address}, {refusal}, where no rule of the egress policy lets a connection go; \
         only an endpoint that is written in the configuration may be there"
    )]
    AddressDenied {
        /// The host asked for.
        host: Host,
        /// Its first denied address.
        address: IpAddr,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// The name did not resolve.
    #[error(
        "the name {host} could not be resolved; check its spelling and this device's DNS servers"
    )]
    Dns {
        /// The host asked for.
        host: Host,
        /// The resolver's answer.
        source: Arc<io::Error>,
    },
    /// No address of the host took the connection.
    #[error("could not connect to {host} at {address} port {port}; {}", dial_advice(source.kind()))]
    Dial {
        /// The host asked for.
        host: Host,
        /// The address tried first.
        address: IpAddr,
        /// The port.
        port: u16,
        /// Refused, unreachable, and so on.
        source: Arc<io::Error>,
    },
    /// Resolving and connecting took too long.
    #[error(
        "no connection to {host} port {port} within {limit:?}; \
         check that the network is up and that a firewall lets this port out"
    )]
    ConnectTimeout {
        /// The host asked for.
        host: Host,
        /// The port.
        port: u16,
        /// How long it was tried.
        limit: Duration,
    },
    /// The TLS handshake failed, or the server rejected it just afterwards.
    #[error("the TLS handshake with {origin} failed")]
    Tls {
        /// The origin asked for.
        origin: Origin,
        /// Why.
        source: TlsFailure,
    },
    /// The TLS handshake took too long.
    #[error(
        "the TLS handshake with {origin} was not done within {limit:?}; \
         check that the port is one for TLS and that the connection is not too bad"
    )]
    TlsTimeout {
        /// The origin asked for.
        origin: Origin,
        /// How long it was tried.
        limit: Duration,
    },
    /// The proxy did not connect to the origin.
    #[error("could not reach {origin} through the proxy {proxy}")]
    Proxy {
        /// The origin asked for.
        origin: Origin,
        /// The proxy's URL, without credentials.
        proxy: String,
        /// Why.
        source: ProxyFailure,
    },
}

impl ConnectError {
    /// Whether the same attempt may well succeed in a while.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Dial { .. }
            | Self::ConnectTimeout { .. }
            | Self::TlsTimeout { .. } => true,
            Self::AddressDenied { .. } => false,
            Self::Tls { source, .. } => source.is_transient(),
            Self::Proxy { source, .. } => source.is_transient(),
        }
    }
}

/// What went wrong between this device and the proxy.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProxyFailure {
    /// There is no connection to the proxy itself.
    #[error(
        "the proxy cannot be reached; check `network.proxy` or the proxy variables of the environment"
    )]
    Unreachable(#[source] Box<ConnectError>),
    /// It wants credentials, or other ones (407).
    #[error(
        "the proxy asks for authentication (407); \
         give the right user name and password in its URL, as in http://USER:PASSWORD@HOST:PORT"
    )]
    Unauthorized,
    /// It answered anything else than success.
    #[error(
        "the proxy answered {status}; \
         it may not allow this destination, or the destination may be down: ask its operator, or except the host from it"
    )]
    Refused {
        /// The status of the answer.
        status: StatusCode,
    },
    /// What it answered is no HTTP response, or a too long one.
    #[error(
        "the proxy's answer is not a usable HTTP response; check that its host and port are those of an HTTP proxy"
    )]
    Garbled,
    /// The connection ended before an answer.
    #[error("the connection to the proxy broke before it answered")]
    Broken(#[source] Arc<io::Error>),
    /// It took too long to answer.
    #[error("the proxy did not answer within {limit:?}")]
    Timeout {
        /// How long it was waited for.
        limit: Duration,
    },
}

impl ProxyFailure {
    fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(source) => source.is_transient(),
            Self::Refused { status } => status.is_server_error(),
            Self::Broken(_) | Self::Timeout { .. } => true,
            Self::Unauthorized | Self::Garbled => false,
        }
    }
}

fn dial_advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: check host and port, and that the server runs"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no route: check that the network is up"
        }
        io::ErrorKind::PermissionDenied => "a local firewall or security policy forbids it",
        _ => "check the network",
    }
}
