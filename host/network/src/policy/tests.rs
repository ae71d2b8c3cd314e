#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use sealift_config::S3HostKind;

use super::*;

const PATH: &str = "/role-aliases/uploads/credentials";
const WITH_IDENTITY: Decision = Decision::Allow {
    identity: true,
    exact: Some(Grant(0)),
    addresses: AddressRule::Any,
};
const ONE_REQUEST: Decision = Decision::Allow {
    identity: false,
    exact: Some(Grant(0)),
    addresses: AddressRule::Any,
};
const CONFIGURED: Decision = Decision::Allow {
    identity: false,
    exact: None,
    addresses: AddressRule::Any,
};
const PATTERN: Decision = Decision::Allow {
    identity: false,
    exact: None,
    addresses: AddressRule::OffLink,
};

fn identity() -> Rule {
    Rule::Identity(RequestRule {
        grant: Grant::default(),
        method: Method::GET,
        authority: "iot.example.com".parse().unwrap(),
        path: PATH.into(),
        query: None,
        fields: Vec::new(),
    })
}

fn decide(rules: Vec<Rule>, method: &Method, uri: &str) -> Decision {
    Policy::new(rules).decide(method, &uri.parse().unwrap())
}

#[test]
fn nothing_is_allowed_without_a_rule() {
    assert_eq!(
        decide(vec![], &Method::GET, "https://example.com/"),
        Decision::Deny
    );
}

#[test]
fn the_identity_goes_with_its_own_request_only() {
    let ask = |method: &Method, uri: &str| decide(vec![identity()], method, uri);
    assert_eq!(
        ask(&Method::GET, &format!("https://iot.example.com{PATH}")),
        WITH_IDENTITY
    );
    assert_eq!(
        ask(&Method::GET, &format!("https://IOT.example.com:443{PATH}")),
        WITH_IDENTITY
    );
    for (method, uri) in [
        (&Method::POST, format!("https://iot.example.com{PATH}")),
        (
            &Method::GET,
            "https://iot.example.com/role-aliases/admin/credentials".into(),
        ),
        (&Method::GET, format!("https://iot.example.com{PATH}?x")),
        (&Method::GET, format!("https://iot.example.com{PATH}/")),
        (&Method::GET, format!("https://iot.example.com/x/..{PATH}")),
        (
            &Method::GET,
            "https://iot.example.com/%72ole-aliases/uploads/credentials".into(),
        ),
        (&Method::GET, format!("https://iot.example.com:8443{PATH}")),
        (&Method::GET, format!("http://iot.example.com{PATH}")),
        (&Method::GET, format!("http://iot.example.com:443{PATH}")),
        (&Method::GET, format!("https://other.example.com{PATH}")),
        (&Method::GET, format!("https://user@iot.example.com{PATH}")),
    ] {
        assert_eq!(ask(method, &uri), Decision::Deny, "{method} {uri}");
    }
}

#[test]
fn another_request_to_the_identity_origin_goes_without_identity_if_a_rule_allows_it() {
    let uri = "https://iot.example.com/other";
    let configured = Rule::Configured("https://iot.example.com".parse().unwrap());
    let pattern = Rule::Pattern("https://*.example.com".parse().unwrap());
    assert_eq!(
        decide(vec![identity(), configured], &Method::GET, uri),
        CONFIGURED
    );
    assert_eq!(
        decide(vec![identity(), pattern], &Method::GET, uri),
        PATTERN
    );
}

#[test]
fn a_configured_origin_is_freer_than_a_pattern_in_any_order() {
    let configured = Rule::Configured("http://localhost:9000".parse().unwrap());
    let pattern = Rule::Pattern("http://localhost:9000".parse().unwrap());
    for rules in [
        vec![configured.clone(), pattern.clone()],
        vec![pattern, configured],
    ] {
        assert_eq!(
            decide(rules, &Method::PUT, "http://localhost:9000/x"),
            CONFIGURED
        );
    }
}

