//! Refusals of S3, of other stores, and of what stands in between.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::s3::Store;

fn destination() -> Destination {
    Destination {
        store: Store::aws("us-east-1".parse().unwrap(), "amazonaws.com").unwrap(),
        bucket: "abc".parse().unwrap(),
        key: "dir/k".parse().unwrap(),
    }
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
    let mut map = HeaderMap::new();
    for &(name, value) in headers {
        map.insert(name, HeaderValue::from_static(value));
    }
    let status = StatusCode::from_u16(status).unwrap();
    Response::new(status, map, body.as_bytes().to_vec()).unwrap()
}

fn refusal(response: &Response, destination: &Destination) -> Option<Error> {
    super::refusal(response, Operation::PutObject, destination)
}

fn refused(status: u16, code: &str) -> Error {
    let body = format!("<Error><Code>{code}</Code><Message>Because.</Message></Error>");
    refusal(&answer(status, &[], &body), &destination()).unwrap()
}

#[test]
fn codes_decide_the_kind() {
    for (status, code, kind) in [
        (400, "ExpiredToken", ErrorKind::ExpiredCredentials),
        (403, "ExpiredTokenException", ErrorKind::ExpiredCredentials),
        (403, "RequestExpired", ErrorKind::ExpiredCredentials),
        (400, "InvalidToken", ErrorKind::ExpiredCredentials),
        (403, "RequestTimeTooSkewed", ErrorKind::ClockSkew),
        (503, "SlowDown", ErrorKind::Throttled),
        (400, "ThrottlingException", ErrorKind::Throttled),
        (400, "TooManyRequestsException", ErrorKind::Throttled),
        (400, "RequestLimitExceeded", ErrorKind::Throttled),
        (400, "RequestTimeout", ErrorKind::Timeout),
        (500, "InternalError", ErrorKind::Server),
        (503, "ServiceUnavailable", ErrorKind::Unavailable),
        (400, "BadDigest", ErrorKind::Integrity),
        (400, "XAmzContentSHA256Mismatch", ErrorKind::Integrity),
        (400, "IncompleteBody", ErrorKind::Network),
        (400, "EntityTooLarge", ErrorKind::TooLarge),
        (501, "NotImplemented", ErrorKind::Unsupported),
        (404, "NoSuchBucket", ErrorKind::NotFound),
        (403, "AccessDenied", ErrorKind::Denied),
        (403, "InvalidAccessKeyId", ErrorKind::Denied),
        (403, "SignatureDoesNotMatch", ErrorKind::Denied),
        (412, "PreconditionFailed", ErrorKind::PreconditionFailed),
        (409, "ConditionalRequestConflict", ErrorKind::Conflict),
        (409, "OperationAborted", ErrorKind::Conflict),
    ] {
        let error = refused(status, code);
        assert_eq!(error.kind, kind, "{code}");
        assert_eq!(
            (error.status, error.code.as_deref()),
            (Some(status), Some(code))
        );
        assert!(error.message.contains("s3://abc/dir/k"), "{error}");
        assert!(error.message.contains("Because."), "{error}");
    }
}

#[test]
fn bodies_of_proxies_and_empty_ones_go_by_status() {
    for (status, kind) in [
        (302, ErrorKind::Protocol),
        (307, ErrorKind::Unavailable),
        (400, ErrorKind::InvalidInput),
        (401, ErrorKind::Denied),
        (403, ErrorKind::Denied),
        (404, ErrorKind::NotFound),
        (407, ErrorKind::InvalidInput),
        (408, ErrorKind::Timeout),
        (409, ErrorKind::Conflict),
        (412, ErrorKind::PreconditionFailed),
        (413, ErrorKind::TooLarge),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (501, ErrorKind::Unsupported),
        (502, ErrorKind::Server),
        (503, ErrorKind::Unavailable),
        (504, ErrorKind::Server),
    ] {
        for body in [
            "",
            "<html><title>Proxy</title><Code>x</Code></html>",
            "{\"a\":1}",
        ] {
            let error = refusal(&answer(status, &[], body), &destination()).unwrap();
            assert_eq!(error.kind, kind, "{status} {body}");
            assert_eq!(error.code, None);
            assert!(error.message.contains(&status.to_string()), "{error}");
        }
    }
}

#[test]
fn a_success_is_no_refusal_unless_its_body_is_an_error() {
    assert_eq!(refusal(&answer(200, &[], ""), &destination()), None);
    assert_eq!(
        refusal(&answer(200, &[], "<Result/>"), &destination()),
        None
    );
    let error = refused(200, "InternalError");
    assert_eq!((error.kind, error.status), (ErrorKind::Server, Some(200)));
    assert_eq!(refused(200, "Unheard").kind, ErrorKind::Server);
}

