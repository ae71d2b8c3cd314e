//! Completions that the store refuses: which refusals cost the parts, and which do not.

use super::bench::{Bench, Sent, read};
use super::plan::Plan;
use super::store::{Reply, accept, answer, refuse};
use crate::error::{Error, ErrorKind};
use crate::upload::Outcome;

const BEGUN: [&str; 3] = ["create", "part 1", "part 2"];

/// Runs a job of two parts whose completions are all refused like this.
fn refused(plan: &Plan, refusal: &Reply) -> (Bench, Result<Outcome, Error>) {
    let mut bench = plan.bench();
    let result = bench.run(|sent: &Sent| {
        if sent.what.starts_with("complete") {
            refusal.clone()
        } else {
            accept()
        }
    });
    (bench, result)
}

fn matching(plan: Plan) -> Plan {
    plan.option("if-match", "\"e\"")
}

#[test]
fn an_object_that_is_missing_under_if_match_ends_the_job_without_a_second_try() {
    let plan = matching(Plan::parts(2));
    let (bench, result) = refused(&plan, &refuse(404, "NoSuchKey"));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.cure.unwrap().contains("`if-match`"));
    assert_eq!(bench.sends()[..3], BEGUN);
    assert_eq!(bench.sends()[3..], ["complete U1", "abort U1"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn an_upload_that_is_gone_is_begun_anew_under_if_match_too() {
    let plan = matching(Plan::parts(2));
    let mut bench = plan.bench();
    let result = bench.run(|sent| match sent.what.as_str() {
        "complete U1" => refuse(404, "NoSuchUpload"),
        "head" => refuse(404, ""),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.sends().last(), Some(&"complete U2"));
}

#[test]
fn a_refusal_that_is_not_about_the_parts_keeps_them() {
    for (refusal, kind, times) in [
        (refuse(409, "OperationAborted"), ErrorKind::Conflict, 3),
        (answer(409, &[], ""), ErrorKind::Conflict, 3),
        (refuse(400, "InvalidRequest"), ErrorKind::InvalidInput, 1),
        (refuse(400, "MalformedXML"), ErrorKind::InvalidInput, 1),
        (refuse(403, "AccessDenied"), ErrorKind::Denied, 1),
        (refuse(503, "SlowDown"), ErrorKind::Throttled, 3),
    ] {
        let (bench, result) = refused(&Plan::parts(2), &refusal);
        assert_eq!(result.unwrap_err().kind, kind, "{refusal:?}");
        assert_eq!(bench.sends()[..3], BEGUN);
        assert_eq!(
            bench.sends()[3..],
            vec!["complete U1"; times],
            "{refusal:?}"
        );
        let past = read(&bench.journal.unwrap());
        assert_eq!(past.upload_id.as_deref(), Some("U1"));
    }
}

#[test]
fn parts_that_cannot_become_the_object_are_sent_again_at_most_twice() {
    for (refusal, kind) in [
        (
            refuse(409, "ConditionalRequestConflict"),
            ErrorKind::Conflict,
        ),
        (refuse(400, "InvalidPart"), ErrorKind::InvalidInput),
        (refuse(400, "InvalidPartOrder"), ErrorKind::InvalidInput),
        (refuse(400, "BadDigest"), ErrorKind::Integrity),
    ] {
        let (bench, result) = refused(&Plan::parts(2), &refusal);
        assert_eq!(result.unwrap_err().kind, kind, "{refusal:?}");
        assert_eq!(bench.count("send create"), 3, "{refusal:?}");
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn parts_too_small_for_the_store_are_not_gone_on_with() {
    let (bench, result) = refused(&Plan::parts(2), &refuse(400, "EntityTooSmall"));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(error.cure.unwrap().contains("`part-size`"));
    assert_eq!(bench.sends()[3..], ["complete U1", "abort U1"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}
