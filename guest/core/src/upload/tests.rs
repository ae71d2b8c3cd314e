//! The machine on its main paths, against refusals, and under events at random.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::num::NonZeroU8;
use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::checksum::{Checksum, Placement};
use crate::s3::{Addressing, Destination, Store};
use crate::settings::Settings;

const CRC: &str = "AAECAwQFBgc=";
const SHA256: &str = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=";

fn job(endpoint: &str, checksum: Option<(Algorithm, Placement)>) -> Job {
    let region = "eu-west-1".parse().unwrap();
    let destination = Destination {
        store: Store::at(endpoint.parse().unwrap(), Addressing::Path, region).unwrap(),
        bucket: "abc".parse().unwrap(),
        key: "a b".parse().unwrap(),
    };
    let checksum = checksum.map(|(algorithm, placement)| Checksum {
        algorithm,
        placement,
    });
    Job::new(destination, 7, checksum, Options::default()).unwrap()
}

fn at(seconds: u64) -> Now {
    Now {
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds),
        monotonic: Duration::from_secs(seconds),
    }
}

fn begun(checksum: Option<(Algorithm, Placement)>) -> Upload {
    Upload::new(job("https://h", checksum), Policy::default(), at(0))
}

fn keys(id: &str) -> Event {
    let secret = "hush".to_owned();
    Event::Credentials(Credentials::new(
        id.to_owned(),
        secret,
        Some("token".to_owned()),
        None,
    ))
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Event {
    let mut map = HeaderMap::new();
    for &(name, value) in headers {
        map.insert(name, HeaderValue::from_static(value));
    }
    let status = StatusCode::from_u16(status).unwrap();
    Event::Answer {
        response: Response::new(status, map, body.as_bytes().to_vec()).unwrap(),
        sent_checksum: None,
    }
}

fn stored() -> Event {
    answer(200, &[("etag", "\"e\"")], "")
}

fn refused(status: u16, code: &str) -> Event {
    let body = format!("<Error><Code>{code}</Code></Error>");
    answer(status, &[], &body)
}

fn put(upload: &mut Upload) -> (Request<()>, Framing) {
    match upload.next(at(0)) {
        Action::Put { request, framing } => (request, framing),
        other => panic!("{other:?}"),
    }
}

fn done(upload: &mut Upload) -> Result<Uploaded, Error> {
    match upload.next(at(0)) {
        Action::Done(result) => result,
        other => panic!("{other:?}"),
    }
}

fn tell(upload: &mut Upload, event: Event) {
    upload.handle(event, at(0), 0);
}

fn header<'a>(request: &'a Request<()>, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap())
}

#[test]
fn over_tls_the_payload_is_unsigned() {
    let mut upload = begun(None);
    assert!(matches!(
        upload.next(at(0)),
        Action::Credentials { rejected: None }
    ));
    tell(&mut upload, keys("A"));
    let (request, framing) = put(&mut upload);
    assert_eq!(framing, Framing::Raw);
    assert_eq!(request.method(), "PUT");
    assert_eq!(request.uri(), "https://h/abc/a%20b");
    assert_eq!(
        header(&request, "x-amz-content-sha256"),
        Some("UNSIGNED-PAYLOAD")
    );
    assert_eq!(header(&request, "content-length"), None);
    tell(&mut upload, stored());
    let uploaded = done(&mut upload).unwrap();
    assert_eq!(
        (uploaded.etag.as_str(), uploaded.bytes, uploaded.attempts),
        ("\"e\"", 7, 1)
    );
    assert_eq!(uploaded.checksum, None);
    assert!(uploaded.failures.is_empty());
}

#[test]
fn a_checksum_in_a_header_is_computed_first_and_signed() {
    let mut upload = begun(Some((Algorithm::Crc64Nvme, Placement::Header)));
    let action = upload.next(at(0));
    assert!(matches!(
        action,
        Action::Digest {
            algorithm: Algorithm::Crc64Nvme
        }
    ));
    tell(&mut upload, Event::Digest(Ok(CRC.to_owned())));
    tell(&mut upload, keys("A"));
    let (request, framing) = put(&mut upload);
    assert_eq!(framing, Framing::Raw);
    assert_eq!(header(&request, "x-amz-checksum-crc64nvme"), Some(CRC));
    let signed = header(&request, "authorization").unwrap();
    assert!(signed.contains(";x-amz-checksum-crc64nvme;"), "{signed}");
    tell(&mut upload, stored());
    assert_eq!(
        done(&mut upload).unwrap().checksum.unwrap().to_base64(),
        CRC
    );
}

