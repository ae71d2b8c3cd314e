//! Objects that need not be sent, because the store has the same.

use super::plan::{Plan, digest};
use super::resume::{object, same};
use super::store::{Reply, accept, answer, fail, refuse};
use crate::checksum::Algorithm;
use crate::error::ErrorKind;
use crate::upload::Outcome;

fn skipping(mut plan: Plan) -> Plan {
    plan.transfer.skip_existing = true;
    plan
}

#[test]
fn an_equal_object_is_left_as_it_is() {
    for plan in [Plan::put(7), Plan::parts(2)] {
        let length = plan.length.unwrap();
        let mut bench = skipping(plan.clone()).bench();
        let result = bench.run(|sent| {
            assert_eq!(sent.header("x-amz-checksum-mode"), Some("ENABLED"));
            same(&plan)
        });
        let Ok(Outcome::AlreadyThere(uploaded)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(uploaded.etag, "\"there\"");
        assert_eq!((uploaded.bytes, uploaded.attempts), (length, 0));
        assert_eq!(bench.sends(), ["head"]);
    }
}

#[test]
fn whichever_checksum_the_object_has_is_compared() {
    let sha256 = digest(Algorithm::Sha256, 0..7).to_base64();
    let headers = [
        ("etag", "\"e\""),
        ("content-length", "7"),
        ("x-amz-checksum-sha256", &sha256),
    ];
    let mut bench = skipping(Plan::put(7)).bench();
    let result = bench.run(|_| answer(200, &headers, ""));
    assert!(matches!(result, Ok(Outcome::AlreadyThere(_))));
    assert_eq!(bench.count("digest sha256 0..7"), 1);
}

/// Runs a job that finds this, and stores its object all the same; answers whether the payload
/// was read to compare it.
fn stores_over(head: &Reply) -> bool {
    for plan in [Plan::put(7), Plan::parts(2)] {
        let whole = match plan.length {
            Some(7) => vec!["head", "put"],
            _ => vec!["head", "create", "part 1", "part 2", "complete U1"],
        };
        let mut bench = skipping(plan).bench();
        let result = bench.run(|sent| match sent.what.as_str() {
            "head" => head.clone(),
            _ => accept(),
        });
        assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
        assert_eq!(bench.sends(), whole);
    }
    let mut bench = skipping(Plan::put(7)).bench();
    let result = bench.run(|sent| match sent.what.as_str() {
        "head" => head.clone(),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    bench.count("digest crc64nvme 0..7") == 1
}

#[test]
fn an_object_of_other_bytes_is_replaced() {
    assert!(stores_over(&object(7, "AAAAAAAAAAA=")));
}

#[test]
fn an_object_of_another_length_is_replaced_without_reading_ours() {
    let crc = digest(Algorithm::Crc64Nvme, 0..7).to_base64();
    assert!(!stores_over(&object(8, &crc)));
}

#[test]
fn where_there_is_none_the_object_is_stored() {
    assert!(!stores_over(&refuse(404, "")));
}

#[test]
fn an_object_without_a_checksum_is_not_taken_for_the_same() {
    let headers = [("etag", "\"e\""), ("content-length", "7")];
    assert!(!stores_over(&answer(200, &headers, "")));
}

#[test]
fn a_checksum_of_checksums_is_not_taken_for_that_of_the_whole() {
    let crc = digest(Algorithm::Crc32, 0..7).to_base64();
    let headers = [
        ("etag", "\"e\""),
        ("content-length", "7"),
        ("x-amz-checksum-crc32", &crc),
        ("x-amz-checksum-type", "COMPOSITE"),
    ];
    assert!(!stores_over(&answer(200, &headers, "")));
}

#[test]
fn a_role_that_may_not_look_sends_and_says_so() {
    let mut bench = skipping(Plan::put(7)).bench();
    let result = bench.run(|sent| match sent.what.as_str() {
        "head" => refuse(403, ""),
        _ => accept(),
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(uploaded.failures[0].kind, ErrorKind::Denied);
}

#[test]
fn a_look_that_fails_for_now_is_tried_again() {
    let plan = Plan::put(7);
    let mut bench = skipping(plan.clone()).bench();
    let result = bench.run(|sent| match sent.nth {
        1 => fail(ErrorKind::Network),
        _ => same(&plan),
    });
    assert!(matches!(result, Ok(Outcome::AlreadyThere(_))));
    assert_eq!(bench.sends(), ["head", "head"]);
}
