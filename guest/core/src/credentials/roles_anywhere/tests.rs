//! Requests for sessions against vectors that another implementation made, and what answers mean.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::*;

/// 2026-01-02T03:04:05Z, the date of the vectors.
const SIGNED_AT: u64 = 1_767_323_045;

const ANSWER: &str = r#"{"credentialSet":[{"assumedRoleUser":{"arn":"arn:aws:sts::1:assumed-role/r/s","assumedRoleId":"AROA:s"},"credentials":{"accessKeyId":"ASIAEXAMPLE","expiration":"2026-01-02T04:04:05Z","secretAccessKey":"hush","sessionToken":"sesame"},"packedPolicySize":5,"roleArn":"arn:aws:iam::1:role/r","sourceIdentity":"device"}],"subjectArn":"arn:aws:rolesanywhere:eu-west-1:1:subject/2"}"#;

const SETTINGS: [(&str, &str); 7] = [
    ("endpoint", "rolesanywhere.eu-west-1.amazonaws.com:443"),
    ("region", "eu-west-1"),
    (
        "trust-anchor",
        "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/4579702c-9abb-47c2-88b2-c734e0b29539",
    ),
    (
        "profile",
        "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/41cl0bae-6783-40d4-ab20-65dc5d922e45",
    ),
    ("role", "arn:aws:iam::123456789012:role/upload+er"),
    ("session-name", "gateway-7"),
    ("duration", "3600"),
];

fn provider_of(list: &[(&str, &str)]) -> Result<Provider, Error> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Provider::from_settings(Settings::new(list.iter().map(owned).collect())?)
}

fn provider() -> Provider {
    provider_of(&SETTINGS).unwrap()
}

fn with(name: &str, value: &'static str) -> Result<Provider, Error> {
    let mut list = SETTINGS;
    for setting in &mut list {
        if setting.0 == name {
            setting.1 = value;
        }
    }
    provider_of(&list)
}

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/roles-anywhere/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

fn chain() -> Vec<Vec<u8>> {
    ["leaf.der", "issuer.der", "root.der"].map(vector).to_vec()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn prepared(chain: Vec<Vec<u8>>) -> Result<Unsigned, Error> {
    provider().prepare(KeyAlgorithm::Ecdsa, chain, at(SIGNED_AT))
}

fn answer(status: u16, date: Option<&'static str>, body: &[u8]) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(date) = date {
        headers.insert("date", HeaderValue::from_static(date));
    }
    headers.insert(
        "x-amzn-errortype",
        HeaderValue::from_static("AccessDeniedException"),
    );
    Response::new(
        StatusCode::from_u16(status).unwrap(),
        headers,
        body.to_vec(),
    )
    .unwrap()
}

fn refused(status: u16, date: Option<&'static str>, message: &str) -> Error {
    let body = serde_json::json!({ "message": message }).to_string();
    let response = answer(status, date, body.as_bytes());
    provider().parse(&response, at(SIGNED_AT)).unwrap_err()
}

#[test]
fn the_string_to_sign_is_that_of_another_implementation() {
    let unsigned = prepared(chain()).unwrap();
    assert_eq!(unsigned.string_to_sign(), text("string-to-sign.txt"));
}

#[test]
fn the_canonical_request_is_that_of_another_implementation() {
    let message = prepared(chain()).unwrap().message();
    let expected = [text("string-to-sign.txt"), text("canonical-request.txt")];
    assert_eq!(message, expected.join("\n"));
}

#[test]
fn the_signature_names_the_certificate_by_its_serial_number() {
    let (request, body) = prepared(chain()).unwrap().sign(&[0x0a, 0xff]).unwrap();
    let expected = format!(
        "AWS4-X509-ECDSA-SHA256 Credential={}/20260102/eu-west-1/rolesanywhere/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain, Signature=0aff",
        text("serial-number.txt")
    );
    assert_eq!(request.headers()["authorization"], expected.as_str());
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.method(), "POST");
    assert_eq!(request.headers()["content-length"], "54");
    assert_eq!(
        body,
        r#"{"durationSeconds":3600,"roleSessionName":"gateway-7"}"#
    );
}

