//! One `PUT`: how its bytes are protected, which answers are believed, and what is tried again.

use std::time::Duration;

use super::bench::{Halt, Sent, at, keys};
use super::plan::{Plan, digest};
use super::store::{accept, answer, fail, refuse};
use crate::checksum::{Algorithm, Placement};
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;
use crate::upload::{Action, Body, Event, Framing, Options, Outcome, Uploaded};

fn stored(result: Result<Outcome, Error>) -> Uploaded {
    match result.unwrap() {
        Outcome::Stored(uploaded) => uploaded,
        Outcome::AlreadyThere(_) => panic!("it was there"),
    }
}

fn raw(length: u64) -> Body {
    Body::Payload {
        range: 0..length,
        framing: Framing::Raw,
    }
}

#[test]
fn over_tls_the_payload_is_unsigned() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    assert_eq!(sent.body, raw(7));
    assert_eq!(sent.request.method(), "PUT");
    assert_eq!(sent.request.uri(), "https://h/abc/a%20b");
    assert_eq!(
        sent.header("x-amz-content-sha256"),
        Some("UNSIGNED-PAYLOAD")
    );
    assert_eq!(sent.header("content-length"), None);
    bench.tell(sent.accepted());
    let uploaded = stored(bench.expect_done());
    assert_eq!(
        (uploaded.etag.as_str(), uploaded.bytes, uploaded.attempts),
        ("\"e\"", 7, 1)
    );
    assert_eq!((uploaded.checksum, uploaded.failures.len()), (None, 0));
}

#[test]
fn one_put_writes_no_journal() {
    let mut bench = Plan::put(7).bench();
    bench.run(|_| accept()).unwrap();
    assert_eq!(bench.log, ["attempt 1", "send put"]);
}

#[test]
fn an_empty_object_is_one_put_whatever_the_threshold() {
    let mut plan = Plan::put(0);
    plan.transfer.threshold = 0;
    let mut bench = plan.bench();
    assert_eq!(stored(bench.run(|_| accept())).bytes, 0);
    assert_eq!(bench.sends(), ["put"]);
}

#[test]
fn the_threshold_is_the_first_length_of_several_parts() {
    for (length, first) in [(99, "put"), (100, "create")] {
        let mut plan = Plan::put(length);
        plan.transfer.threshold = 100;
        assert_eq!(plan.bench().expect_sent().what, first);
    }
}

#[test]
fn a_checksum_in_a_header_is_computed_first_and_signed() {
    let plan = Plan::put(7).with(Some((Algorithm::Crc64Nvme, Placement::Header)));
    let mut bench = plan.bench();
    let sent = bench.expect_sent();
    let crc = digest(Algorithm::Crc64Nvme, 0..7);
    assert_eq!(
        bench.log,
        ["attempt 1", "digest crc64nvme 0..7", "send put"]
    );
    assert_eq!(sent.body, raw(7));
    let value = sent.header("x-amz-checksum-crc64nvme");
    assert_eq!(value, Some(&*crc.to_base64()));
    let signed = sent.header("authorization").unwrap();
    assert!(signed.contains(";x-amz-checksum-crc64nvme;"), "{signed}");
    bench.tell(sent.accepted());
    assert_eq!(stored(bench.expect_done()).checksum, Some(crc));
}

#[test]
fn a_checksum_in_a_header_is_computed_once_for_all_attempts() {
    let plan = Plan::put(7).with(Some((Algorithm::Crc64Nvme, Placement::Header)));
    let mut bench = plan.bench();
    let reply = |sent: &Sent| match sent.nth {
        1 => refuse(503, "SlowDown"),
        _ => accept(),
    };
    bench.run(reply).unwrap();
    assert_eq!(bench.count("digest crc64nvme 0..7"), 1);
}

