//! What can go wrong, by phase.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use sealift_config::{Origin, OriginError};

use crate::connector::ConnectError;

/// Any error, as HTTP bodies and identity sources hand them over.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A [`Network`](crate::Network) that could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of roots cannot be read.
    #[error("could not read the root certificates in {}; check `device.ca`", path.display())]
    RootsUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of roots is damaged.
    #[error("{} is not well-formed PEM; fetch the root certificates again", path.display())]
    RootsNotPem {
        /// The file.
        path: PathBuf,
        /// Where it breaks.
        source: rustls_pki_types::pem::Error,
    },
    /// The file of roots holds something that is no certificate.
    #[error("{} holds a root certificate that cannot be used; fetch it again", path.display())]
    RootInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// The file of roots holds none.
    #[error("{} holds no certificate; `device.ca` must name a PEM file with the root certificates", path.display())]
    NoRoots {
        /// The file.
        path: PathBuf,
    },
    /// The system trusts nobody.
    #[error(
        "the system has no usable root certificates; install its `ca-certificates` package, \
         or set `device.ca` to a PEM file with the root of your endpoints"
    )]
    NoSystemRoots,
    /// The roots make no verifier.
    #[error("the root certificates cannot be used to check servers")]
    Verifier(#[source] rustls::client::VerifierBuilderError),
    /// The TLS library refuses its settings.
    #[error("TLS cannot be configured")]
    Tls(#[source] rustls::Error),
}

/// A request that did not get its whole response.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No rule of the egress policy allows it.
    #[error(
        "the egress policy allows no {method} request like this to {origin}; \
         if it is meant, add the origin to `network.allow`"
    )]
    Denied {
        /// The origin asked for.
        origin: Origin,
        /// The method.
        method: Method,
    },
    /// The request's URI names no origin.
    #[error("the request's URI is not usable")]
    Uri(#[source] OriginError),
    /// The policy wants the device identity, and there is none to use.
    #[error(
        "the device identity for {origin} is not usable; check `device.certificate` and `device.key`"
    )]
    Identity {
        /// The origin asked for.
        origin: Origin,
        /// Why.
        source: BoxError,
    },
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The request was sent and nothing came back.
    #[error("{origin} did not begin to answer within {limit:?} of the request's end")]
    FirstByteTimeout {
        /// The origin asked for.
        origin: Origin,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A body made no progress.
    #[error("{} for {limit:?} in an exchange with {origin}; check the network's quality", stalled.describe())]
    IdleTimeout {
        /// The origin asked for.
        origin: Origin,
        /// How long it was waited for.
        limit: Duration,
        /// Which side stood still.
        stalled: Stalled,
    },
    /// The connection ended before the response did.
    #[error(
        "the connection to {origin} broke before the response was complete; trying again uses a new one"
    )]
    Closed {
        /// The origin asked for.
        origin: Origin,
        /// Reset, end of file, and so on.
        source: BoxError,
    },
    /// The request's own body failed.
    #[error("the request to {origin} was given up, since its body failed")]
    Body {
        /// The origin asked for.
        origin: Origin,
        /// What the body said; it can be downcast to the body's own error.
        source: BoxError,
    },
    /// The response is larger than the request allows.
    #[error(
        "the response of {origin} is larger than the {limit} bytes allowed; raise `network.response_limit` if it is meant"
    )]
    ResponseTooLarge {
        /// The origin asked for.
        origin: Origin,
        /// [`RequestLimits::response_bytes`](crate::RequestLimits::response_bytes).
        limit: u64,
    },
    /// The peer does not keep to HTTP.
    #[error(
        "{origin} did not answer in proper HTTP; check that host and port are those of the service"
    )]
    Protocol {
        /// The origin asked for.
        origin: Origin,
        /// What is wrong.
        source: BoxError,
    },
}

impl NetworkError {
    /// Whether the same request may well succeed in a while.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::FirstByteTimeout { .. } | Self::Closed { .. } => true,
            Self::IdleTimeout { stalled, .. } => *stalled != Stalled::Source,
            Self::Denied { .. }
            | Self::Uri(_)
            | Self::Identity { .. }
            | Self::Body { .. }
            | Self::ResponseTooLarge { .. }
            | Self::Protocol { .. } => false,
        }
    }

    /// Whether the failure says something about the path to the origin, so that its connections had better
    /// not be used again.
    pub(crate) fn taints_connections(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::FirstByteTimeout { .. }
                | Self::IdleTimeout {
                    stalled: Stalled::Sending | Stalled::Receiving,
                    ..
                }
                | Self::Closed { .. }
                | Self::Protocol { .. }
        )
    }
}

/// Which part of an exchange made no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stalled {
    /// The request's body had nothing to give.
    Source,
    /// The peer took nothing.
    Sending,
    /// The peer sent nothing.
    Receiving,
}

impl Stalled {
    fn describe(self) -> impl fmt::Display {
        match self {
            Self::Source => "there was nothing to send",
            Self::Sending => "nothing could be sent",
            Self::Receiving => "nothing was received",
        }
    }
}
