//! Answers that no service should give: damaged, endless, deceitful, or not from the service at all.

use sealift_tests::{Cloud, Exchange, Outcome, Program, Server};

const NO_HEADERS: &[&str] = &[];
const TEN_MIB: usize = 10 << 20;

/// An answer of the credentials provider.
mod the_provider {
    use super::*;

    /// `sealift credentials` fails for good, says why, and prints no credentials.
    #[track_caller]
    fn refused(
        status: &'static str,
        headers: &'static [&'static str],
        body: impl Into<Vec<u8>>,
        parts: &[&str],
    ) {
        let cloud = Cloud::start();
        let provider = Server::provider(&cloud, status, headers, body);
        let endpoint = provider.address().to_string();
        let outcome = Program::on(&cloud)
            .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint)
            .arg("credentials")
            .run();
        outcome.failed(1, parts);
        assert_eq!(outcome.stdout, "");
        assert!(
            outcome.stderr.len() < 2048,
            "an answer must not flood the terminal: {}",
            outcome.stderr.len()
        );
        assert_eq!(provider.requests().len(), 1);
    }

    const MALFORMED: &str = "gave a malformed answer";

    #[test]
    fn is_not_json() {
        refused(
            "200 OK",
            NO_HEADERS,
            "<html><body>Please log in</body></html>",
            &[MALFORMED, "not JSON", "proxy"],
        );
    }

    #[test]
    fn is_empty() {
        refused("200 OK", NO_HEADERS, "", &[MALFORMED, "ends too early"]);
    }

    #[test]
    fn is_truncated_and_stays_secret() {
        let body = r#"{"credentials":{"accessKeyId":"ASIA1","secretAccessKey":"hunter2"#;
        let cloud = Cloud::start();
        let provider = Server::provider(&cloud, "200 OK", NO_HEADERS, body);
        let endpoint = provider.address().to_string();
        let outcome = Program::on(&cloud)
            .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint)
            .args(["credentials", "-vv"])
            .run();
        outcome.failed(1, &[MALFORMED, "ends too early"]);
        assert!(!format!("{outcome:?}").contains("hunter2"));
    }

    #[test]
    fn is_nested_without_end() {
        refused("200 OK", NO_HEADERS, "[".repeat(1 << 19), &[MALFORMED]);
    }

    #[test]
    fn has_fields_of_other_types() {
        let body = r#"{"credentials":{"accessKeyId":7,"secretAccessKey":[],"sessionToken":{},"expiration":null}}"#;
        refused("200 OK", NO_HEADERS, body, &[MALFORMED, "wrong type"]);
    }

    #[test]
    fn has_credentials_that_would_split_a_header() {
        let body = r#"{"credentials":{"accessKeyId":"ASIA\r\nx-evil: 1","secretAccessKey":"s","sessionToken":"t","expiration":"2049-01-01T00:00:00Z"}}"#;
        refused("200 OK", NO_HEADERS, body, &[MALFORMED]);
    }

    #[test]
    fn ends_in_no_plausible_year() {
        let body = r#"{"credentials":{"accessKeyId":"ASIA","secretAccessKey":"s","sessionToken":"t","expiration":"9999-01-01T00:00:00Z"}}"#;
        refused("200 OK", NO_HEADERS, body, &[MALFORMED, "expiration"]);
    }

    #[test]
    fn is_larger_than_anything_it_has_to_say() {
        refused(
            "200 OK",
            NO_HEADERS,
            vec![b' '; TEN_MIB],
            &["larger than", "bytes"],
        );
    }

    #[test]
    fn is_an_endless_error() {
        refused(
            "403 Forbidden",
            NO_HEADERS,
            vec![b'x'; TEN_MIB],
            &["larger than", "bytes"],
        );
    }

    #[test]
    fn redirects_to_somewhere_else() {
        refused(
            "302 Found",
            &["location: http://169.254.169.254/latest/"],
            "",
            &["the provider answered 302"],
        );
    }

    #[test]
    fn speaks_to_the_terminal() {
        let body = "{\"message\":\"\\u001b[2J\\u001b]0;pwned\\u0007 gone\"}";
        let cloud = Cloud::start();
        let provider = Server::provider(&cloud, "403 Forbidden", NO_HEADERS, body);
        let endpoint = provider.address().to_string();
        let outcome = Program::on(&cloud)
            .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint)
            .arg("credentials")
            .run();
        outcome.failed(1, &["gone"]);
        assert!(
            !outcome.stderr.contains(['\u{1b}', '\u{7}']),
            "{:?}",
            outcome.stderr
        );
    }

    #[test]
    fn has_huge_headers() {
        let cloud = Cloud::start();
        let provider = Server::https(cloud.authority(), |exchange| {
            let header = format!("x-filler: {}", "y".repeat(1 << 20));
            exchange.answer("200 OK", &[&header], b"{}");
        });
        let endpoint = provider.address().to_string();
        let outcome = Program::on(&cloud)
            .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint)
            .arg("credentials")
            .run();
        outcome.failed(1, &["did not answer in proper HTTP"]);
        assert!(outcome.stderr.len() < 2048);
    }
}