#[test]
fn a_checksum_in_a_trailer_is_announced() {
    let plan = Plan::put(7).with(Some((Algorithm::Crc32C, Placement::Trailer)));
    let mut bench = plan.bench();
    let sent = bench.expect_sent();
    let framing = Framing::AwsChunked(Algorithm::Crc32C);
    let range = 0..7;
    assert_eq!(sent.body, Body::Payload { range, framing });
    for (name, value) in [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "7"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
    ] {
        assert_eq!(sent.header(name), Some(value));
    }
    bench.tell(sent.accepted());
    let checksum = stored(bench.expect_done()).checksum;
    assert_eq!(checksum, Some(digest(Algorithm::Crc32C, 0..7)));
}

#[test]
fn without_tls_the_payload_is_hashed_and_signed_and_never_chunked() {
    let hash = digest(Algorithm::Sha256, 0..7);
    for (checksum, also) in [
        (None, None),
        (Some((Algorithm::Sha256, Placement::Header)), None),
        (
            Some((Algorithm::Crc64Nvme, Placement::Trailer)),
            Some("digest crc64nvme 0..7"),
        ),
    ] {
        let mut plan = Plan::put(7).with(checksum);
        plan.endpoint = "http://h";
        let mut bench = plan.bench();
        let sent = bench.expect_sent();
        assert_eq!(sent.body, raw(7));
        assert_eq!(sent.header("x-amz-content-sha256"), Some(&*hash.to_hex()));
        if let Some((algorithm, _)) = checksum {
            let value = digest(algorithm, 0..7).to_base64();
            let name = algorithm.header();
            assert_eq!(sent.header(name.as_str()), Some(&*value));
        } else {
            assert_eq!(sent.header("x-amz-checksum-sha256"), None);
        }
        let digests = bench.log.iter().filter(|line| line.starts_with("digest"));
        let expected = [Some("digest sha256 0..7"), also].into_iter().flatten();
        assert!(digests.eq(expected), "{:?}", bench.log);
    }
}

#[test]
fn a_content_type_is_sent_and_signed() {
    let list = vec![("content-type".to_owned(), "text/csv".to_owned())];
    let mut settings = Settings::new(list).unwrap();
    let mut plan = Plan::put(0);
    plan.options = Options::from_settings(&mut settings).unwrap();
    let sent = plan.bench().expect_sent();
    assert_eq!(sent.header("content-type"), Some("text/csv"));
    let signed = sent.header("authorization").unwrap();
    assert!(signed.contains("=content-type;host;"), "{signed}");
}

