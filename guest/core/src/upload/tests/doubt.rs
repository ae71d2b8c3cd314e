//! Requests that may have made the object although they failed, and conditions that do not hold.

use super::bench::{Bench, Sent};
use super::plan::{Plan, digest};
use super::resume::{journal, object, same};
use super::store::{Reply, accept, fail, refuse};
use crate::checksum::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::upload::Outcome;
use crate::upload::record::Record;

const OTHER: &str = "AAAAAAAAAAA=";

/// Runs a job whose completion is answered like this, time after time, and whose `HEAD` is
/// answered with `head`.
fn completing(replies: &[Reply], head: &Reply) -> (Bench, Result<Outcome, Error>) {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent: &Sent| match sent.what.split(' ').next().unwrap() {
        "complete" if sent.what == "complete U1" => replies[sent.nth - 1].clone(),
        "head" => head.clone(),
        _ => accept(),
    });
    (bench, result)
}

const BEGUN: [&str; 3] = ["create", "part 1", "part 2"];

#[test]
fn a_completed_object_whose_answer_was_lost_is_recognized() {
    let plan = Plan::parts(2);
    let lost = [fail(ErrorKind::Network), refuse(404, "NoSuchUpload")];
    let (bench, result) = completing(&lost, &same(&plan));
    let Ok(Outcome::AlreadyThere(uploaded)) = result else {
        panic!("{result:?}");
    };
    let whole = digest(Algorithm::Crc64Nvme, 0..plan.length.unwrap());
    assert_eq!(uploaded.etag, "\"there\"");
    assert_eq!(uploaded.checksum, Some(whole));
    assert_eq!(bench.sends()[..3], BEGUN);
    assert_eq!(bench.sends()[3..], ["complete U1", "complete U1", "head"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn after_a_crash_behind_the_completion_the_object_tells_whether_it_was_made() {
    let plan = Plan::parts(2);
    for (head, made) in [(same(&plan), true), (refuse(404, ""), false)] {
        let mut bench = plan.bench();
        let mut entries = journal(&plan, &[1, 2]);
        entries.push(Record::Completing.encode());
        bench.journal = Ok(entries);
        let result = bench.run(|sent| match sent.what.as_str() {
            "list" => refuse(404, "NoSuchUpload"),
            "head" => head.clone(),
            _ => accept(),
        });
        assert_eq!(bench.sends()[..2], ["list", "head"]);
        if made {
            assert!(matches!(result, Ok(Outcome::AlreadyThere(_))));
            assert_eq!(bench.sends().len(), 2);
        } else {
            assert!(matches!(result, Ok(Outcome::Stored(_))));
            assert_eq!(bench.sends()[2..5], BEGUN);
        }
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn an_upload_that_went_away_without_the_object_is_begun_anew() {
    let length = Plan::parts(2).length.unwrap();
    for head in [
        object(length, OTHER),
        object(length + 1, OTHER),
        refuse(404, ""),
        refuse(403, ""),
    ] {
        let (bench, result) = completing(&[refuse(404, "NoSuchUpload")], &head);
        assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
        let sends = bench.sends();
        let (first, again) = sends.split_at(5);
        assert_eq!(first[..3], BEGUN);
        assert_eq!(first[3..], ["complete U1", "head"]);
        assert_eq!(again, ["create", "part 1", "part 2", "complete U2"]);
    }
}

#[test]
fn a_conflict_at_the_completion_starts_over_and_leaves_nothing_behind() {
    let (bench, result) = completing(&[refuse(409, "ConditionalRequestConflict")], &accept());
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    let sends = bench.sends();
    assert_eq!(sends[3..5], ["complete U1", "abort U1"]);
    assert_eq!(sends[5..8], BEGUN);
    assert_eq!(sends[8..], ["complete U2"]);
}

#[test]
fn parts_that_the_store_does_not_know_at_the_end_are_sent_again() {
    let (bench, result) = completing(&[refuse(400, "InvalidPart")], &accept());
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.sends()[3..5], ["complete U1", "abort U1"]);
    assert_eq!(bench.sends()[8], "complete U2");
}

#[test]
fn a_condition_that_does_not_hold_ends_with_an_abort() {
    let (bench, result) = completing(&[refuse(412, "PreconditionFailed")], &accept());
    assert_eq!(result.unwrap_err().kind, ErrorKind::PreconditionFailed);
    assert_eq!(bench.sends()[3..], ["complete U1", "abort U1"]);
    assert!(bench.position("cut") < bench.position("send abort U1"));
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn a_condition_that_fails_after_a_lost_answer_may_be_our_own_doing() {
    let plan = Plan::put(7);
    for (head, ours) in [
        (same(&plan), true),
        (object(7, OTHER), false),
        (refuse(404, ""), false),
        (refuse(403, ""), false),
    ] {
        let mut bench = plan.bench();
        let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
            ("put", 1) => fail(ErrorKind::Network),
            ("put", _) => refuse(412, "PreconditionFailed"),
            _ => head.clone(),
        });
        assert_eq!(bench.sends(), ["put", "put", "head"]);
        match result {
            Ok(Outcome::AlreadyThere(_)) => assert!(ours),
            Err(error) => {
                assert!(!ours);
                assert_eq!(error.kind, ErrorKind::PreconditionFailed);
                assert!(error.message.contains("cannot be told"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn after_a_crash_behind_the_completion_a_condition_that_fails_may_be_our_own_doing() {
    let plan = Plan::parts(2);
    for (head, ours) in [(same(&plan), true), (refuse(403, ""), false)] {
        let mut bench = plan.bench();
        let mut entries = journal(&plan, &[1, 2]);
        entries.push(Record::Completing.encode());
        bench.journal = Ok(entries);
        let result = bench.run(|sent| match sent.what.as_str() {
            "list" => refuse(403, "AccessDenied"),
            "complete U0" => refuse(412, "PreconditionFailed"),
            "head" => head.clone(),
            _ => accept(),
        });
        assert_eq!(bench.sends(), ["list", "complete U0", "head", "abort U0"]);
        match result {
            Ok(Outcome::AlreadyThere(_)) => assert!(ours),
            Err(error) => {
                assert!(!ours);
                assert_eq!(error.kind, ErrorKind::PreconditionFailed);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_object_that_cannot_be_looked_at_now_is_looked_at_by_the_next_run() {
    let (bench, result) = completing(
        &[fail(ErrorKind::Network), refuse(404, "NoSuchUpload")],
        &fail(ErrorKind::Timeout),
    );
    assert_eq!(result.unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(bench.count("send create"), 1);

    let plan = Plan::parts(2);
    let mut next = plan.bench();
    next.journal = bench.journal;
    let result = next.run(|sent| match sent.what.as_str() {
        "list" => refuse(404, "NoSuchUpload"),
        _ => same(&plan),
    });
    assert!(matches!(result, Ok(Outcome::AlreadyThere(_))), "{result:?}");
    assert_eq!(next.sends(), ["list", "head"]);
}

#[test]
fn a_completion_that_another_one_is_in_the_way_of_is_repeated_and_no_part_is() {
    let (bench, result) = completing(&[refuse(409, "OperationAborted"), accept()], &accept());
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.sends()[3..], ["complete U1", "complete U1"]);
}

#[test]
fn an_upload_is_begun_anew_twice_and_no_more() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match sent.what.split(' ').next().unwrap() {
        "complete" => refuse(409, "ConditionalRequestConflict"),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(bench.count("send create"), 3);
    for abort in ["send abort U1", "send abort U2", "send abort U3"] {
        assert_eq!(bench.count(abort), 1);
    }
    assert_eq!(bench.journal, Ok(Vec::new()));
}