/// An answer of S3 to a `PUT`.
mod the_store {
    use super::*;

    /// `sealift put` into a store that answers each attempt so; also how many attempts there were.
    fn put(script: impl Fn(&mut Exchange) + Send + Sync + 'static) -> (Outcome, usize) {
        let cloud = Cloud::start();
        let store = Server::https(cloud.authority(), script);
        let outcome = Program::put_into(&store, &cloud).run();
        assert!(
            outcome.stderr.len() < 2048,
            "an answer must not flood the terminal: {}",
            outcome.stderr.len()
        );
        (outcome, store.requests().len())
    }

    /// The answer is final: one attempt, exit status 1, and `parts` on standard error.
    #[track_caller]
    fn refused(
        status: &'static str,
        headers: &'static [&'static str],
        body: impl Into<Vec<u8>>,
        parts: &[&str],
    ) {
        let body = body.into();
        let (outcome, attempts) = put(move |exchange| exchange.answer(status, headers, &body));
        outcome.failed(1, parts);
        assert_eq!(attempts, 1);
    }

    /// One answer after the other, the last one for ever.
    fn in_turn(answers: &'static [(&'static str, &'static str)]) -> (Outcome, usize) {
        put(move |exchange| {
            let (status, body) = answers[exchange.number.min(answers.len() - 1)];
            exchange.answer(status, &["etag: \"e\""], body.as_bytes());
        })
    }

    #[test]
    fn without_an_etag_proves_nothing() {
        refused(
            "200 OK",
            NO_HEADERS,
            "",
            &["has no ETag", "check that", "is an S3 store"],
        );
    }

    #[test]
    fn of_a_captive_portal_proves_nothing() {
        refused(
            "200 OK",
            &["content-type: text/html"],
            "<html>Log in</html>",
            &["has no ETag"],
        );
    }

    #[test]
    fn without_a_checksum_is_accepted() {
        let (outcome, attempts) = in_turn(&[("200 OK", "")]);
        outcome.done();
        assert_eq!(attempts, 1);
    }

    #[track_caller]
    fn with_checksum(header: &'static str) {
        let headers = ["etag: \"e\"", header];
        let (outcome, attempts) = put(move |exchange| exchange.answer("200 OK", &headers, b""));
        outcome.failed(1, &["may be damaged", "another crc64nvme than was sent"]);
        assert_eq!(attempts, 3, "sending it again may make it good");
    }

    #[test]
    fn with_another_checksum_is_an_integrity_error() {
        with_checksum("x-amz-checksum-crc64nvme: AAAAAAAAAAA=");
    }

    #[test]
    fn with_a_checksum_that_is_none_is_an_integrity_error() {
        with_checksum("x-amz-checksum-crc64nvme: ?");
    }

    #[test]
    fn that_is_an_error_in_spite_of_its_status() {
        let error = "<Error><Code>InternalError</Code><Message>We failed</Message></Error>";
        let (outcome, attempts) =
            put(move |exchange| exchange.answer("200 OK", &["etag: \"e\""], error.as_bytes()));
        outcome.failed(75, &["InternalError"]);
        assert_eq!(attempts, 3);
    }

    #[test]
    fn in_damaged_xml_is_judged_by_its_status() {
        for body in [
            "<Error><Code>Acc",
            "<Error><Code>AccessDenied</Message></Error>",
            "\u{0}\u{1}",
            "<a".repeat(9999).as_str(),
        ] {
            refused(
                "403 Forbidden",
                NO_HEADERS,
                body,
                &["cannot store `s3://demo/key`"],
            );
        }
    }

    #[test]
    fn with_entities_that_multiply_expands_nothing() {
        let bomb = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"lollollol\"><!ENTITY b \"&a;&a;&a;&a;\">]>\
                    <Error><Code>AccessDenied</Code><Message>&b;</Message></Error>";
        let (outcome, attempts) =
            put(move |exchange| exchange.answer("403 Forbidden", NO_HEADERS, bomb.as_bytes()));
        outcome.failed(1, &["403"]);
        assert!(!outcome.stderr.contains("lol"), "{}", outcome.stderr);
        assert_eq!(attempts, 1);
    }

    #[test]
    fn that_is_an_endless_error() {
        refused(
            "403 Forbidden",
            NO_HEADERS,
            vec![b'x'; TEN_MIB],
            &["larger than", "bytes"],
        );
    }

    #[test]
    fn that_speaks_to_the_terminal() {
        let body = "<Error><Code>A&#27;[2J</Code><Message>&#27;]0;pwned&#7; gone</Message></Error>";
        let (outcome, _) =
            put(move |exchange| exchange.answer("403 Forbidden", NO_HEADERS, body.as_bytes()));
        outcome.failed(1, &["cannot store `s3://demo/key`", "gone"]);
        assert!(
            !outcome.stderr.contains(['\u{1b}', '\u{7}']),
            "{:?}",
            outcome.stderr
        );
    }

    #[test]
    fn to_slow_down_is_obeyed() {
        let slow_down =
            "<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>";
        let cloud = Cloud::start();
        let store = Server::https(cloud.authority(), move |exchange| match exchange.number {
            0 => exchange.answer("503 Slow Down", NO_HEADERS, slow_down.as_bytes()),
            _ => exchange.answer("200 OK", &["etag: \"e\""], b""),
        });
        let outcome = Program::put_into(&store, &cloud).arg("--json").run();
        outcome.done();
        assert_eq!(outcome.json()[0]["attempts"], 2);
        assert_eq!(store.requests().len(), 2);
    }

    #[test]
    fn that_fails_three_times_is_a_temporary_failure() {
        let error = "<Error><Code>InternalError</Code></Error>";
        let (outcome, attempts) =
            put(move |exchange| exchange.answer("500 Oops", NO_HEADERS, error.as_bytes()));
        outcome.failed(75, &["cannot store `s3://demo/key`", "InternalError"]);
        assert_eq!(attempts, 3);
    }

    #[test]
    fn that_the_token_has_expired_leads_to_another_token() {
        let cloud = Cloud::start();
        let expired = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>";
        let store = Server::https(cloud.authority(), move |exchange| match exchange.number {
            0 => exchange.answer("400 Bad Request", NO_HEADERS, expired.as_bytes()),
            _ => exchange.answer("200 OK", &["etag: \"e\""], b""),
        });
        Program::put_into(&store, &cloud).run().done();
        assert_eq!(cloud.counts().credentials_issued, 2);
        let requests = store.requests();
        let tokens: Vec<_> = requests
            .iter()
            .map(|request| request.header("x-amz-security-token").unwrap())
            .collect();
        assert!(tokens.len() == 2 && tokens[0] != tokens[1], "{tokens:?}");
    }

    #[test]
    fn that_every_token_has_expired_ends_the_matter() {
        let cloud = Cloud::start();
        let expired = "<Error><Code>ExpiredToken</Code></Error>";
        let store = Server::provider(&cloud, "400 Bad Request", NO_HEADERS, expired);
        Program::put_into(&store, &cloud)
            .run()
            .failed(1, &["ExpiredToken"]);
        assert_eq!(
            (cloud.counts().credentials_issued, store.requests().len()),
            (2, 2)
        );
    }

    #[test]
    fn that_points_elsewhere_is_not_followed() {
        let cloud = Cloud::start();
        let elsewhere = Server::https(cloud.authority(), |exchange| {
            exchange.answer("200 OK", &["etag: \"e\""], b"");
        });
        let location = format!("location: {}/demo/key", elsewhere.url());
        let store = Server::https(cloud.authority(), move |exchange| {
            exchange.answer(
                "301 Moved Permanently",
                &[&location],
                b"<Error><Code>PermanentRedirect</Code></Error>",
            );
        });
        Program::put_into(&store, &cloud)
            .run()
            .failed(1, &["PermanentRedirect", "points elsewhere"]);
        assert_eq!((store.requests().len(), elsewhere.connections()), (1, 0));
    }
}
