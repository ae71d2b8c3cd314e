//! Sets of origins that may be reached.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::origin::split;
use crate::{Host, Origin, OriginError, Scheme};

/// A set of origins, written like one, whose host may begin with `*.`:
/// `https://*.s3.eu-central-1.amazonaws.com`.
///
/// Scheme and port must match exactly, so plain HTTP or another port is never
/// allowed by accident.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginPattern {
    scheme: Scheme,
    host: HostPattern,
    port: u16,
}

/// The hosts of an [`OriginPattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exactly(Host),
    /// Every name below this one (a DNS name in lower case), at any depth, but
    /// not the name itself.
    Below(String),
}

impl OriginPattern {
    /// Whether the origin is in the set.
    pub fn matches(&self, origin: &Origin) -> bool {
        self.scheme == origin.scheme()
            && self.port == origin.port()
            && self.host.matches(origin.host())
    }

    /// Whether all origins of another set are in this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host.covers(&other.host)
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The hosts.
    pub fn host(&self) -> &HostPattern {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl HostPattern {
    /// Whether the host is in the set.
    pub fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exactly(exactly), host) => exactly == host,
            (Self::Below(parent), Host::Name(name)) => name
                .strip_suffix(parent.as_str())
                .is_some_and(|child| child.ends_with('.')),
            (Self::Below(_), Host::V4(_) | Host::V6(_)) => false,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (this, Self::Exactly(host)) => this.matches(host),
            (Self::Exactly(_), Self::Below(_)) => false,
            (Self::Below(this), Self::Below(other)) => other
                .strip_suffix(this.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        }
    }
}

impl FromStr for OriginPattern {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, authority) = split(text)?;
        let below = authority.strip_prefix("*.");
        if below.unwrap_or(authority).contains('*') {
            return Err(OriginError::Wildcard);
        }
        let (host, port) = Host::split_port(below.unwrap_or(authority))?;
        let host = match (below, host) {
            (Some(_), Host::Name(name)) => HostPattern::Below(name),
            (Some(_), Host::V4(_) | Host::V6(_)) => return Err(OriginError::Wildcard),
            (None, host) => HostPattern::Exactly(host),
        };
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
        })
    }
}

impl From<Origin> for OriginPattern {
    fn from(origin: Origin) -> Self {
        Self {
            scheme: origin.scheme(),
            host: HostPattern::Exactly(origin.host().clone()),
            port: origin.port(),
        }
    }
}

impl Display for OriginPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        match &self.host {
            HostPattern::Exactly(host) => host.fmt(f)?,
            HostPattern::Below(name) => write!(f, "*.{name}")?,
        }
        if self.port == self.scheme.default_port() {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::OriginPattern;
    use crate::OriginError;

    fn allows(pattern: &str, origin: &str) -> bool {
        let pattern: OriginPattern = pattern.parse().unwrap();
        pattern.matches(&origin.parse().unwrap())
    }

    #[test]
    fn a_wildcard_takes_every_name_below_and_nothing_else() {
        let pattern = "https://*.S3.example.com";
        for origin in ["https://b.s3.example.com", "https://a.b.S3.example.com:443"] {
            assert!(allows(pattern, origin), "{origin}");
        }
        for origin in [
            "https://s3.example.com",
            "https://evils3.example.com",
            "https://b.s3.example.com.evil.org",
            "http://b.s3.example.com",
            "https://b.s3.example.com:8443",
            "https://10.0.0.1",
        ] {
            assert!(!allows(pattern, origin), "{origin}");
        }
    }

    #[test]
    fn without_a_wildcard_only_the_same_origin_matches() {
        assert!(allows("http://127.0.0.1:9000", "http://127.0.0.1:9000/"));
        assert!(!allows("http://127.0.0.1:9000", "http://127.0.0.1:9001"));
        assert!(!allows("https://example.com", "https://a.example.com"));
    }

    #[test]
    fn a_pattern_covers_what_is_below_it_and_nothing_beside_it() {
        let covers = |pattern: &str, other: &str| {
            let pattern: OriginPattern = pattern.parse().unwrap();
            pattern.covers(&other.parse().unwrap())
        };
        assert!(covers("https://a.example", "https://a.example"));
        assert!(covers("https://*.example", "https://a.example"));
        assert!(covers("https://*.example", "https://*.example"));
        assert!(covers("https://*.example", "https://*.a.example"));
        assert!(!covers("https://*.a.example", "https://*.example"));
        assert!(!covers("https://a.example", "https://*.a.example"));
        assert!(!covers("https://*.example", "https://*.bexample"));
        assert!(!covers("https://*.example", "http://a.example"));
        assert!(!covers("https://*.example", "https://a.example:8443"));
    }

    #[test]
    fn a_star_stands_only_for_whole_labels_in_front() {
        for pattern in [
            "https://*",
            "https://a.*.example",
            "https://*a.example",
            "https://*.127.0.0.1",
        ] {
            let error = pattern.parse::<OriginPattern>().unwrap_err();
            assert_eq!(error, OriginError::Wildcard, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_pattern(text in "https?://(\\*\\.)?[a-z]{1,5}(\\.[a-z]{1,5}){0,2}(:[1-9][0-9]{0,3})?") {
            let pattern: OriginPattern = text.parse().unwrap();
            prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(https?://)?(\\*\\.)?\\PC*") {
            let _: Result<OriginPattern, _> = text.parse();
        }
    }
}
