//! What the configuration lets a component reach.

use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sealift_config::{Addressing, Config, OriginError, OriginPattern, S3};
use sealift_network::{IdentityRule, Policy, Roots, Rule};

/// All but the unreserved characters of RFC 3986: the component must write the path the same way.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which thing the certificate stands for: a certificate may be attached to several, and their
/// policies differ.
const THING_NAME: HeaderName = HeaderName::from_static("x-amzn-iot-thingname");

/// Whom to trust with naming servers.
pub(super) fn roots(config: &Config) -> Roots {
    config.device.ca.clone().map_or(Roots::System, Roots::File)
}

/// The rules: the device identity for one request only, AWS's hosts of S3 or the endpoint of the
/// configuration, and what the operator allowed beside them.
pub(super) fn policy(config: &Config) -> Result<Policy, OriginError> {
    let mut rules = vec![Rule::Identity(credentials(config))];
    if let Ok(s3) = config.s3() {
        rules.extend(buckets(s3)?);
    }
    rules.extend(config.network.allow.iter().cloned().map(Rule::Pattern));
    Ok(Policy::new(rules))
}

fn credentials(config: &Config) -> IdentityRule {
    let alias = utf8_percent_encode(config.credentials.role_alias.as_str(), SEGMENT);
    let thing_name = config.device.thing_name.as_ref();
    // A thing's name is a valid field value; without one the field is left out.
    let thing_name = thing_name.and_then(|name| HeaderValue::from_str(name.as_str()).ok());
    IdentityRule {
        method: Method::GET,
        authority: config.credentials.endpoint.clone(),
        path: format!("/role-aliases/{alias}/credentials"),
        fields: vec![(THING_NAME, thing_name)],
    }
}

fn buckets(s3: &S3) -> Result<Vec<Rule>, OriginError> {
    let Some(store) = &s3.endpoint else {
        return Ok(s3.aws_hosts().map(Rule::S3).into_iter().collect());
    };
    let mut rules = vec![Rule::Configured(store.clone())];
    if s3.addressing == Addressing::Virtual && store.host().address().is_none() {
        rules.push(pattern(&format!(
            "{}://*.{}:{}",
            store.scheme(),
            store.host(),
            store.port()
        ))?);
    }
    Ok(rules)
}

fn pattern(text: &str) -> Result<Rule, OriginError> {
    text.parse::<OriginPattern>().map(Rule::Pattern)
}