#[test]
fn a_wrong_region_names_the_right_one_and_the_setting() {
    let header = [("x-amz-bucket-region", "eu-west-1")];
    let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    for (status, headers, body) in [
        (301, header.as_slice(), ""),
        (307, &header, ""),
        (400, &header, ""),
        (400, &[], body),
    ] {
        let response = answer(status, headers, body);
        let region = other_region(&response, &destination().store);
        assert_eq!(region, Some("eu-west-1".parse().unwrap()));
        let error = refusal(&response, &destination()).unwrap();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(
            error.message,
            "bucket `abc` is in region eu-west-1, not in us-east-1"
        );
        assert!(error.cure.unwrap().contains("`s3.region`"));
        assert_eq!(error.status, Some(status));
    }
}

#[test]
fn the_right_region_or_nonsense_is_not_taken_for_a_wrong_one() {
    for region in ["us-east-1", "", "EU WEST", "https://elsewhere"] {
        let headers = [("x-amz-bucket-region", region)];
        let error = refusal(&answer(400, &headers, ""), &destination()).unwrap();
        assert!(!error.message.contains("region"), "{error}");
    }
    // AccessDenied names the region as a matter of course.
    let headers = [("x-amz-bucket-region", "eu-west-1")];
    let response = answer(403, &headers, "");
    let error = refusal(&response, &destination()).unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(other_region(&response, &destination().store), None);
}

#[test]
fn refusals_that_people_can_cure_say_how() {
    for (error, cure) in [
        (
            refused(404, "NoSuchBucket"),
            "aws s3 mb s3://abc --region us-east-1",
        ),
        (
            refused(403, "AccessDenied"),
            "s3:PutObject on arn:aws:s3:::abc/dir/k",
        ),
        (
            refused(403, "InvalidAccessKeyId"),
            "https://s3.us-east-1.amazonaws.com",
        ),
        (refused(403, "RequestTimeTooSkewed"), "clock"),
        (refused(501, "NotImplemented"), "checksum"),
        (refused(301, "PermanentRedirect"), "region"),
    ] {
        let advice = error.cure.unwrap_or_default();
        assert!(advice.contains(cure), "{advice}");
    }
    assert_eq!(refused(500, "InternalError").cure, None);
}

#[test]
fn a_denial_names_the_permission_of_the_request() {
    let upload = "u".parse().unwrap();
    let upload = &upload;
    let denied = answer(403, &[], "<Error><Code>AccessDenied</Code></Error>");
    for (operation, verb, permission) in [
        (Operation::HeadObject, "look at", "s3:GetObject on"),
        (
            Operation::CreateMultipartUpload,
            "begin a multipart upload of",
            "s3:PutObject on",
        ),
        (
            Operation::AbortMultipartUpload { upload },
            "abort the multipart upload of",
            "s3:AbortMultipartUpload on",
        ),
        (
            Operation::ListParts {
                upload,
                after: None,
            },
            "list the parts of",
            "s3:ListMultipartUploadParts on",
        ),
    ] {
        let error = super::refusal(&denied, operation, &destination()).unwrap();
        let start = format!("cannot {verb} `s3://abc/dir/k`: ");
        assert!(error.message.starts_with(&start), "{error}");
        let cure = error.cure.unwrap();
        let advice = format!("allow {permission} arn:aws:s3:::abc/dir/k ");
        assert!(cure.starts_with(&advice), "{cure}");
    }
}

#[test]
fn a_denied_listing_names_the_bucket() {
    let Destination { store, bucket, .. } = destination();
    let listing = Listing {
        store,
        bucket,
        prefix: "dir/".to_owned(),
    };
    let error = listing_refusal(&answer(403, &[], ""), &listing).unwrap();
    assert!(error.message.contains("`s3://abc/dir/`"));
    let cure = error.cure.unwrap();
    let advice = "allow s3:ListBucketMultipartUploads on arn:aws:s3:::abc to";
    assert!(cure.starts_with(advice), "{cure}");
}

#[test]
fn request_id_and_wait_are_reported() {
    let headers = [("x-amz-request-id", "R1"), ("retry-after", "2")];
    let error = refusal(&answer(503, &headers, ""), &destination()).unwrap();
    assert_eq!(error.request_id.as_deref(), Some("R1"));
    assert_eq!(error.retry_after, Some(Duration::from_secs(2)));
    let body = "<Error><Code>SlowDown</Code><RequestId>R2</RequestId></Error>";
    let error = refusal(&answer(503, &[], body), &destination()).unwrap();
    assert_eq!(error.request_id.as_deref(), Some("R2"));
}

#[test]
fn a_servers_words_reach_the_message_cleaned_and_bounded() {
    let body = format!(
        "<Error><Code>A\u{1b}B</Code><Message>\u{1b}[2J{}</Message></Error>",
        "x".repeat(5000)
    );
    let error = refusal(&answer(400, &[], &body), &destination()).unwrap();
    assert!(
        !error.message.contains('\u{1b}') && error.message.len() < 600,
        "{error}"
    );
    assert_eq!(error.code, None);
}

proptest! {
    #[test]
    fn arbitrary_answers_never_make_it_panic(status in 100u16..1000, body in ".{0,64}") {
        let refused = refusal(&answer(status, &[], &body), &destination()).is_some();
        prop_assert_eq!(refused, !(200..300).contains(&status));
    }
}