#[test]
fn a_request_is_allowed_with_its_own_query_and_method_only() {
    let rule = Rule::Request(RequestRule {
        grant: Grant::default(),
        method: Method::POST,
        authority: "ra.example.com".parse().unwrap(),
        path: "/sessions".into(),
        query: Some("roleArn=a%3Ab".into()),
        fields: Vec::new(),
    });
    let ask = |method: &Method, uri: &str| decide(vec![rule.clone()], method, uri);
    let uri = "https://ra.example.com/sessions?roleArn=a%3Ab";
    assert_eq!(ask(&Method::POST, uri), ONE_REQUEST);
    assert_eq!(ask(&Method::GET, uri), Decision::Deny);
    for uri in [
        "https://ra.example.com/sessions",
        "https://ra.example.com/sessions?",
        "https://ra.example.com/sessions?roleArn=a:b",
        "https://ra.example.com/sessions?roleArn=a%3Ab&roleArn=c",
        "https://ra.example.com/subjects?roleArn=a%3Ab",
        "http://ra.example.com/sessions?roleArn=a%3Ab",
    ] {
        assert_eq!(ask(&Method::POST, uri), Decision::Deny, "{uri}");
    }
}

#[test]
fn the_identity_goes_with_what_is_below_a_directory_and_stays_there() {
    let rule = Rule::IdentityBelow(DirectoryRule {
        methods: vec![Method::GET],
        origin: "https://updates.example.com".parse().unwrap(),
        path: "/sealift/".into(),
    });
    let ask = |method: &Method, uri: &str| decide(vec![rule.clone()], method, uri);
    let below = Decision::Allow {
        identity: true,
        exact: None,
        addresses: AddressRule::Any,
    };
    for path in [
        "metadata/1.root.json",
        "targets/a%20b",
        "a?b=../c",
        "...",
        "a..b",
    ] {
        let uri = format!("https://updates.example.com/sealift/{path}");
        assert_eq!(ask(&Method::GET, &uri), below, "{uri}");
        assert_eq!(ask(&Method::PUT, &uri), Decision::Deny, "{uri}");
    }
    for uri in [
        "https://updates.example.com/sealift/",
        "https://updates.example.com/sealift",
        "https://updates.example.com/other/x",
        "https://updates.example.com/sealift/../other",
        "https://updates.example.com/sealift/a/%2e%2E/x",
        "https://updates.example.com/sealift/..%2fother",
        "https://updates.example.com/sealift/./x",
        "https://updates.example.com/sealift//x",
        "https://updates.example.com/%73ealift/x",
        "https://updates.example.com:8443/sealift/x",
        "http://updates.example.com/sealift/x",
        "http://updates.example.com:443/sealift/x",
        "https://other.example.com/sealift/x",
    ] {
        assert_eq!(ask(&Method::GET, uri), Decision::Deny, "{uri}");
    }
}

#[test]
fn hosts_of_s3_are_as_free_as_a_pattern() {
    let rule = Rule::S3(S3Hosts {
        region: "eu-west-1".parse().unwrap(),
        any_region: true,
        dual_stack: false,
        kind: S3HostKind::Regional,
    });
    for (uri, decision) in [
        ("https://abc.s3.eu-west-1.amazonaws.com/k", PATTERN),
        ("https://abc.s3.us-east-2.amazonaws.com/k", PATTERN),
        ("http://abc.s3.eu-west-1.amazonaws.com/k", Decision::Deny),
        ("https://sqs.eu-west-1.amazonaws.com/", Decision::Deny),
    ] {
        assert_eq!(
            decide(vec![rule.clone()], &Method::PUT, uri),
            decision,
            "{uri}"
        );
    }
}

#[test]
fn a_tunnel_is_never_allowed() {
    let rule = Rule::Configured("https://example.com".parse().unwrap());
    assert_eq!(
        decide(vec![rule.clone()], &Method::CONNECT, "https://example.com/"),
        Decision::Deny
    );
    assert_eq!(
        decide(vec![rule], &Method::CONNECT, "example.com:443"),
        Decision::Deny
    );
}

proptest! {
    #[test]
    fn only_the_exact_path_carries_the_identity(path in "/[!-~&&[^?#\\\\\"<>`{}|^]]{0,40}") {
        let uri: Result<Uri, _> = format!("https://iot.example.com{path}").parse();
        if let Ok(uri) = uri {
            let decision = Policy::new([identity()]).decide(&Method::GET, &uri);
            prop_assert_eq!(decision == WITH_IDENTITY, path == PATH);
        }
    }

    #[test]
    fn an_origin_outside_every_rule_is_denied(host in "[a-z]{1,10}\\.(com|net)", port in 1u16..) {
        prop_assume!(port != 443);
        let rules = vec![identity(), Rule::Pattern("https://*.com".parse().unwrap())];
        let uri = format!("https://{host}:{port}{PATH}");
        prop_assert_eq!(decide(rules, &Method::GET, &uri), Decision::Deny);
    }
}
