//! A payload of several parts: which requests are made of it, in which order it is written down,
//! and what is tried again.

use super::bench::{Sent, read};
use super::plan::{Plan, digest};
use super::store::{accept, answer, fail, refuse};
use crate::checksum::{Algorithm, Placement};
use crate::error::ErrorKind;
use crate::upload::parts::MIN_PART;
use crate::upload::{Body, Framing, Outcome};

const COMPLETED: &str = "CompleteMultipartUploadResult";

/// The range of a part of `Plan::parts(count)`.
fn range(number: u64, count: u64) -> std::ops::Range<u64> {
    let start = (number - 1) * MIN_PART;
    let end = if number == count {
        start + 7
    } else {
        start + MIN_PART
    };
    start..end
}

fn text(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// What completes an upload of `count` parts whose checksums are in elements of this name.
fn document(count: u64, checksum: Option<(Algorithm, &str)>) -> String {
    let part = |number| {
        let checksum = checksum.map(|(algorithm, name)| {
            let digest = digest(algorithm, range(number, count)).to_base64();
            format!("<{name}>{digest}</{name}>")
        });
        let checksum = checksum.unwrap_or_default();
        format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>&quot;e{number}&quot;</ETag>{checksum}</Part>"
        )
    };
    let parts: String = (1..=count).map(part).collect();
    let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    format!("<CompleteMultipartUpload {namespace}>{parts}</CompleteMultipartUpload>")
}

fn count(what: &str, sends: &[&str]) -> usize {
    sends.iter().filter(|sent| **sent == what).count()
}

#[test]
fn an_object_is_made_of_all_parts_with_the_checksum_of_the_whole() {
    let plan = Plan::parts(3);
    let length = plan.length.unwrap();
    let whole = digest(Algorithm::Crc64Nvme, 0..length);
    let mut bench = plan.bench();
    let result = bench.run(|sent| {
        match sent.what.as_str() {
            "create" => {
                let header = |name| sent.header(name);
                assert_eq!(header("x-amz-checksum-algorithm"), Some("CRC64NVME"));
                assert_eq!(header("x-amz-checksum-type"), Some("FULL_OBJECT"));
                assert_eq!(sent.body, Body::Empty);
            }
            "complete U1" => {
                let header = |name| sent.header(name);
                assert_eq!(header("x-amz-mp-object-size"), Some(&*length.to_string()));
                assert_eq!(header("x-amz-checksum-type"), Some("FULL_OBJECT"));
                let crc = header("x-amz-checksum-crc64nvme");
                assert_eq!(crc, Some(&*whole.to_base64()));
                let checksum = Some((Algorithm::Crc64Nvme, "ChecksumCRC64NVME"));
                assert_eq!(text(&sent.body), document(3, checksum));
            }
            part => {
                let number = part.strip_prefix("part ").unwrap().parse().unwrap();
                let range = range(number, 3);
                let size = (range.end - range.start).to_string();
                let framing = Framing::AwsChunked(Algorithm::Crc64Nvme);
                assert_eq!(sent.body, Body::Payload { range, framing });
                let decoded = sent.header("x-amz-decoded-content-length");
                assert_eq!(decoded, Some(&*size));
                let trailer = sent.header("x-amz-trailer");
                assert_eq!(trailer, Some("x-amz-checksum-crc64nvme"));
                let query = sent.request.uri().query();
                assert_eq!(query, Some(&*format!("partNumber={number}&uploadId=U1")));
            }
        }
        accept()
    });
    let Outcome::Stored(uploaded) = result.unwrap() else {
        panic!("it was there");
    };
    assert_eq!(uploaded.etag, "\"whole\"");
    assert_eq!(uploaded.checksum, Some(whole));
    assert_eq!((uploaded.bytes, uploaded.attempts), (length, 3));
    assert_eq!(
        bench.sends(),
        ["create", "part 1", "part 2", "part 3", "complete U1"]
    );
}