#[test]
fn a_success_without_an_etag_is_not_believed() {
    let mut bench = Plan::put(7).bench();
    let login = || answer(200, &[], "<html>Please log in</html>");
    let error = bench.run(|_| login()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert_eq!(bench.sends(), ["put"]);
}

#[test]
fn a_success_with_an_error_in_its_body_is_a_failed_attempt() {
    let mut bench = Plan::put(7).bench();
    let body = "<Error><Code>InternalError</Code></Error>";
    let late = || answer(200, &[("etag", "\"e\"")], body);
    let result = bench.run(|sent| if sent.nth == 1 { late() } else { accept() });
    assert_eq!(stored(result).failures[0].kind, ErrorKind::Server);
}

#[test]
fn another_checksum_than_was_sent_is_an_integrity_failure() {
    let plan = Plan::put(7).with(Some((Algorithm::Crc32, Placement::Trailer)));
    let mut bench = plan.bench();
    let headers = [("etag", "\"e\""), ("x-amz-checksum-crc32", "AAAAAA==")];
    let error = bench.run(|_| answer(200, &headers, "")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Integrity);
    assert_eq!(bench.sends(), ["put", "put", "put"]);
    assert_eq!(bench.upload.failures().len(), 3);
}

#[test]
fn an_answer_before_the_trailer_was_sent_is_an_integrity_failure() {
    let plan = Plan::put(7).with(Some((Algorithm::Crc32, Placement::Trailer)));
    let mut bench = plan.bench();
    let sent = bench.expect_sent();
    let Event::Answer { id, response, .. } = sent.accepted() else {
        panic!("no answer");
    };
    let sent_checksum = None;
    bench.tell(Event::Answer {
        id,
        response,
        sent_checksum,
    });
    assert_eq!(bench.upload.failures()[0].kind, ErrorKind::Integrity);
}

#[test]
fn transient_failures_are_retried_and_remembered() {
    let mut bench = Plan::put(7).bench();
    let result = bench.run(|sent| match sent.nth {
        1 => refuse(503, "SlowDown"),
        2 => fail(ErrorKind::Network),
        _ => accept(),
    });
    let uploaded = stored(result);
    assert_eq!(uploaded.attempts, 3);
    let kinds: Vec<_> = uploaded.failures.iter().map(|error| error.kind).collect();
    assert_eq!(kinds, [ErrorKind::Throttled, ErrorKind::Network]);
    let attempt = |n| bench.position(&format!("attempt {n}"));
    assert!(attempt(1) < attempt(2) && attempt(2) < attempt(3));
    assert_eq!(bench.count("retrying"), 2);
}

#[test]
fn a_wait_lasts_until_it_was_announced_to_end() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    let slow = answer(503, &[("retry-after", "7")], "");
    bench.tell(slow.event(&sent));
    let until = Some(Duration::from_secs(7));
    assert!(matches!(bench.halt(), Halt::Wait(waits) if waits == until));
    bench.now = at(6);
    bench.tell(Event::Time);
    assert!(matches!(bench.halt(), Halt::Wait(waits) if waits == until));
    bench.now = at(7);
    bench.tell(Event::Time);
    assert_eq!(bench.expect_sent().what, "put");
}

#[test]
fn a_changed_source_or_a_denial_ends_the_job_at_once() {
    for (reply, kind) in [
        (fail(ErrorKind::SourceChanged), ErrorKind::SourceChanged),
        (refuse(403, "AccessDenied"), ErrorKind::Denied),
    ] {
        let mut bench = Plan::put(7).bench();
        let error = bench.run(|_| reply.clone()).unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(bench.sends(), ["put"]);
        assert_eq!(bench.upload.failures(), [error]);
    }
}

#[test]
fn a_refused_condition_at_the_first_attempt_is_final() {
    let mut bench = Plan::put(7).bench();
    let error = bench.run(|_| refuse(412, "PreconditionFailed"));
    assert_eq!(error.unwrap_err().kind, ErrorKind::PreconditionFailed);
    assert_eq!(bench.sends(), ["put"]);
}

#[test]
fn a_skewed_clock_is_retried_once_it_was_set_right() {
    // The server is an hour ahead of `at(0)`.
    let date = [("date", "Tue, 14 Nov 2023 23:13:20 GMT")];
    let skewed = answer(
        403,
        &date,
        "<Error><Code>RequestTimeTooSkewed</Code></Error>",
    );
    let mut corrected = at(3600);
    corrected.monotonic = Duration::from_secs(1);

    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.now = corrected;
    bench.tell(skewed.clone().event(&sent));
    assert_eq!(bench.expect_sent().what, "put");

    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.now = at(1);
    bench.tell(skewed.event(&sent));
    assert_eq!(bench.expect_done().unwrap_err().kind, ErrorKind::ClockSkew);
}

#[test]
fn debug_of_the_whole_machine_shows_no_secret() {
    let mut bench = Plan::put(7).bench();
    loop {
        let action = bench.upload.next(at(0));
        let shown = format!("{:?} {action:?}", bench.upload);
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!shown.contains("\"token\""), "{shown}");
        bench.tell(match action {
            Action::Load => Event::Journal(Ok(Vec::new())),
            Action::Report(_) => Event::GoOn,
            Action::Credentials { .. } => Event::Credentials(Ok(keys("KEY"))),
            Action::Send { .. } => break,
            other => panic!("{other:?}"),
        });
    }
}