#[test]
fn without_issuers_no_chain_is_sent() {
    let unsigned = prepared(vec![vector("leaf.der"), vector("root.der")]).unwrap();
    let (request, _) = unsigned.sign(b"s").unwrap();
    assert!(!request.headers().contains_key("x-amz-x509-chain"));
    let signature = request.headers()["authorization"].to_str().unwrap();
    assert!(signature.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-x509, "));
}

#[test]
fn what_is_optional_may_be_left_out() {
    let provider = provider_of(&SETTINGS[..5]).unwrap();
    let unsigned = provider.prepare(KeyAlgorithm::Rsa, chain(), at(SIGNED_AT));
    let unsigned = unsigned.unwrap();
    assert!(
        unsigned
            .string_to_sign()
            .starts_with("AWS4-X509-RSA-SHA256\n")
    );
    assert_eq!(unsigned.sign(b"s").unwrap().1, "{}");
}

#[test]
fn a_chain_that_the_service_would_not_take_is_refused_before() {
    for (chain, why) in [
        (vec![], "the device has no certificate"),
        (
            vec![b"no certificate".to_vec()],
            "holds something that is no X.509 certificate",
        ),
        (
            [vec![vector("leaf.der")], vec![vector("issuer.der"); 6]].concat(),
            "takes at most 5 issuers of a certificate, and the chain has 6",
        ),
    ] {
        let error = prepared(chain).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert!(error.message.contains(why), "{error}");
    }
}

#[test]
fn a_signature_that_is_none_is_not_sent() {
    for signature in [&[][..], &[0; 2000]] {
        let error = prepared(chain()).unwrap().sign(signature).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
    }
}

#[test]
fn settings_out_of_their_rules_are_invalid() {
    for (name, value) in [
        ("endpoint", "https://h"),
        ("region", "EU"),
        ("region", ""),
        ("region", "a/b"),
        ("trust-anchor", "4579702c"),
        ("role", "arn:aws:iam::1:role/a b"),
        ("session-name", "a"),
        ("session-name", "a/b"),
        ("duration", "899"),
        ("duration", "43201"),
        ("duration", "1h"),
    ] {
        let error = with(name, value).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{name}={value}");
    }
    let more = [SETTINGS.as_slice(), &[("source-ip", "::1")]].concat();
    assert_eq!(provider_of(&more).unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn an_answer_becomes_credentials() {
    let response = answer(201, None, ANSWER.as_bytes());
    let credentials = provider().parse(&response, at(SIGNED_AT)).unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAEXAMPLE");
    assert_eq!(credentials.secret_access_key(), "hush");
    assert_eq!(credentials.session_token(), Some("sesame"));
    assert_eq!(credentials.expiration(), Some(1_767_326_645));
}

#[test]
fn an_answer_of_no_credentials_or_of_two_is_malformed() {
    let set = &ANSWER[ANSWER.find('[').unwrap() + 1..ANSWER.find(']').unwrap()];
    for (sets, why) in [
        (String::new(), "it holds no credentials"),
        (format!("{set},{set}"), "it holds credentials twice"),
        (
            set.replace("2026-01-02", "1970-01-01"),
            "its expiration is not a plausible date",
        ),
    ] {
        let body = format!(r#"{{"credentialSet":[{sets}]}}"#);
        let response = answer(201, None, body.as_bytes());
        let error = provider().parse(&response, at(SIGNED_AT)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.ends_with(why), "{error}");
    }
}

#[test]
fn every_known_refusal_is_told_with_its_cure() {
    for (status, said, why, cure) in [
        (
            403,
            "Untrusted signing certificate",
            "no chain of valid certificates leads from the device's to trust anchor `arn:",
            "get-trust-anchor --trust-anchor-id 4579702c-9abb-47c2-88b2-c734e0b29539",
        ),
        (
            403,
            "Untrusted certificate. Insufficient certificate",
            "not of the kind that the service takes",
            "keyUsage digitalSignature",
        ),
        (
            403,
            "Certificate revoked",
            "is revoked",
            "sealift key rotate",
        ),
        (
            403,
            "Invalid signature",
            "does not find the signature to be by the certificate's key",
            "credentials.endpoint",
        ),
        (
            403,
            "Unable to assume role for arn:aws:iam::123456789012:role/upload+er",
            "does not trust rolesanywhere.amazonaws.com",
            "get-role --role-name upload+er",
        ),
        (
            403,
            "Unable to assume role for arn:aws:iam::123456789012:role/upload+er. The requested \
             DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "longer than the role's MaxSessionDuration",
            "credentials.duration",
        ),
        (
            403,
            "Requested Role isn't one of those listed in the Profile.",
            "is not one of the roles of profile `arn:",
            "get-profile --profile-id 41cl0bae-6783-40d4-ab20-65dc5d922e45",
        ),
        (
            403,
            "Profile is disabled",
            "is disabled",
            "enable-profile --profile-id 41cl0bae-6783-40d4-ab20-65dc5d922e45",
        ),
        (
            403,
            "Invalid or empty profile provided.",
            "does not exist or has no roles",
            "list-profiles",
        ),
        (
            403,
            "Not authorized to set roleSessionName",
            "does not accept names of sessions",
            "--accept-role-session-name",
        ),
        (
            404,
            "Specified Trust Anchor wasn't found.",
            "trust-anchor/4579702c-9abb-47c2-88b2-c734e0b29539` does not exist",
            "list-trust-anchors",
        ),
    ] {
        let error = refused(status, None, said);
        assert!(error.message.contains(why), "{said}: {error}");
        assert!(error.cure.unwrap().contains(cure), "{said}");
        assert_eq!(error.status, Some(status));
        assert_eq!(error.code.as_deref(), Some("AccessDeniedException"));
    }
}

#[test]
fn an_unknown_refusal_is_quoted_and_has_no_cure() {
    let error = refused(403, None, "Because\x1b[31m");
    assert!(
        error
            .message
            .ends_with("the service answered 403 Forbidden: Because [31m")
    );
    assert_eq!((error.kind, error.cure), (ErrorKind::Denied, None));
}

#[test]
fn a_refusal_by_a_service_in_another_time_is_put_down_to_the_clock() {
    let later = Some("Fri, 02 Jan 2026 05:04:05 GMT");
    let soon = Some("Fri, 02 Jan 2026 03:08:00 GMT");
    assert_eq!(
        refused(403, later, "Invalid signature").kind,
        ErrorKind::ClockSkew
    );
    assert_eq!(
        refused(403, soon, "Invalid signature").kind,
        ErrorKind::Denied
    );
    assert_eq!(refused(404, later, "").kind, ErrorKind::NotFound);
}

proptest! {
    #[test]
    fn damaged_answers_never_make_it_panic_or_talk(
        flips in prop::collection::vec((0..ANSWER.len(), any::<u8>()), 0..6),
        cut in 0..=ANSWER.len(),
    ) {
        let mut body = ANSWER.as_bytes().to_vec();
        for (at, byte) in flips {
            body[at] = byte;
        }
        body.truncate(cut);
        if let Err(error) = provider().parse(&answer(201, None, &body), at(SIGNED_AT)) {
            prop_assert_eq!(error.kind, ErrorKind::Protocol);
            prop_assert!(!error.message.contains("sesame"));
        }
    }
}