#[test]
fn the_journal_is_written_before_what_it_announces_and_after_what_it_proves() {
    let mut bench = Plan::parts(2).at_once(1).bench();
    bench.run(|_| accept()).unwrap();
    let kept = bench.log.iter().filter(|line| *line != "attempt 1");
    assert!(
        kept.eq([
            "write intent",
            "send create",
            "write created",
            "send part 1",
            "write part 1",
            "send part 2",
            "write part 2",
            "write completing",
            "send complete U1",
            "reset",
        ]),
        "{:#?}",
        bench.log
    );
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn never_more_parts_are_under_way_than_asked() {
    for concurrency in [1, 2, 4, 64] {
        let mut bench = Plan::parts(6).at_once(concurrency).bench();
        bench.run(|_| accept()).unwrap();
        assert_eq!(bench.most_open, usize::from(concurrency).min(6));
    }
}

#[test]
fn answers_in_any_order_make_the_same_object() {
    let mut bench = Plan::parts(6).at_once(4).bench();
    bench.backwards = true;
    let checksum = Some((Algorithm::Crc64Nvme, "ChecksumCRC64NVME"));
    let result = bench.run(|sent| {
        if sent.what == "complete U1" {
            assert_eq!(text(&sent.body), document(6, checksum));
        }
        accept()
    });
    let Outcome::Stored(uploaded) = result.unwrap() else {
        panic!("it was there");
    };
    let length = Plan::parts(6).length.unwrap();
    let whole = digest(Algorithm::Crc64Nvme, 0..length);
    assert_eq!(uploaded.checksum, Some(whole));
    assert_eq!(bench.writes()[2], "part 4");
}

#[test]
fn a_part_that_fails_is_sent_again_alone() {
    for reply in [refuse(503, "SlowDown"), fail(ErrorKind::Network)] {
        let mut bench = Plan::parts(4).bench();
        let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
            ("part 2", 1 | 2) => reply.clone(),
            _ => accept(),
        });
        let Outcome::Stored(uploaded) = result.unwrap() else {
            panic!("it was there");
        };
        assert_eq!((uploaded.attempts, uploaded.failures.len()), (6, 2));
        let sends = bench.sends();
        for (part, times) in [("part 1", 1), ("part 2", 3), ("part 3", 1), ("part 4", 1)] {
            assert_eq!(count(part, &sends), times);
        }
        assert_eq!(sends.last(), Some(&"complete U1"));
    }
}

#[test]
fn a_part_that_fails_for_good_ends_the_job_and_leaves_what_can_go_on() {
    let mut bench = Plan::parts(4).bench();
    let error = bench.run(|sent| match sent.what.as_str() {
        "part 2" => fail(ErrorKind::Network),
        _ => accept(),
    });
    assert_eq!(error.unwrap_err().kind, ErrorKind::Network);
    assert_eq!(count("part 2", &bench.sends()), 3);
    assert_eq!(count("abort U1", &bench.sends()), 0);
    let past = read(&bench.journal.unwrap());
    assert_eq!(past.upload_id.as_deref(), Some("U1"));
}

#[test]
fn credentials_that_expire_under_four_parts_are_renewed_once_for_all() {
    let mut bench = Plan::parts(4).bench();
    let mut signers = Vec::new();
    let result = bench.run(|sent| {
        let old = sent.key() == "KEY0";
        if sent.what.starts_with("part") && old {
            return refuse(400, "ExpiredToken");
        }
        signers.push((sent.what.clone(), sent.key().to_owned()));
        accept()
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))));
    assert_eq!(bench.renewals, 1);
    assert_eq!(bench.count("reject KEY0"), 4);
    for (what, key) in &signers[1..] {
        assert_eq!(key, "KEY1", "{what}");
    }
    for part in ["part 1", "part 2", "part 3", "part 4"] {
        assert_eq!(count(part, &bench.sends()), 2);
    }
}

#[test]
fn an_error_under_the_200_of_a_completion_is_retried() {
    for late in [
        refuse(200, "InternalError"),
        answer(200, &[], &format!("<{COMPLETED}><ETag>e")),
        answer(200, &[], "  \n "),
    ] {
        let mut bench = Plan::parts(2).bench();
        let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
            ("complete U1", 1) => late.clone(),
            _ => accept(),
        });
        assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
        assert_eq!(count("complete U1", &bench.sends()), 2);
        assert_eq!(count("part 1", &bench.sends()), 1);
    }
}