#[test]
fn a_checksum_in_a_trailer_is_announced() {
    let mut upload = begun(Some((Algorithm::Crc32C, Placement::Trailer)));
    tell(&mut upload, keys("A"));
    let (request, framing) = put(&mut upload);
    assert_eq!(framing, Framing::AwsChunked(Algorithm::Crc32C));
    for (name, value) in [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "7"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
    ] {
        assert_eq!(header(&request, name), Some(value));
    }
    tell(&mut upload, with_sent(stored(), "AAECAw=="));
    assert_eq!(
        done(&mut upload).unwrap().checksum.unwrap().to_hex(),
        "00010203"
    );
}

fn with_sent(event: Event, sent: &str) -> Event {
    match event {
        Event::Answer { response, .. } => Event::Answer {
            response,
            sent_checksum: Some(sent.to_owned()),
        },
        other => other,
    }
}

#[test]
fn without_tls_the_payload_is_hashed_and_signed_and_never_chunked() {
    for checksum in [
        None,
        Some((Algorithm::Sha256, Placement::Header)),
        Some((Algorithm::Crc64Nvme, Placement::Trailer)),
    ] {
        let mut upload = Upload::new(job("http://h", checksum), Policy::default(), at(0));
        let mut digests = Vec::new();
        while let Action::Digest { algorithm } = upload.next(at(0)) {
            let sha256 = algorithm == Algorithm::Sha256;
            let digest = if sha256 { SHA256 } else { CRC };
            tell(&mut upload, Event::Digest(Ok(digest.to_owned())));
            digests.push(algorithm);
        }
        tell(&mut upload, keys("A"));
        let (request, framing) = put(&mut upload);
        assert_eq!(framing, Framing::Raw);
        let hex = "000102030405060708090a0b0c0d0e0f".repeat(2);
        assert_eq!(header(&request, "x-amz-content-sha256"), Some(&*hex));
        let mut expected = vec![Algorithm::Sha256];
        match checksum {
            Some((Algorithm::Crc64Nvme, _)) => {
                expected.push(Algorithm::Crc64Nvme);
                assert_eq!(header(&request, "x-amz-checksum-crc64nvme"), Some(CRC));
            }
            Some(_) => assert_eq!(header(&request, "x-amz-checksum-sha256"), Some(SHA256)),
            None => assert_eq!(header(&request, "x-amz-checksum-sha256"), None),
        }
        assert_eq!(digests, expected);
    }
}

#[test]
fn a_content_type_is_sent_and_signed() {
    let list = vec![("content-type".to_owned(), "text/csv".to_owned())];
    let mut settings = Settings::new(list).unwrap();
    let options = Options::from_settings(&mut settings).unwrap();
    settings.finish().unwrap();
    let Job { destination, .. } = job("https://h", None);
    let job = Job::new(destination, 0, None, options).unwrap();
    let mut upload = Upload::new(job, Policy::default(), at(0));
    tell(&mut upload, keys("A"));
    let (request, _) = put(&mut upload);
    assert_eq!(header(&request, "content-type"), Some("text/csv"));
    assert!(
        header(&request, "authorization")
            .unwrap()
            .contains("=content-type;host;")
    );
}

#[test]
fn an_objects_own_coding_stands_behind_that_of_its_chunks() {
    let list = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    let options = Options::from_settings(&mut Settings::new(list).unwrap()).unwrap();
    let Job { destination, .. } = job("https://h", None);
    for (placement, codings) in [
        (Placement::Trailer, "aws-chunked,gzip"),
        (Placement::Header, "gzip"),
    ] {
        let algorithm = Algorithm::Crc64Nvme;
        let checksum = Checksum {
            algorithm,
            placement,
        };
        let job = Job::new(destination.clone(), 0, Some(checksum), options.clone()).unwrap();
        let mut upload = Upload::new(job, Policy::default(), at(0));
        if placement == Placement::Header {
            tell(&mut upload, Event::Digest(Ok(CRC.to_owned())));
        }
        tell(&mut upload, keys("A"));
        let (request, _) = put(&mut upload);
        assert_eq!(header(&request, "content-encoding"), Some(codings));
    }
}

#[test]
fn more_than_5_gib_is_too_large_for_one_put() {
    let Job { destination, .. } = job("https://h", None);
    let of = |length| Job::new(destination.clone(), length, None, Options::default());
    assert!(of(MAX_PUT).is_ok());
    assert_eq!(of(MAX_PUT + 1).unwrap_err().kind, ErrorKind::TooLarge);
}

#[test]
fn a_success_without_an_etag_is_not_believed() {
    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    tell(&mut upload, answer(200, &[], "<html>Please log in</html>"));
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Protocol);
}

#[test]
fn a_success_with_an_error_in_its_body_is_a_failed_attempt() {
    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    let body = "<Error><Code>InternalError</Code></Error>";
    tell(&mut upload, answer(200, &[("etag", "\"e\"")], body));
    assert!(matches!(upload.next(at(0)), Action::Wait(_)));
}

