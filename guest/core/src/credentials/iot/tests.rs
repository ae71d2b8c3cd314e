//! The provider's answers, as measured and as an attacker would send them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::{Credentials, Provider};
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::settings::Settings;

const ANSWER: &str = r#"{"credentials":{"accessKeyId":"ASIAEXAMPLE","secretAccessKey":"hush","sessionToken":"sesame","expiration":"2023-10-30T07:22:31Z"}}"#;

fn provider_of(list: &[(&str, &str)]) -> Result<Provider, Error> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Provider::from_settings(Settings::new(list.iter().map(owned).collect())?)
}

fn provider() -> Provider {
    provider_of(&[
        ("endpoint", "c0ffee.credentials.iot.eu-west-1.amazonaws.com"),
        ("role-alias", "uploads"),
        ("thing-name", "thing_x"),
    ])
    .unwrap()
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Response {
    let mut map = HeaderMap::new();
    for &(name, value) in headers {
        map.insert(name, HeaderValue::from_static(value));
    }
    Response::new(StatusCode::from_u16(status).unwrap(), map, body.to_vec()).unwrap()
}

fn parse(status: u16, body: &[u8]) -> Result<Credentials, Error> {
    provider().parse(&answer(status, &[], body))
}

fn refused(status: u16, message: &str) -> Error {
    let body = serde_json::json!({ "message": message }).to_string();
    parse(status, body.as_bytes()).unwrap_err()
}

#[test]
fn the_request_names_alias_and_thing() {
    let request = provider().request();
    assert_eq!(request.method(), "GET");
    assert_eq!(
        request.uri(),
        "https://c0ffee.credentials.iot.eu-west-1.amazonaws.com/role-aliases/uploads/credentials"
    );
    assert_eq!(request.headers()["x-amzn-iot-thingname"], "thing_x");
}

#[test]
fn the_thing_may_be_left_out_and_the_alias_is_encoded() {
    let list = [("endpoint", "[::1]:8443"), ("role-alias", "a=b,c@d-e_f")];
    let request = provider_of(&list).unwrap().request();
    assert!(request.headers().is_empty());
    assert_eq!(
        request.uri(),
        "https://[::1]:8443/role-aliases/a%3Db%2Cc%40d-e_f/credentials"
    );
}

#[test]
fn the_default_port_is_not_sent() {
    let list = [("endpoint", "h:443"), ("role-alias", "a")];
    let request = provider_of(&list).unwrap().request();
    assert_eq!(request.uri().authority().unwrap(), "h");
}

#[test]
fn settings_out_of_their_rules_are_invalid() {
    let long = "a".repeat(129);
    let base = [("endpoint", "h"), ("role-alias", "a"), ("thing-name", "t")];
    for (name, value) in [
        ("endpoint", "https://h"),
        ("endpoint", ""),
        ("role-alias", ""),
        ("role-alias", "a/../b"),
        ("role-alias", "a b"),
        ("role-alias", "ä"),
        ("role-alias", &long),
        ("thing-name", ""),
        ("thing-name", "a\r\nx: y"),
        ("thing-name", "$(id)"),
        ("thing-name", &long),
    ] {
        let list = base.map(|pair| if pair.0 == name { (name, value) } else { pair });
        let error = provider_of(&list).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{name}={value}");
        assert!(error.message.contains(name), "{error}");
    }
    let error = provider_of(&[("endpoint", "h")]).unwrap_err();
    assert_eq!(error.message, "setting `role-alias` is missing");
}

#[test]
fn an_unknown_setting_is_unsupported() {
    let list = [("endpoint", "h"), ("role-alias", "a"), ("role-arn", "x")];
    let error = provider_of(&list).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.contains("`role-arn`"), "{error}");
}

#[test]
fn credentials_are_read() {
    let credentials = parse(200, ANSWER.as_bytes()).unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAEXAMPLE");
    assert_eq!(credentials.secret_access_key(), "hush");
    assert_eq!(credentials.session_token(), Some("sesame"));
    assert_eq!(credentials.expiration(), Some(1_698_650_551));
}

#[test]
fn fields_that_are_new_do_not_disturb() {
    let body = ANSWER.replace("{\"accessKeyId", "{\"new\":[{}],\"accessKeyId");
    assert!(parse(200, body.as_bytes()).is_ok());
}

#[test]
fn a_session_token_of_100_kib_is_read() {
    let body = ANSWER.replace("sesame", &"s".repeat(100 * 1024));
    let credentials = parse(200, body.as_bytes()).unwrap();
    assert_eq!(credentials.session_token().unwrap().len(), 100 * 1024);
}

#[test]
fn a_thing_that_is_not_attached_is_cured_by_attaching_it() {
    let error = refused(403, "Invalid thing name passed");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("`uploads`") && error.message.contains("`thing_x`"));
    assert_eq!(
        error.cure.unwrap(),
        "aws iot attach-thing-principal --thing-name thing_x --principal CERTIFICATE_ARN"
    );
}

#[test]
fn a_missing_policy_is_cured_by_attaching_one() {
    let error = refused(403, "Access Denied");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.contains("iot:AssumeRoleWithCertificate"),
        "{error}"
    );
    let cure = error.cure.unwrap();
    assert!(cure.starts_with("aws iot attach-policy ") && cure.ends_with("rolealias/uploads"));
}

