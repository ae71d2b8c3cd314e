//! Payloads that tell their end when it comes.

use super::bench::{Bench, at};
use super::plan::{Plan, digest};
use super::resume::object;
use super::store::{Reply, accept, fail, refuse};
use crate::checksum::Algorithm;
use crate::error::ErrorKind;
use crate::upload::parts::{MAX_PART, MIN_PART};
use crate::upload::record::Record;
use crate::upload::{Body, Outcome};

/// A stream of `length` bytes that is made of parts from `2 * MIN_PART` on.
fn stream(length: u64) -> Bench {
    let mut bench = plan().at_once(2).bench();
    bench.stream = length;
    bench
}

fn plan() -> Plan {
    let mut plan = Plan::parts(1);
    plan.length = None;
    plan.transfer.threshold = 2 * MIN_PART;
    plan
}

#[test]
fn a_stream_that_ends_below_the_threshold_is_one_put_of_all() {
    for length in [0, 7, MIN_PART, 2 * MIN_PART - 1] {
        let mut bench = stream(length);
        let mut bodies = Vec::new();
        let result = bench.run(|sent| {
            bodies.push(sent.body.clone());
            accept()
        });
        let Ok(Outcome::Stored(uploaded)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(uploaded.bytes, length);
        assert_eq!(bench.sends(), ["put"]);
        let Body::Payload { range, .. } = &bodies[0] else {
            panic!("{bodies:?}");
        };
        assert_eq!(*range, 0..length);
        assert!(bench.writes().is_empty());
    }
}

/// Stores a stream of `length` bytes and answers the ranges of its parts.
fn cut(length: u64) -> Vec<std::ops::Range<u64>> {
    let mut bench = stream(length);
    let mut ranges = Vec::new();
    let result = bench.run(|sent| {
        if let Body::Payload { range, .. } = &sent.body {
            ranges.push(range.clone());
        }
        if sent.what.starts_with("complete") {
            let size = sent.header("x-amz-mp-object-size");
            assert_eq!(size, Some(&*length.to_string()));
        }
        accept()
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(uploaded.bytes, length);
    assert_eq!(bench.writes(), ["intent", "created", "completing"]);
    assert_eq!(bench.sends().last(), Some(&"complete U1"));
    ranges
}

#[test]
fn a_longer_stream_is_made_of_the_pieces_as_they_come() {
    let parts = cut(4 * MIN_PART + 7);
    let at = |n| n * MIN_PART;
    assert_eq!(
        parts,
        [
            0..at(1),
            at(1)..at(2),
            at(2)..at(3),
            at(3)..at(4),
            at(4)..at(4) + 7
        ]
    );
}

#[test]
fn a_stream_may_end_with_a_part() {
    for parts in [2, 3, 4] {
        let ranges = cut(parts * MIN_PART);
        assert_eq!(ranges.len() as u64, parts);
        assert_eq!(ranges.last().unwrap().end, parts * MIN_PART);
    }
}

#[test]
fn no_more_pieces_are_held_than_parts_may_be_under_way() {
    let mut bench = stream(6 * MIN_PART + 7);
    bench.run(|_| accept()).unwrap();
    let (mut held, mut released) = (0_i32, Vec::new());
    for line in &bench.log {
        if line.starts_with("acquire") {
            held += 1;
        } else if let Some(range) = line.strip_prefix("release ") {
            held -= 1;
            released.push(range.to_owned());
        }
        assert!(held <= 2, "{:#?}", bench.log);
    }
    // The last piece that was asked for was the end.
    assert_eq!((held, released.len()), (1, 7));
    assert_eq!(bench.most_open, 2);
}

#[test]
fn a_piece_is_released_once_the_store_has_it_and_not_before() {
    let mut bench = stream(3 * MIN_PART);
    bench
        .run(|sent| match (sent.what.as_str(), sent.nth) {
            ("part 1", 1) => refuse(503, "SlowDown"),
            _ => accept(),
        })
        .unwrap();
    let first = format!("release {:?}", 0..MIN_PART);
    let sends = bench.log.iter().enumerate();
    let mut sends = sends.filter(|(_, line)| *line == "send part 1");
    let again = sends.nth(1).unwrap().0;
    assert!(bench.position(&first) > again);
    assert_eq!(bench.count(&first), 1);
}

#[test]
fn a_host_without_room_for_more_is_asked_again_once_a_part_is_stored() {
    let mut bench = plan().at_once(4).bench();
    (bench.stream, bench.room) = (6 * MIN_PART + 7, 2 * MIN_PART);
    let Ok(Outcome::Stored(uploaded)) = bench.run(|_| accept()) else {
        panic!("{:#?}", bench.log);
    };
    assert_eq!(uploaded.bytes, 6 * MIN_PART + 7);
    assert_eq!(bench.most_open, 2);
    assert_eq!(bench.sends().last(), Some(&"complete U1"));

    // With nothing under way that could make room, there is none.
    let mut bench = plan().at_once(4).bench();
    (bench.stream, bench.room) = (6 * MIN_PART, MIN_PART);
    let error = bench.run(|_| accept()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
}

#[test]
fn a_stream_of_more_parts_than_there_can_be_is_refused_and_aborted() {
    let mut bench = plan().with(None).bench();
    bench.stream = u64::MAX;
    let error = bench.run(|_| accept()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert_eq!(bench.count("send part 10000"), 1);
    assert_eq!(bench.sends().last(), Some(&"abort U1"));
    assert_eq!(bench.count(&format!("acquire {}", 512 * MIN_PART)), 1000);
    assert_eq!(bench.count(&format!("acquire {MAX_PART}")), 1);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

/// Runs a stream whose second part is answered like this; it cannot be read again.
fn failing(reply: &Reply) -> (Bench, ErrorKind) {
    let mut bench = stream(4 * MIN_PART);
    let result = bench.run(|sent| match sent.what.as_str() {
        "part 2" => reply.clone(),
        _ => accept(),
    });
    (bench, result.unwrap_err().kind)
}

#[test]
fn a_stream_that_fails_is_aborted_whatever_the_reason() {
    for (reply, kind) in [
        (fail(ErrorKind::Network), ErrorKind::Network),
        (refuse(403, "AccessDenied"), ErrorKind::Denied),
        (refuse(404, "NoSuchUpload"), ErrorKind::NotFound),
    ] {
        let (bench, failed) = failing(&reply);
        assert_eq!(failed, kind);
        let cut = bench.position("cut");
        assert_eq!(bench.log[cut..], ["cut", "send abort U1", "reset"]);
        assert_eq!(bench.count("send create"), 1);
    }
}

#[test]
fn a_short_stream_whose_condition_fails_after_a_lost_answer_may_be_there_already() {
    let whole = digest(Algorithm::Crc64Nvme, 0..7).to_base64();
    for (checksum, ours) in [(&*whole, true), ("AAAAAAAAAAA=", false)] {
        let mut bench = stream(7);
        let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
            ("put", 1) => fail(ErrorKind::Network),
            ("put", _) => refuse(412, "PreconditionFailed"),
            _ => object(7, checksum),
        });
        assert_eq!(bench.sends(), ["put", "put", "head"]);
        match result {
            Ok(Outcome::AlreadyThere(uploaded)) => assert!(ours && uploaded.bytes == 7),
            other => assert_eq!(
                (ours, other.unwrap_err().kind),
                (false, ErrorKind::PreconditionFailed)
            ),
        }
    }
}

#[test]
fn a_source_that_breaks_off_is_not_taken_for_its_end() {
    for (length, begun) in [(7, false), (3 * MIN_PART, true)] {
        let mut bench = stream(length);
        bench.broken = true;
        let error = bench.run(|_| accept()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(bench.count("send put"), 0);
        assert_eq!(bench.count("send complete U1"), 0);
        assert_eq!(bench.count("send abort U1"), usize::from(begun));
    }
}

#[test]
fn what_a_stream_before_left_is_aborted() {
    let upload_id = "U0".to_owned();
    let records = [
        Record::Intent(plan().job().intent(at(0))),
        Record::Created {
            upload_id,
            alone: true,
        },
    ];
    let mut bench = stream(7);
    bench.journal = Ok(records.iter().map(Record::encode).collect());
    bench.run(|_| accept()).unwrap();
    assert_eq!(bench.sends(), ["abort U0", "put"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}
