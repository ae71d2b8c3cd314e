//! Objects that must be new: what is there already is found before the bytes are sent for nothing.

use super::bench::Bench;
use super::plan::Plan;
use super::resume::{object, same};
use super::store::{Reply, accept, answer, fail, refuse};
use crate::error::{Error, ErrorKind};
use crate::upload::Outcome;

const OTHER: &str = "AAAAAAAAAAA=";

fn new_only(plan: Plan) -> Plan {
    plan.option("if-none-match", "*")
}

/// Runs a job that may make nothing but a new object, and that is told this of the one there.
fn looking(plan: Plan, head: &Reply) -> (Bench, Result<Outcome, Error>) {
    let mut bench = new_only(plan).bench();
    let result = bench.run(|sent| match sent.what.as_str() {
        "head" => head.clone(),
        _ => accept(),
    });
    (bench, result)
}

#[test]
fn no_part_is_sent_for_an_object_that_is_there() {
    let plan = Plan::parts(2);
    for head in [
        same(&plan),
        object(1, OTHER),
        answer(200, &[("etag", "\"e\"")], ""),
    ] {
        let (bench, result) = looking(plan.clone(), &head);
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::PreconditionFailed);
        assert!(error.message.contains("s3://abc/a b"), "{error}");
        assert_eq!(bench.sends(), ["head"]);
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn where_the_store_does_not_say_the_condition_decides_in_the_end() {
    for head in [
        refuse(404, ""),
        refuse(403, ""),
        refuse(501, "NotImplemented"),
    ] {
        let (bench, result) = looking(Plan::parts(2), &head);
        let Ok(Outcome::Stored(uploaded)) = result else {
            panic!("{result:?}");
        };
        // A look that only saves bytes is nobody's business.
        assert!(uploaded.failures.is_empty(), "{:?}", uploaded.failures);
        assert_eq!(
            bench.sends(),
            ["head", "create", "part 1", "part 2", "complete U1"]
        );
    }
}

#[test]
fn a_small_object_is_sent_without_a_look() {
    let (bench, result) = looking(Plan::put(7), &same(&Plan::put(7)));
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.sends(), ["put"]);
}

#[test]
fn an_object_that_another_writer_made_meanwhile_is_found_before_the_parts_are_sent_again() {
    let mut bench = new_only(Plan::parts(2)).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("head", 1) => refuse(404, ""),
        ("head", _) => object(1, OTHER),
        ("complete U1", _) => refuse(409, "ConditionalRequestConflict"),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::PreconditionFailed);
    assert_eq!(bench.sends()[4..], ["complete U1", "abort U1", "head"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn an_object_of_an_unheard_completion_that_cannot_be_told_from_others_is_not_sent_again() {
    let mut bench = new_only(Plan::parts(2)).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("head", 1) => refuse(404, ""),
        ("head", _) => answer(200, &[("etag", "\"e\"")], ""),
        ("complete U1", 1) => fail(ErrorKind::Network),
        ("complete U1", _) => refuse(404, "NoSuchUpload"),
        _ => accept(),
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::PreconditionFailed);
    assert!(error.message.contains("cannot be told"), "{error}");
    assert_eq!(bench.count("send create"), 1);
}

#[test]
fn an_equal_object_is_left_as_it_is_with_skip_existing() {
    let mut plan = Plan::parts(2);
    plan.transfer.skip_existing = true;
    let (bench, result) = looking(plan.clone(), &same(&plan));
    assert!(matches!(result, Ok(Outcome::AlreadyThere(_))), "{result:?}");
    assert_eq!(bench.sends(), ["head"]);
    let (bench, result) = looking(plan, &object(1, OTHER));
    assert_eq!(result.unwrap_err().kind, ErrorKind::PreconditionFailed);
    assert_eq!(bench.sends(), ["head"]);
}

#[test]
fn a_stream_is_not_taken_for_an_object_that_is_there() {
    let mut plan = Plan::parts(2);
    plan.length = None;
    let (bench, result) = looking(plan, &object(1, OTHER));
    assert_eq!(result.unwrap_err().kind, ErrorKind::PreconditionFailed);
    assert_eq!(bench.sends(), ["head"]);
}
