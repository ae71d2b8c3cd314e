//! The S3 manual's own examples, and what a signature must and must not cover.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::Method;

use super::*;
use crate::clock;

const S3: Scope<'_> = Scope {
    region: "us-east-1",
    service: "s3",
};

/// The date of the manual's examples.
fn manual_date() -> SystemTime {
    let seconds = clock::rfc3339("2013-05-24T00:00:00Z").unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

fn manual_credentials() -> Credentials {
    Credentials::new(
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        None,
        None,
    )
    .unwrap()
}

fn request(method: Method, target: &str, headers: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("https://examplebucket.s3.amazonaws.com{target}"));
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

fn authorization(mut request: Request<()>, payload: Payload<'_>) -> String {
    sign(
        &mut request,
        payload,
        &manual_credentials(),
        S3,
        manual_date(),
    )
    .unwrap();
    header(&request, "authorization").to_owned()
}

fn header<'a>(request: &'a Request<()>, name: &str) -> &'a str {
    request.headers()[name].to_str().unwrap()
}

/// "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API Reference.
#[test]
fn the_manuals_presigned_url() {
    let request = request(Method::GET, "/test.txt", &[]);
    let (credentials, date) = (manual_credentials(), manual_date());
    let url = presign(&request, Payload::Unsigned, &credentials, S3, 86400, date).unwrap();
    let mut parameters: Vec<&str> = url.query().unwrap().split('&').collect();
    parameters.sort_unstable();
    assert_eq!(url.path(), "/test.txt");
    assert_eq!(
        parameters,
        [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
            "X-Amz-Date=20130524T000000Z",
            "X-Amz-Expires=86400",
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            "X-Amz-SignedHeaders=host",
        ]
    );
}

/// "Signature calculations for the Authorization header: transferring payload in a single
/// chunk", Amazon S3 API Reference.
#[test]
fn the_s3_manuals_examples_have_the_manuals_signatures() {
    let put = [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let range = [("range", "bytes=0-9")];
    let welcome = Payload::Bytes(b"Welcome to Amazon S3.");
    for (request, payload, signature) in [
        (
            request(Method::PUT, "/test%24file.text", &put),
            welcome,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            request(Method::GET, "/test.txt", &range),
            Payload::Empty,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            request(Method::GET, "/?lifecycle", &[]),
            Payload::Empty,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            request(Method::GET, "/?max-keys=2&prefix=J", &[]),
            Payload::Empty,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let authorization = authorization(request, payload);
        assert!(authorization.ends_with(signature), "{authorization}");
    }
}

#[test]
fn a_hash_from_elsewhere_signs_like_the_bytes_themselves() {
    let sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let put = || request(Method::PUT, "/test%24file.text", &[]);
    assert_eq!(
        authorization(put(), Payload::Sha256(sha256)),
        authorization(put(), Payload::Bytes(b"Welcome to Amazon S3."))
    );
}

#[test]
fn the_payload_header_says_how_the_payload_is_protected() {
    for (payload, value) in [
        (Payload::Unsigned, "UNSIGNED-PAYLOAD"),
        (
            Payload::StreamingUnsignedTrailer,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        ),
        (
            Payload::Empty,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ] {
        let mut request = request(Method::PUT, "/k", &[]);
        sign(
            &mut request,
            payload,
            &manual_credentials(),
            S3,
            manual_date(),
        )
        .unwrap();
        assert_eq!(header(&request, "x-amz-content-sha256"), value);
        assert!(header(&request, "authorization").contains(";x-amz-content-sha256;"));
    }
}

#[test]
fn the_host_is_signed_with_its_port_and_left_to_the_client() {
    let signed = |uri: &str| {
        let mut request = Request::put(uri).body(()).unwrap();
        let payload = Payload::Unsigned;
        sign(
            &mut request,
            payload,
            &manual_credentials(),
            S3,
            manual_date(),
        )
        .unwrap();
        assert!(!request.headers().contains_key("host"));
        header(&request, "authorization").to_owned()
    };
    assert!(signed("https://h:8443/k").contains("SignedHeaders=host;"));
    assert_ne!(signed("https://h:8443/k"), signed("https://h/k"));
    // Exactly what is sent, even if a default port is spelt out.
    assert_ne!(signed("https://h:443/k"), signed("https://h/k"));
}

#[test]
fn a_host_header_of_the_callers_cannot_change_what_is_signed() {
    let plain = authorization(request(Method::PUT, "/k", &[]), Payload::Unsigned);
    let forged = request(Method::PUT, "/k", &[("host", "elsewhere")]);
    assert_eq!(authorization(forged, Payload::Unsigned), plain);
}

#[test]
fn signing_again_replaces_the_earlier_signature() {
    let with_token = Credentials::new("A".into(), "s".into(), Some("t".into()), None).unwrap();
    let mut twice = request(Method::PUT, "/k", &[]);
    sign(
        &mut twice,
        Payload::Empty,
        &with_token,
        S3,
        SystemTime::UNIX_EPOCH,
    )
    .unwrap();
    assert!(twice.headers()["x-amz-security-token"].is_sensitive());
    sign(
        &mut twice,
        Payload::Unsigned,
        &manual_credentials(),
        S3,
        manual_date(),
    )
    .unwrap();
    let mut once = request(Method::PUT, "/k", &[]);
    sign(
        &mut once,
        Payload::Unsigned,
        &manual_credentials(),
        S3,
        manual_date(),
    )
    .unwrap();
    assert_eq!(twice.headers(), once.headers());
}

#[test]
fn a_key_is_not_normalized_for_s3_and_a_path_is_for_others() {
    let signed = |service, target| {
        let mut request = request(Method::GET, target, &[]);
        let scope = Scope { service, ..S3 };
        sign(
            &mut request,
            Payload::Empty,
            &manual_credentials(),
            scope,
            manual_date(),
        )
        .unwrap();
        header(&request, "authorization").to_owned()
    };
    assert_ne!(signed("s3", "/a//b/../c"), signed("s3", "/a/c"));
    assert_eq!(signed("iot", "/a//b/../c"), signed("iot", "/a/c"));
}

#[test]
fn a_session_token_of_100_kib_is_signed() {
    let token = "x".repeat(100 * 1024);
    let credentials = Credentials::new("A".into(), "s".into(), Some(token), None).unwrap();
    let mut request = request(Method::PUT, "/k", &[]);
    sign(
        &mut request,
        Payload::Unsigned,
        &credentials,
        S3,
        manual_date(),
    )
    .unwrap();
    assert_eq!(header(&request, "x-amz-security-token").len(), 100 * 1024);
    assert!(header(&request, "authorization").contains("x-amz-security-token"));
}

#[test]
fn a_request_that_cannot_be_signed_is_invalid_input() {
    let mut relative = Request::put("/k").body(()).unwrap();
    let mut binary = request(Method::PUT, "/k", &[]);
    let value = HeaderValue::from_bytes(b"\xff").unwrap();
    binary.headers_mut().insert("x-amz-meta-a", value);
    for request in [&mut relative, &mut binary] {
        let payload = Payload::Unsigned;
        let error = sign(request, payload, &manual_credentials(), S3, manual_date()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }
}
