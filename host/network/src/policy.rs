//! The egress policy: which requests may leave, and which of them carry the device identity.
//!
//! Everything is denied unless a rule allows it. The device identity goes with exactly one method on exactly
//! one path of an origin, since a device certificate may reach more than the guest is meant to (other role
//! aliases, for instance), and what a certificate may do is decided elsewhere.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use sealift_config::{Authority, Origin, OriginPattern, S3Hosts, Scheme};

use crate::address::AddressRule;

/// One thing that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// This one request, made with the device identity. The operator wrote the host, so its address is free.
    Identity(RequestRule),
    /// This one request, made without the device identity, at any address.
    Request(RequestRule),
    /// Requests to what is below a directory, made with the device identity. For what the host asks in its own name:
    /// a guest has the one request of [`Rule::Identity`].
    IdentityBelow(DirectoryRule),
    /// Every request to an origin that the operator wrote down, at any address.
    Configured(Origin),
    /// Every request to these origins, as long as they are not at an address of this machine or link.
    Pattern(OriginPattern),
    /// Every request to these of AWS's hosts, as long as they are not at an address of this machine or link.
    S3(S3Hosts),
}

/// Tells the rules for one request apart, so that whoever may make one of them need not be able to make
/// another ([`Reach::Only`](crate::Reach::Only)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant(pub u16);

/// One request to the letter; the scheme is `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRule {
    /// Which of them it is.
    pub grant: Grant,
    /// The method.
    pub method: Method,
    /// The host and port. The operator wrote the host.
    pub authority: Authority,
    /// The path, exactly as it appears in the request, percent-encoding included.
    pub path: String,
    /// The query, likewise; without one, a request with a query is another request.
    pub query: Option<String>,
    /// Fields that the host writes itself: with this value, or not at all. What the certificate is used
    /// for must not be the guest's choice.
    pub fields: Vec<(HeaderName, Option<HeaderValue>)>,
}

/// What is below a directory of an origin; the scheme is `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryRule {
    /// The methods.
    pub methods: Vec<Method>,
    /// The host and port. The operator wrote the host.
    pub origin: Origin,
    /// The path as it appears in the request, percent-encoding included, with a slash at its end.
    pub path: String,
}

impl DirectoryRule {
    fn matches(&self, method: &Method, origin: &Origin, uri: &Uri) -> bool {
        let below = uri.path().strip_prefix(self.path.as_str());
        origin.scheme() == Scheme::Https
            && *origin == self.origin
            && self.methods.contains(method)
            && self.path.ends_with('/')
            && below.is_some_and(|below| below.split('/').all(stays))
    }
}

/// Whether a segment leads no server out of its directory.
fn stays(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    let slashes = ["%2f", "%5c", "\\"];
    !matches!(plain.as_str(), "" | "." | "..") && !slashes.iter().any(|slash| plain.contains(slash))
}

impl Rule {
    /// Whether the rule allows the origin by the form of its name.
    fn names(&self, origin: &Origin) -> bool {
        match self {
            Self::Identity(_) | Self::Request(_) | Self::IdentityBelow(_) | Self::Configured(_) => {
                false
            }
            Self::Pattern(pattern) => pattern.matches(origin),
            Self::S3(hosts) => hosts.recognise(origin).is_some(),
        }
    }
}

impl RequestRule {
    fn matches(&self, method: &Method, origin: &Origin, uri: &Uri) -> bool {
        origin.scheme() == Scheme::Https
            && origin.host() == self.authority.host()
            && origin.port() == self.authority.port()
            && *method == self.method
            && uri.path() == self.path
            && uri.query() == self.query.as_deref()
    }

    fn stamp(&self, fields: &mut HeaderMap) {
        for (name, value) in &self.fields {
            fields.remove(name);
            if let Some(value) = value {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// What the policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be sent.
    Allow {
        /// Whether with the device identity.
        identity: bool,
        /// If it is the one request of a rule, which.
        exact: Option<Grant>,
        /// To which addresses.
        addresses: AddressRule,
    },
    /// It may not.
    Deny,
}

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
}

impl Policy {
    /// A policy that allows what `rules` allow and nothing else; without any rule it allows nothing.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
        }
    }

    /// Judges a request. A URI without an origin is denied, and so is `CONNECT`, which asks for a
    /// tunnel to somewhere else.
    ///
    /// The most specific rule wins: identity, then one request, then a directory, then configured, then pattern.
    pub fn decide(&self, method: &Method, uri: &Uri) -> Decision {
        match Origin::try_from(uri) {
            Ok(origin) if *method != Method::CONNECT => self.decide_for(method, &origin, uri),
            _ => Decision::Deny,
        }
    }

    /// Writes the fields of the rule for just this request, if there is one.
    pub(crate) fn stamp<B>(&self, request: &mut Request<B>, origin: &Origin) {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        for rule in &self.rules {
            if let Rule::Identity(rule) | Rule::Request(rule) = rule
                && rule.matches(&method, origin, &uri)
            {
                return rule.stamp(request.headers_mut());
            }
        }
    }

    fn decide_for(&self, method: &Method, origin: &Origin, uri: &Uri) -> Decision {
        let any = |test: &dyn Fn(&Rule) -> bool| self.rules.iter().any(test);
        let matching = |rule: &RequestRule| rule.matches(method, origin, uri).then_some(rule.grant);
        let with_identity = self.rules.iter().find_map(|rule| match rule {
            Rule::Identity(rule) => matching(rule),
            _ => None,
        });
        let without = self.rules.iter().find_map(|rule| match rule {
            Rule::Request(rule) => matching(rule),
            _ => None,
        });
        if let Some(grant) = with_identity.or(without) {
            Decision::Allow {
                identity: with_identity.is_some(),
                exact: Some(grant),
                addresses: AddressRule::Any,
            }
        } else if any(
            &|rule| matches!(rule, Rule::IdentityBelow(rule) if rule.matches(method, origin, uri)),
        ) {
            Decision::Allow {
                identity: true,
                exact: None,
                addresses: AddressRule::Any,
            }
        } else if any(&|rule| matches!(rule, Rule::Configured(configured) if configured == origin))
        {
            Decision::Allow {
                identity: false,
                exact: None,
                addresses: AddressRule::Any,
            }
        } else if any(&|rule| rule.names(origin)) {
            Decision::Allow {
                identity: false,
                exact: None,
                addresses: AddressRule::OffLink,
            }
        } else {
            Decision::Deny
        }
    }
}

#[cfg(test)]
mod tests;
