//! How long a job goes on: as long as it gets on, and no longer than its user allows.

use std::time::Duration;

use super::bench::{Bench, Halt, Sent, at, read};
use super::plan::Plan;
use super::store::{accept, fail, refuse};
use crate::error::ErrorKind;
use crate::retry::Policy;
use crate::upload::{Event, Outcome, Upload};

const HOUR: Duration = Duration::from_hours(1);

/// A job that has a minute in all.
fn hurried(plan: &Plan) -> Bench {
    let mut bench = plan.bench();
    let policy = Policy {
        deadline: Some(Duration::from_mins(1)),
        ..Policy::default()
    };
    bench.upload = Upload::new(plan.job(), policy, at(0));
    bench
}

/// Passes the time until the machine wakes up by itself.
fn sleep(bench: &mut Bench) {
    let Halt::Wait(Some(until)) = bench.halt() else {
        panic!("does not wait for a time");
    };
    bench.pass(until.checked_sub(bench.now.monotonic).unwrap());
    bench.tell(Event::Time);
}

#[test]
fn a_job_that_gets_on_for_days_is_as_patient_as_on_its_first() {
    let mut bench = Plan::parts(6).at_once(1).bench();
    loop {
        let sent = match bench.halt() {
            Halt::Done(result) => {
                assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
                break;
            }
            Halt::Sent(sent) => sent,
            Halt::Wait(_) => panic!("nothing is under way"),
        };
        bench.pass(11 * HOUR);
        if sent.what.starts_with("part") && sent.nth == 1 {
            // Half an hour after the last success, which was eleven hours after the one before.
            bench.tell(refuse(503, "SlowDown").event(&sent));
        } else {
            bench.tell(sent.accepted());
        }
    }
}

#[test]
fn a_job_that_gets_nowhere_for_half_a_day_does_not_try_again() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.pass(12 * HOUR + Duration::from_secs(1));
    bench.tell(fail(ErrorKind::Network).event(&sent));
    assert_eq!(bench.expect_done().unwrap_err().kind, ErrorKind::Network);
}

#[test]
fn a_deadline_ends_a_job_in_the_middle_of_a_part_and_keeps_what_is_stored() {
    let plan = Plan::parts(3).at_once(1);
    let mut bench = hurried(&plan);
    for what in ["create", "part 1"] {
        let sent = bench.expect_sent();
        assert_eq!(sent.what, what);
        bench.tell(sent.accepted());
    }
    assert_eq!(bench.expect_sent().what, "part 2");
    sleep(&mut bench);
    assert_eq!(bench.now.monotonic, Duration::from_mins(1));
    let error = bench.expect_done().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("60 s"), "{error}");
    let past = read(&bench.journal.unwrap());
    assert_eq!(past.upload_id.as_deref(), Some("U1"));
}

#[test]
fn no_part_begins_after_the_deadline_however_well_it_goes() {
    let mut bench = hurried(&Plan::parts(6).at_once(1));
    let mut sent = Vec::new();
    let result = loop {
        match bench.halt() {
            Halt::Done(result) => break result,
            Halt::Sent(request) => {
                bench.pass(Duration::from_secs(25));
                bench.tell(request.accepted());
                sent.push(request.what);
            }
            Halt::Wait(_) => panic!("nothing is under way"),
        }
    };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(sent, ["create", "part 1", "part 2"]);
}

#[test]
fn a_stream_whose_deadline_passed_leaves_nothing_behind() {
    let mut plan = Plan::parts(3).at_once(1);
    plan.length = None;
    let mut bench = hurried(&plan);
    bench.stream = Plan::parts(3).length.unwrap();
    let create = bench.expect_sent();
    bench.tell(create.accepted());
    assert_eq!(bench.expect_sent().what, "part 1");
    sleep(&mut bench);
    let abort = bench.expect_sent();
    assert_eq!(abort.what, "abort U1");
    bench.tell(abort.accepted());
    assert_eq!(bench.expect_done().unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn an_object_that_was_made_before_the_deadline_is_reported_whatever_is_left_to_clear_up() {
    let mut bench = hurried(&Plan::parts(2));
    // The first attempt to begin is lost, so that what it may have begun is looked for in the end.
    let mut late = false;
    loop {
        match bench.halt() {
            Halt::Done(result) => {
                assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
                break;
            }
            Halt::Wait(Some(until)) => {
                let left = until.saturating_sub(bench.now.monotonic);
                bench.pass(left);
                bench.tell(Event::Time);
            }
            Halt::Wait(None) => panic!("waits for nothing"),
            Halt::Sent(sent) => {
                let event = reply(&mut late, &mut bench, &sent);
                bench.tell(event);
            }
        }
    }
    assert!(late, "{:#?}", bench.log);
}

fn reply(late: &mut bool, bench: &mut Bench, sent: &Sent) -> Event {
    match (sent.what.as_str(), sent.nth) {
        ("create", 1) => fail(ErrorKind::Network).event(sent),
        ("sweep", _) => {
            *late = true;
            bench.pass(HOUR);
            fail(ErrorKind::Network).event(sent)
        }
        _ => accept().event(sent),
    }
}