#[test]
fn another_checksum_than_was_sent_is_an_integrity_failure() {
    let mut upload = begun(Some((Algorithm::Crc32, Placement::Trailer)));
    for _ in 0..3 {
        tell(&mut upload, keys("A"));
        let stored = answer(
            200,
            &[("etag", "\"e\""), ("x-amz-checksum-crc32", "AAAAAA==")],
            "",
        );
        tell(&mut upload, with_sent(stored, "AAECAw=="));
        tell(&mut upload, Event::WaitOver);
    }
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Integrity);
    assert_eq!(upload.failures().len(), 3);
}

#[test]
fn an_answer_before_the_trailer_was_sent_is_an_integrity_failure() {
    let mut upload = begun(Some((Algorithm::Crc32, Placement::Trailer)));
    tell(&mut upload, keys("A"));
    tell(&mut upload, stored());
    assert_eq!(upload.failures()[0].kind, ErrorKind::Integrity);
}

#[test]
fn transient_failures_are_retried_and_remembered() {
    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    tell(&mut upload, refused(503, "SlowDown"));
    assert!(matches!(upload.next(at(0)), Action::Wait(_)));
    tell(&mut upload, Event::WaitOver);
    tell(&mut upload, keys("A"));
    tell(
        &mut upload,
        Event::Failed(Error::new(ErrorKind::Network, "reset")),
    );
    tell(&mut upload, Event::WaitOver);
    tell(&mut upload, keys("A"));
    tell(&mut upload, stored());
    let uploaded = done(&mut upload).unwrap();
    assert_eq!(uploaded.attempts, 3);
    let kinds: Vec<_> = uploaded.failures.iter().map(|error| error.kind).collect();
    assert_eq!(kinds, [ErrorKind::Throttled, ErrorKind::Network]);
}

#[test]
fn a_changed_source_or_a_denial_ends_the_job_at_once() {
    for event in [
        Event::Failed(Error::new(ErrorKind::SourceChanged, "changed")),
        refused(403, "AccessDenied"),
    ] {
        let mut upload = begun(None);
        tell(&mut upload, keys("A"));
        tell(&mut upload, event);
        assert!(done(&mut upload).is_err());
        assert_eq!(upload.failures().len(), 1);
    }
}

#[test]
fn rejected_credentials_are_renewed_once_and_without_a_wait() {
    for code in [
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidToken",
    ] {
        let mut upload = begun(None);
        tell(&mut upload, keys("OLD"));
        put(&mut upload);
        tell(&mut upload, refused(400, code));
        match upload.next(at(0)) {
            Action::Credentials { rejected } => assert_eq!(rejected.as_deref(), Some("OLD")),
            other => panic!("{other:?}"),
        }
        tell(&mut upload, keys("NEW"));
        let (request, _) = put(&mut upload);
        assert!(
            header(&request, "authorization")
                .unwrap()
                .contains("Credential=NEW/")
        );
        tell(&mut upload, refused(400, code));
        assert_eq!(
            done(&mut upload).unwrap_err().kind,
            ErrorKind::ExpiredCredentials
        );
    }
}

#[test]
fn the_same_rejected_credentials_are_not_sent_again() {
    let mut upload = begun(None);
    tell(&mut upload, keys("OLD"));
    put(&mut upload);
    tell(&mut upload, refused(400, "ExpiredToken"));
    tell(&mut upload, keys("OLD"));
    let error = done(&mut upload).unwrap_err();
    assert_eq!(error.kind, ErrorKind::ExpiredCredentials);
    assert!(error.message.contains("`OLD`"), "{error}");
}

#[test]
fn a_skewed_clock_is_retried_once_it_was_set_right() {
    const DATE: (&str, &str) = ("date", "Tue, 14 Nov 2023 23:13:20 GMT");
    let skewed = || {
        let body = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
        answer(403, &[DATE], body)
    };
    // The server is an hour ahead of `at(0)`.
    let corrected = Now {
        monotonic: Duration::from_secs(1),
        ..at(3600)
    };
    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    put(&mut upload);
    upload.handle(skewed(), corrected, 0);
    assert!(matches!(
        upload.next(corrected),
        Action::Wait(Duration::ZERO)
    ));

    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    put(&mut upload);
    upload.handle(skewed(), at(1), 0);
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::ClockSkew);
}

#[test]
fn a_vault_that_fails_for_now_is_asked_again() {
    let mut upload = begun(None);
    let failed = |kind| Event::Credentials(Err(Error::new(kind, "no")));
    tell(&mut upload, failed(ErrorKind::Unavailable));
    assert!(matches!(upload.next(at(0)), Action::Wait(_)));
    tell(&mut upload, Event::WaitOver);
    tell(&mut upload, failed(ErrorKind::Denied));
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Denied);
}

