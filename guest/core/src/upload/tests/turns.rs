//! Requests that do not leave because others are before them.

use std::time::Duration;

use super::bench::Sent;
use super::plan::Plan;
use super::store::{Reply, accept, refuse};
use crate::error::ErrorKind;
use crate::upload::Outcome;

#[test]
fn a_part_that_waits_for_its_turn_is_signed_anew_and_nothing_has_failed() {
    let mut bench = Plan::parts(3).at_once(1).bench();
    let mut dates = Vec::new();
    let result = bench.run(|sent: &Sent| match (sent.what.as_str(), sent.nth) {
        ("part 2", nth) if nth <= 200 => {
            dates.push(sent.header("authorization").unwrap().to_owned());
            Reply::Stay
        }
        _ => accept(),
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert_eq!((uploaded.attempts, uploaded.failures.len()), (3, 0));
    assert_eq!(bench.count("send part 2"), 201);
    assert_eq!(bench.count("retrying"), 0);
    // One for each request, however often it was made.
    assert_eq!(bench.count("attempt 1"), 5);
    dates.dedup();
    assert!(dates.len() > 1, "the clock is looked at each time");
}

#[test]
fn a_turn_that_was_waited_for_costs_no_attempt() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth % 2) {
        (_, 1) => Reply::Stay,
        ("part 1", _) if sent.nth < 6 => refuse(503, "SlowDown"),
        _ => accept(),
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(uploaded.failures.len(), 2);
    assert_eq!(bench.count("attempt 3"), 1);
}

#[test]
fn what_did_not_leave_has_begun_nothing() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("create", 1) => Reply::Stay,
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.count("send sweep"), 0);
}

#[test]
fn a_turn_that_never_comes_ends_the_job_with_its_patience() {
    let mut bench = Plan::put(7).bench();
    let mut asked = 0;
    let error = loop {
        let sent = match bench.halt() {
            super::bench::Halt::Done(result) => break result.unwrap_err(),
            super::bench::Halt::Sent(sent) => sent,
            super::bench::Halt::Wait(until) => {
                let left = until.unwrap().checked_sub(bench.now.monotonic).unwrap();
                bench.pass(left);
                continue;
            }
        };
        asked += 1;
        bench.pass(Duration::from_hours(1));
        bench.tell(Reply::Stay.event(&sent));
    };
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(asked, 12);
}