#[test]
fn a_wrong_endpoint_or_certificate_is_cured_by_comparing_and_activating() {
    let error = refused(403, "Certificate is invalid on this endpoint");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.contains("another account or region"),
        "{error}"
    );
    let cure = error.cure.unwrap();
    assert!(cure.contains("aws iot describe-endpoint --endpoint-type iot:CredentialProvider"));
    assert!(cure.contains("aws iot update-certificate"));
}

#[test]
fn a_misspelt_alias_is_cured_by_listing_them() {
    let error = refused(404, "Role alias does not exist");
    assert_eq!(error.kind, ErrorKind::NotFound);
    let cure = error.cure.unwrap();
    assert!(cure.contains("aws iot list-role-aliases"));
    assert!(cure.contains("--role-alias uploads "));
}

#[test]
fn a_role_that_cannot_be_assumed_is_cured_by_its_trust_policy() {
    let message = "Unable to assume the role, or the role to assume does not exist";
    let error = refused(400, message);
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(
        error.message.contains("credentials.iot.amazonaws.com"),
        "{error}"
    );
    let cure = error.cure.unwrap();
    assert!(cure.contains("aws iot describe-role-alias --role-alias uploads"));
    assert!(cure.contains("aws iam update-assume-role-policy"));
}

#[test]
fn sessions_too_long_for_the_role_are_cured_by_shortening_them() {
    let message =
        "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the role";
    let error = refused(400, message);
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert_eq!(
        error.cure.unwrap(),
        "aws iot update-role-alias --role-alias uploads --credential-duration-seconds 3600"
    );
}

#[test]
fn an_unmeasured_refusal_is_told_in_the_servers_words_without_a_cure() {
    let error = refused(403, "Something\u{1b}[2J new");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.ends_with("403 Forbidden: Something [2J new"),
        "{error}"
    );
    assert_eq!(error.cure, None);
    // The same sentence under another status is another refusal.
    assert_eq!(refused(500, "Access Denied").cure, None);
}

#[test]
fn code_request_id_and_wait_are_taken_from_the_headers() {
    let headers = [
        ("x-amzn-errortype", "ThrottlingException:http://internal/"),
        ("x-amzn-requestid", "r-1"),
        ("retry-after", "3"),
    ];
    let error = provider().parse(&answer(400, &headers, b"{}")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled);
    assert_eq!(error.status, Some(400));
    assert_eq!(error.code.as_deref(), Some("ThrottlingException"));
    assert_eq!(error.request_id.as_deref(), Some("r-1"));
    assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
}

#[test]
fn refusals_without_a_readable_body_go_by_status() {
    for (status, kind) in [
        (301, ErrorKind::Protocol),
        (400, ErrorKind::InvalidInput),
        (403, ErrorKind::Denied),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (503, ErrorKind::Unavailable),
    ] {
        for body in [b"<html>".as_slice(), b"", b"\xff\xfe", b"{\"message\":7}"] {
            let error = parse(status, body).unwrap_err();
            assert_eq!((error.kind, error.status), (kind, Some(status)));
        }
    }
}

#[test]
fn malformed_answers_are_protocol_errors_that_quote_no_secret() {
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "<html>welcome to the hotel</html>".to_owned(),
        ANSWER[..ANSWER.len() - 40].to_owned(),
        ANSWER.replace("\"sesame\"", "null"),
        ANSWER.replace("\"hush\"", "[\"hush\"]"),
        ANSWER.replace(
            "\"sessionToken\":\"sesame\"",
            "\"secretAccessKey\":\"hush\"",
        ),
        ANSWER.replace("\"ASIAEXAMPLE\"", "17"),
        ANSWER.replace("ASIAEXAMPLE", ""),
        ANSWER.replace("hush", ""),
        ANSWER.replace("sesame", ""),
        ANSWER.replace("hush", "hush\\nhush"),
        ANSWER.replace("2023-10-30T07:22:31Z", ""),
        ANSWER.replace("2023-10-30T07:22:31Z", "hush"),
        ANSWER.replace("2023-10-30T07:22:31Z", "0001-01-01T00:00:00Z"),
        ANSWER.replace("2023-10-30T07:22:31Z", "9999-12-31T23:59:59Z"),
        ANSWER.replace("2023-10-30T07:22:31Z", "2023-02-31T00:00:00Z"),
        ANSWER.replace("\"hush\"", &nested),
        nested,
    ] {
        let error = parse(200, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{body:.100}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        assert!(!format!("{error:?}").contains("sesame"), "{error:?}");
    }
    assert_eq!(
        parse(200, b"{\"credentials\":\"\xff\"}").unwrap_err().kind,
        ErrorKind::Protocol
    );
    assert_eq!(
        parse(204, ANSWER.as_bytes()).unwrap_err().kind,
        ErrorKind::Protocol
    );
}

proptest! {
    #[test]
    fn arbitrary_answers_never_make_it_panic(
        status in 100u16..600,
        body in prop::collection::vec(any::<u8>(), 0..256),
    ) {
        prop_assert!(parse(status, &body).is_err());
    }

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
        if let Err(error) = parse(200, &body) {
            prop_assert_eq!(error.kind, ErrorKind::Protocol);
            prop_assert!(!error.message.contains("sesame"));
        }
    }
}