#[test]
fn a_part_whose_checksum_the_store_contradicts_is_sent_again() {
    let headers = [
        ("etag", "\"e1\""),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ];
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("part 1", 1) => answer(200, &headers, ""),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))));
    assert_eq!(bench.upload.failures()[0].kind, ErrorKind::Integrity);
    assert_eq!(count("part 1", &bench.sends()), 2);
}

#[test]
fn an_object_whose_checksum_is_another_is_never_reported_as_stored() {
    let body = format!(
        "<{COMPLETED}><ETag>e</ETag><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>\
         <ChecksumType>FULL_OBJECT</ChecksumType></{COMPLETED}>"
    );
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match sent.what.split(' ').next().unwrap() {
        "complete" => answer(200, &[], &body),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Integrity);
}

/// Sends of the job, for checks of one kind of request.
fn each(plan: &Plan, mut check: impl FnMut(&Sent)) -> Vec<String> {
    let mut bench = plan.bench();
    let result = bench.run(|sent| {
        check(sent);
        accept()
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    bench.log
}

#[test]
fn a_hash_of_the_whole_is_one_of_the_parts_hashes() {
    for placement in [Placement::Trailer, Placement::Header] {
        let plan = Plan::parts(3).with(Some((Algorithm::Sha256, placement)));
        each(&plan, |sent| match sent.what.as_str() {
            "create" => {
                let header = |name| sent.header(name);
                assert_eq!(header("x-amz-checksum-algorithm"), Some("SHA256"));
                assert_eq!(header("x-amz-checksum-type"), Some("COMPOSITE"));
            }
            "complete U1" => {
                assert_eq!(sent.header("x-amz-checksum-sha256"), None);
                let checksum = Some((Algorithm::Sha256, "ChecksumSHA256"));
                assert_eq!(text(&sent.body), document(3, checksum));
            }
            _ => {}
        });
    }
}

#[test]
fn parts_without_a_checksum_are_sent_as_they_are() {
    let plan = Plan::parts(2).with(None);
    each(&plan, |sent| match (&sent.body, sent.what.as_str()) {
        (Body::Payload { framing, .. }, _) => {
            assert_eq!(*framing, Framing::Raw);
            let hash = sent.header("x-amz-content-sha256");
            assert_eq!(hash, Some("UNSIGNED-PAYLOAD"));
        }
        (_, "create") => assert_eq!(sent.header("x-amz-checksum-algorithm"), None),
        (body, _) => {
            assert_eq!(sent.header("x-amz-checksum-type"), None);
            assert_eq!(text(body), document(2, None));
        }
    });
}

#[test]
fn without_tls_each_part_is_hashed_and_signed() {
    let mut plan = Plan::parts(2).at_once(1);
    plan.endpoint = "http://h";
    let log = each(&plan, |sent| {
        let Body::Payload { range, framing } = &sent.body else {
            return;
        };
        assert_eq!(*framing, Framing::Raw);
        let hash = digest(Algorithm::Sha256, range.clone()).to_hex();
        assert_eq!(sent.header("x-amz-content-sha256"), Some(&*hash));
        let crc = digest(Algorithm::Crc64Nvme, range.clone()).to_base64();
        assert_eq!(sent.header("x-amz-checksum-crc64nvme"), Some(&*crc));
    });
    let digests = log.iter().filter(|line| line.starts_with("digest"));
    assert!(digests.eq([
        "digest sha256 0..5242880",
        "digest crc64nvme 0..5242880",
        "digest sha256 5242880..5242887",
        "digest crc64nvme 5242880..5242887",
    ]));
}

#[test]
fn an_entity_tag_that_no_journal_could_hold_proves_nothing() {
    for etag in [" ", "\"a b\"", &*"e".repeat(257)] {
        let mut bench = Plan::parts(1).bench();
        let result = bench.run(|sent| match sent.what.as_str() {
            "part 1" => answer(200, &[("etag", etag)], ""),
            _ => accept(),
        });
        assert_eq!(result.unwrap_err().kind, ErrorKind::Protocol, "{etag}");
    }
}
