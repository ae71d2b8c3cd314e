//! What the configuration lets a component reach.

use std::iter;

use http::{HeaderName, HeaderValue, Method};
use percent_encoding::utf8_percent_encode;
use sealift_config::{
    Addressing, Config, CredentialProvider, Iot, Origin, OriginError, OriginPattern, RoleAlias,
    RolesAnywhere, S3, ThingName,
};
use sealift_network::{Grant, Policy, RequestRule, Roots, Rule};
use sealift_release::Release;

use super::roles;
use super::session::{self, UNRESERVED};

/// Which thing the certificate stands for: a certificate may be attached to several, and their
/// policies differ.
const THING_NAME: HeaderName = HeaderName::from_static("x-amzn-iot-thingname");

/// Whom to trust with naming servers.
pub(super) fn roots(config: &Config) -> Roots {
    config.device.ca.clone().map_or(Roots::System, Roots::File)
}

/// The rules: one request for the credentials of each role, AWS's hosts of S3 or the endpoint of the
/// configuration, and what the operator allowed beside them. Of that, a component that was released gets what
/// its release asks for.
pub(super) fn policy(config: &Config, release: Option<&Release>) -> Result<Policy, OriginError> {
    let mut rules = credentials(config);
    if let Ok(s3) = config.s3() {
        rules.extend(buckets(s3)?);
    }
    let allowed = &config.network.allow;
    let beside = match release {
        None => allowed.clone(),
        Some(release) => asked_and_allowed(&release.manifest.origins, allowed),
    };
    rules.extend(beside.into_iter().map(Rule::Pattern));
    Ok(Policy::new(rules))
}

/// The rules for one request to a service: as for uploads, and of what the operator allowed beside them its origin.
pub(super) fn of_call(config: &Config, origin: Origin) -> Result<Policy, OriginError> {
    let mut rules = credentials(config);
    if let Ok(s3) = config.s3() {
        rules.extend(buckets(s3)?);
    }
    let mut allowed = config.network.allow.iter();
    if allowed.any(|pattern| pattern.matches(&origin)) {
        // No name leads to this very machine, but an address that the operator wrote down is meant.
        rules.push(match origin.host().address() {
            Some(_) => Rule::Configured(origin),
            None => Rule::Pattern(origin.into()),
        });
    }
    Ok(Policy::new(rules))
}

/// The configuration may allow less than it did when the release was taken.
fn asked_and_allowed(asked: &[OriginPattern], allowed: &[OriginPattern]) -> Vec<OriginPattern> {
    let is_allowed = |origin: &&OriginPattern| allowed.iter().any(|allowed| allowed.covers(origin));
    asked.iter().filter(is_allowed).cloned().collect()
}

/// The requests that fetch credentials, one for each role.
fn credentials(config: &Config) -> Vec<Rule> {
    match &config.credentials {
        CredentialProvider::Iot(provider) => {
            let thing_name = config.device.thing_name.as_ref();
            let of_main = (roles::MAIN, &provider.role_alias);
            let all = iter::once(of_main).chain(roles::others(config));
            all.map(|(grant, alias)| Rule::Identity(iot(provider, grant, alias, thing_name)))
                .collect()
        }
        CredentialProvider::RolesAnywhere(provider) => {
            vec![Rule::Request(roles_anywhere(provider))]
        }
    }
}

fn iot(
    provider: &Iot,
    grant: Grant,
    alias: &RoleAlias,
    thing_name: Option<&ThingName>,
) -> RequestRule {
    let alias = utf8_percent_encode(alias.as_str(), UNRESERVED);
    // A thing's name is a valid field value; without one the field is left out.
    let thing_name = thing_name.and_then(|name| HeaderValue::from_str(name.as_str()).ok());
    RequestRule {
        grant,
        method: Method::GET,
        authority: provider.endpoint.clone(),
        path: format!("/role-aliases/{alias}/credentials"),
        query: None,
        fields: vec![(THING_NAME, thing_name)],
    }
}

/// The device signs this request, so that TLS shows no identity.
fn roles_anywhere(provider: &RolesAnywhere) -> RequestRule {
    RequestRule {
        grant: roles::MAIN,
        method: Method::POST,
        authority: provider.endpoint.clone(),
        path: "/sessions".to_owned(),
        query: Some(session::query(provider)),
        fields: Vec::new(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_config::Environment;
    use sealift_network::Decision;

    use super::*;

    #[test]
    fn a_call_reaches_its_own_origin_if_that_is_allowed_and_no_other_that_is() {
        let text = r#"
            [device]
            certificate = "c"
            key = "k"
            [credentials]
            endpoint = "c0ffee.credentials.iot.eu-central-1.amazonaws.com"
            role_alias = "uploads"
            [network]
            allow = ["https://*.eu-central-1.amazonaws.com", "https://example.com"]
        "#;
        let config = Config::parse(text, "sealift.toml".as_ref(), &Environment::default()).unwrap();
        let reaches = |of: &str, uri: &str| {
            let policy = of_call(&config, of.parse().unwrap()).unwrap();
            policy.decide(&Method::POST, &uri.parse().unwrap()) != Decision::Deny
        };
        let sqs = "https://sqs.eu-central-1.amazonaws.com";
        assert!(reaches(sqs, "https://sqs.eu-central-1.amazonaws.com/"));
        assert!(!reaches(sqs, "https://sns.eu-central-1.amazonaws.com/"));
        assert!(!reaches(sqs, "https://example.com/"));
        assert!(reaches(sqs, "https://b.s3.eu-central-1.amazonaws.com/"));
        let elsewhere = "https://sqs.eu-west-1.amazonaws.com";
        assert!(!reaches(elsewhere, "https://sqs.eu-west-1.amazonaws.com/"));
    }

    #[test]
    fn what_the_host_reaches_for_updates_no_component_does() {
        let text = r#"
            [device]
            thing_name = "thing_x"
            certificate = "c"
            key = "k"
            [credentials]
            endpoint = "c0ffee.credentials.iot.eu-central-1.amazonaws.com"
            role_alias = "uploads"
            [release]
            repository = "https://updates.example.com/sealift/"
            root = "root.json"
            [jobs]
            endpoint = "c0ffee-ats.iot.eu-central-1.amazonaws.com"
        "#;
        let config = Config::parse(text, "sealift.toml".as_ref(), &Environment::default());
        let policy = policy(&config.unwrap(), None).unwrap();
        for uri in [
            "https://updates.example.com/sealift/metadata/timestamp.json",
            "https://c0ffee-ats.iot.eu-central-1.amazonaws.com:8443/things/thing_x/jobs/$next",
            "https://c0ffee-ats.iot.eu-central-1.amazonaws.com/things/thing_x/jobs/$next",
        ] {
            let decision = policy.decide(&Method::GET, &uri.parse().unwrap());
            assert_eq!(decision, Decision::Deny, "{uri}");
        }
    }
}
