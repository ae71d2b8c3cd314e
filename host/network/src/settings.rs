//! How connections are made and how long everything may take.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::no_proxy::NoProxyError;
use crate::policy::Grant;
use crate::proxy::Proxies;
use crate::throttle::Rates;

/// The settings of a [`Network`](crate::Network).
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long each phase of a request may take.
    pub timeouts: Timeouts,
    /// How many requests to one origin may be under way at a time; over HTTP/1.1 each has a connection of
    /// its own. Further requests wait their turn.
    pub max_connections_per_origin: NonZeroUsize,
    /// How fast the bodies of all requests together go out.
    pub rates: Rates,
    /// The proxies, if there are any.
    pub proxies: Proxies,
    /// Whom to trust with naming servers.
    pub roots: Roots,
}

impl Settings {
    /// The settings that a configuration asks for, and the defaults where it has no say.
    pub fn of(network: &sealift_config::Network, roots: Roots) -> Result<Self, NoProxyError> {
        let connections = usize::try_from(network.max_connections).ok();
        let defaults = Self::default();
        Ok(Self {
            timeouts: Timeouts {
                connect: network.timeouts.connect.duration(),
                tls: network.timeouts.tls.duration(),
                first_byte: network.timeouts.first_byte.duration(),
                idle: network.timeouts.idle.duration(),
            },
            max_connections_per_origin: connections
                .and_then(NonZeroUsize::new)
                .unwrap_or(defaults.max_connections_per_origin),
            rates: Rates {
                limit: network.limit_rate,
                timetable: network.timetable.clone(),
            },
            proxies: Proxies::of(&network.proxies)?,
            roots,
        })
    }
}

impl Default for Settings {
    /// 8 connections, no limit to the rate, no proxy and the system's roots.
    fn default() -> Self {
        const EIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
        Self {
            timeouts: Timeouts::default(),
            max_connections_per_origin: EIGHT,
            rates: Rates::default(),
            proxies: Proxies::default(),
            roots: Roots::System,
        }
    }
}

/// The longest that each phase of a request may take. There is no limit on a whole request: as long as bytes
/// move, a large upload over a thin line may take hours; nor on the wait for those that are under way, which
/// all come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To resolve the name and open a TCP connection; with a proxy, also to open the tunnel through it.
    pub connect: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    /// From the last sent byte of the request to the first of the response.
    pub first_byte: Duration,
    /// Without any progress, while a body is sent or received.
    pub idle: Duration,
}

impl Default for Timeouts {
    /// 10 s each to connect and for TLS, 60 s to the first byte, 30 s without progress.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            first_byte: Duration::from_mins(1),
            idle: Duration::from_secs(30),
        }
    }
}

/// Which of the requests that the policy allows somebody may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All but those of rules for one request, with the device identity or without.
    Ordinary,
    /// Those, and the one request of the rule with this grant.
    With(Grant),
    /// The one request of the rule with this grant, and nothing else.
    Only(Grant),
}

impl Reach {
    /// Whether that includes a request that a rule for one request allows, of this grant, or else one that
    /// another rule allows.
    pub(crate) fn includes(self, exact: Option<Grant>) -> bool {
        match self {
            Self::Ordinary => exact.is_none(),
            Self::With(grant) => exact.is_none_or(|exact| exact == grant),
            Self::Only(grant) => exact == Some(grant),
        }
    }
}

/// The bounds of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Which of what the policy allows it may be.
    pub reach: Reach,
    /// The largest response body to accept, in bytes.
    pub response_bytes: u64,
    /// A shorter time to the first byte than [`Timeouts::first_byte`]; a longer one has no effect.
    pub first_byte: Option<Duration>,
    /// A shorter time without progress than [`Timeouts::idle`]; a longer one has no effect.
    pub idle: Option<Duration>,
    /// A more urgent request goes before others: to its turn, and its body under a rate limit.
    pub urgency: u8,
}

impl Default for RequestLimits {
    /// The first grant, 8 MiB of response, and the times of the settings.
    fn default() -> Self {
        Self {
            reach: Reach::With(Grant::default()),
            response_bytes: 8 << 20,
            first_byte: None,
            idle: None,
            urgency: 0,
        }
    }
}

impl RequestLimits {
    pub(crate) fn first_byte_within(&self, timeouts: &Timeouts) -> Duration {
        self.first_byte
            .unwrap_or(timeouts.first_byte)
            .min(timeouts.first_byte)
    }

    pub(crate) fn idle_within(&self, timeouts: &Timeouts) -> Duration {
        self.idle.unwrap_or(timeouts.idle).min(timeouts.idle)
    }
}

/// The certificate authorities that may vouch for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Those of the operating system.
    System,
    /// Those in a PEM file, and no others.
    File(PathBuf),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_shorten_times_but_not_lengthen_them() {
        let timeouts = Timeouts::default();
        let limits = |idle| RequestLimits {
            idle: Some(idle),
            ..RequestLimits::default()
        };
        assert_eq!(
            limits(Duration::from_secs(1)).idle_within(&timeouts),
            Duration::from_secs(1)
        );
        assert_eq!(limits(Duration::MAX).idle_within(&timeouts), timeouts.idle);
    }

    #[test]
    fn whoever_was_granted_one_request_makes_no_other_of_its_kind() {
        let (ours, theirs) = (Grant(1), Grant(2));
        for (reach, ordinary, own, other) in [
            (Reach::Ordinary, true, false, false),
            (Reach::With(ours), true, true, false),
            (Reach::Only(ours), false, true, false),
        ] {
            assert_eq!(reach.includes(None), ordinary, "{reach:?}");
            assert_eq!(reach.includes(Some(ours)), own, "{reach:?}");
            assert_eq!(reach.includes(Some(theirs)), other, "{reach:?}");
        }
    }
}
