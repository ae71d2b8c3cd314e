//! The order of jobs, and what happens to those that are claimed.

use std::time::Duration;

use super::*;
use crate::*;

fn claimed(queue: &mut Queue, count: usize, now: u64) -> Vec<String> {
    let jobs = queue.claim(&owner("me"), count, at(now)).unwrap();
    jobs.iter()
        .map(|job| job.task.target.key().to_owned())
        .collect()
}

#[test]
fn the_highest_priority_goes_first_then_the_oldest() {
    let kept = Kept::new();
    let mut queue = kept.open();
    for (name, priority) in [("a", 0), ("b", -1), ("c", 5), ("d", 0), ("e", i8::MAX)] {
        let mut job = named(name);
        job.task.priority = priority;
        queue.add(&job, at(0)).unwrap();
    }
    assert_eq!(claimed(&mut queue, 2, 0), ["e", "c"]);
    assert_eq!(claimed(&mut queue, 9, 0), ["a", "d", "b"]);
    assert_eq!(claimed(&mut queue, 9, 0), [""; 0]);
}

#[test]
fn a_retried_job_waits_and_then_has_its_old_place() {
    let kept = Kept::new();
    let mut queue = kept.open();
    queue.add_all(&[named("a"), named("b")], at(0)).unwrap();
    let job = &queue.claim(&owner("me"), 1, at(0)).unwrap()[0];
    queue.settle(job.id, retry_at(at(60)), 3, at(1)).unwrap();
    assert_eq!(queue.next_due(at(1)).unwrap(), Some(at(1)));
    assert_eq!(claimed(&mut queue, 9, 59), ["b"]);
    assert_eq!(queue.next_due(at(59)).unwrap(), Some(at(60)));
    queue.add(&named("c"), at(59)).unwrap();
    assert_eq!(claimed(&mut queue, 9, 60), ["a", "c"]);
    assert_eq!(queue.next_due(at(60)).unwrap(), None);
    let job = queue.show(job.id).unwrap().unwrap();
    assert_eq!(
        (job.attempts, job.sent, job.last_attempt),
        (2, 3, Some(at(60)))
    );
    assert_eq!(job.failure.unwrap().kind(), "network");
}

#[test]
fn a_clock_that_was_wrong_keeps_a_job_for_an_hour_at_most() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let id = queue.add(&named("a"), at(0)).unwrap().id();
    // Far in the future, says the clock; then it is corrected.
    let future = at(0) + Duration::from_hours(10_000);
    queue.claim(&owner("me"), 1, future).unwrap();
    queue
        .settle(id, retry_at(future + Duration::from_mins(5)), 0, future)
        .unwrap();
    assert_eq!(queue.next_due(at(0)).unwrap(), Some(at(0)));
    assert_eq!(claimed(&mut queue, 1, 0), ["a"]);
    // And a delay that is asked for in error is cut.
    queue.settle(id, retry_at(future), 0, at(0)).unwrap();
    assert_eq!(queue.next_due(at(0)).unwrap(), Some(at(0) + LONGEST_DELAY));
}

#[test]
fn what_waits_can_be_hastened() {
    let kept = Kept::new();
    let mut queue = kept.open();
    queue.add_all(&[named("a"), named("b")], at(0)).unwrap();
    for job in queue.claim(&owner("me"), 2, at(0)).unwrap() {
        queue.settle(job.id, retry_at(at(300)), 0, at(0)).unwrap();
    }
    assert_eq!(claimed(&mut queue, 2, 1), [""; 0]);
    assert_eq!(queue.hasten().unwrap(), 2);
    assert_eq!(claimed(&mut queue, 2, 1), ["a", "b"]);
}