#[test]
fn a_malformed_digest_ends_the_job() {
    let mut upload = begun(Some((Algorithm::Sha1, Placement::Header)));
    tell(&mut upload, Event::Digest(Ok(CRC.to_owned())));
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Protocol);
}

#[test]
fn a_cancelled_job_is_over() {
    let mut upload = begun(None);
    tell(&mut upload, Event::Cancelled);
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Cancelled);
    tell(&mut upload, keys("A"));
    assert_eq!(done(&mut upload).unwrap_err().kind, ErrorKind::Cancelled);
}

#[test]
fn an_event_that_answers_nothing_is_an_internal_error() {
    let mut upload = begun(None);
    tell(&mut upload, Event::WaitOver);
    let error = done(&mut upload).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert_eq!(
        error.message,
        "the end of a wait came while credentials were being fetched"
    );
}

#[test]
fn debug_of_the_whole_machine_shows_no_secret() {
    let mut upload = begun(None);
    tell(&mut upload, keys("A"));
    let action = upload.next(at(0));
    let shown = format!("{upload:?} {action:?}");
    assert!(
        !shown.contains("hush") && !shown.contains("\"token\""),
        "{shown}"
    );
}

/// One thing that may happen, whether or not it answers the last action.
#[derive(Debug, Clone)]
enum Happening {
    /// The right kind of event, good or bad.
    Answer { good: bool, choice: usize },
    /// Any event at all.
    Stray(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        40 => (any::<bool>(), any::<usize>())
            .prop_map(|(good, choice)| Happening::Answer { good, choice }),
        1 => any::<u8>().prop_map(Happening::Stray),
    ]
}

fn event(action: &Action, happening: &Happening, round: usize) -> Event {
    const REFUSALS: [(u16, &str); 6] = [
        (503, "SlowDown"),
        (500, "InternalError"),
        (400, "ExpiredToken"),
        (403, "RequestTimeTooSkewed"),
        (403, "AccessDenied"),
        (307, ""),
    ];
    let (good, choice) = match *happening {
        Happening::Answer { good, choice } => (good, choice),
        Happening::Stray(0) => return Event::Cancelled,
        Happening::Stray(n) if n < 128 => return Event::WaitOver,
        Happening::Stray(_) => return stored(),
    };
    let network = || Error::new(ErrorKind::Network, "reset");
    match action {
        Action::Credentials { .. } if good => keys(&format!("A{round}")),
        Action::Credentials { .. } => Event::Credentials(Err(network())),
        Action::Digest { algorithm } if *algorithm == Algorithm::Sha256 => {
            Event::Digest(Ok(SHA256.to_owned()))
        }
        Action::Digest { .. } => Event::Digest(Ok(CRC.to_owned())),
        Action::Put { .. } if good => with_sent(stored(), CRC),
        Action::Put { .. } => match REFUSALS.get(choice % (REFUSALS.len() + 1)) {
            Some((status, code)) => refused(*status, code),
            None => Event::Failed(network()),
        },
        Action::Wait(_) | Action::Done(_) => Event::WaitOver,
    }
}

proptest! {
    #[test]
    fn any_course_of_events_ends_within_its_bounds(
        endpoint in "https://h|http://h",
        placement in prop_oneof![Just(Placement::Header), Just(Placement::Trailer)],
        max_attempts in 1u8..6,
        happenings in prop::collection::vec(happening(), 64),
        random: u64,
    ) {
        let policy = Policy {
            max_attempts: NonZeroU8::new(max_attempts).unwrap(),
            ..Policy::default()
        };
        let job = job(&endpoint, Some((Algorithm::Crc64Nvme, placement)));
        let mut upload = Upload::new(job, policy, at(0));
        let (mut puts, mut succeeded, mut result) = (0, false, None);
        for (round, happening) in happenings.iter().enumerate() {
            let now = at(round as u64);
            let action = upload.next(now);
            match &action {
                Action::Put { .. } => puts += 1,
                Action::Wait(wait) => prop_assert!(*wait <= policy.max_retry_after),
                Action::Done(done) => {
                    result = Some(done.clone());
                    break;
                }
                Action::Credentials { .. } | Action::Digest { .. } => {}
            }
            let event = event(&action, happening, round);
            if let (Action::Put { .. }, Event::Answer { response, .. }) = (&action, &event) {
                succeeded |= response.status().is_success();
            }
            upload.handle(event, now, random);
        }
        let result = result.expect("2 digests and 3 steps for each of 5 attempts are under 64");
        prop_assert!(puts <= max_attempts);
        prop_assert!(upload.failures().len() <= usize::from(max_attempts));
        if let Ok(uploaded) = result {
            prop_assert!(succeeded);
            prop_assert!(uploaded.attempts <= max_attempts);
        }
    }
}