#[test]
fn a_new_run_of_the_service_gets_what_the_last_one_had() {
    let kept = Kept::new();
    let mut queue = kept.open();
    queue.add_all(&[named("a"), named("b")], at(0)).unwrap();
    queue.claim(&owner("killed"), 1, at(0)).unwrap();
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    assert_eq!(queue.recover(&owner("me"), at(1)).unwrap(), 1);
    assert_eq!(claimed(&mut queue, 9, 1), ["a"]);
    assert_eq!(queue.recover(&owner("me"), at(1)).unwrap(), 0);
    // A job that kills the service shows that it was tried.
    let job = &queue.list(&Filter::default(), None, 1).unwrap()[0];
    assert_eq!(job.attempts, 2);
}

#[test]
fn a_released_job_was_never_tried() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let id = queue.add(&named("a"), at(0)).unwrap().id();
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    assert_eq!(
        queue.settle(id, Outcome::Released, 4, at(1)).unwrap(),
        State::Waiting
    );
    let job = queue.show(id).unwrap().unwrap();
    assert_eq!((job.attempts, job.sent), (0, 4));
}

#[test]
fn between_the_upload_and_the_disposal_nothing_is_forgotten_or_done_twice() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut job = named("a");
    job.task.disposal = Disposal::Delete;
    let id = queue.add(&job, at(0)).unwrap().id();
    queue.claim(&owner("killed"), 1, at(0)).unwrap();
    assert_eq!(
        queue.settle(id, uploaded(), 10, at(1)).unwrap(),
        State::Uploaded
    );
    drop(queue);

    let mut queue = kept.open();
    assert_eq!(queue.recover(&owner("me"), at(2)).unwrap(), 0);
    assert_eq!(claimed(&mut queue, 9, 2), [""; 0]);
    let pending = queue.pending_disposals(None, 9).unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].task.disposal, Disposal::Delete);
    let failure = Failure::new("disposal", "read-only");
    let outcome = Outcome::NotDisposed { failure };
    let state = queue.settle(id, outcome, 0, at(3)).unwrap();
    assert_eq!(state, State::Uploaded);
    let stuck = queue.show(id).unwrap().unwrap();
    assert_eq!(stuck.failure.unwrap().message(), "read-only");
    assert_eq!(queue.pending_disposals(None, 9).unwrap().len(), 1);
    assert_eq!(
        queue.settle(id, Outcome::Disposed, 0, at(3)).unwrap(),
        State::Done
    );
    assert_eq!(queue.pending_disposals(None, 9).unwrap(), []);
    let done = queue.show(id).unwrap().unwrap();
    let receipt = Receipt::new("\"etag\"");
    let finished = at(3);
    assert_eq!(done.stage, Stage::Done { receipt, finished });
    assert_eq!(done.failure, None);
}

#[test]
fn an_outcome_out_of_turn_is_refused_and_changes_nothing() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let ids: Vec<_> = queue
        .add_all(&[named("a"), named("b")], at(0))
        .unwrap()
        .into_iter()
        .map(Added::id)
        .collect();
    let error = queue.settle(ids[0], uploaded(), 1, at(0)).unwrap_err();
    let (id, state) = (ids[0], State::Waiting);
    assert!(
        matches!(error, QueueError::Refused(Refusal::OutOfTurn { id: i, state: s }) if (i, s) == (id, state)),
        "{error}"
    );
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    let nobody = JobId::new(99);
    let outcomes = queue
        .settle_all(
            &[
                settlement(nobody, uploaded()),
                settlement(ids[1], failed()),
                settlement(ids[0], Outcome::Disposed),
                settlement(ids[0], uploaded()),
                settlement(ids[0], uploaded()),
            ],
            at(1),
        )
        .unwrap();
    let out_of_turn = |id, state| Err(Refusal::OutOfTurn { id, state });
    assert_eq!(
        outcomes,
        [
            Err(Refusal::NoSuchJob { id: nobody }),
            out_of_turn(ids[1], State::Waiting),
            out_of_turn(ids[0], State::Running),
            Ok(State::Done),
            out_of_turn(ids[0], State::Done),
        ]
    );
    assert_eq!(queue.show(ids[0]).unwrap().unwrap().sent, 10);
}
