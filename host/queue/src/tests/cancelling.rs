//! What people want of jobs, and how the service hears of it.

use super::*;
use crate::*;

fn two() -> (Kept, Queue, Vec<JobId>) {
    let kept = Kept::new();
    let mut queue = kept.open();
    let added = queue.add_all(&[named("a"), named("b")], at(0)).unwrap();
    let ids = added.into_iter().map(Added::id).collect();
    (kept, queue, ids)
}

#[test]
fn the_service_sees_that_another_process_called_a_job_off() {
    let (kept, mut service, ids) = two();
    service.claim(&owner("me"), 1, at(0)).unwrap();
    assert!(service.changed_elsewhere().unwrap());
    assert!(!service.changed_elsewhere().unwrap());

    let mut other = kept.open();
    let outcomes = other.cancel(&ids, at(1)).unwrap();
    assert_eq!(outcomes, [Ok(State::Running), Ok(State::Cancelled)]);

    assert!(service.changed_elsewhere().unwrap());
    assert_eq!(service.cancel_requested().unwrap(), [ids[0]]);
    service
        .settle(ids[0], Outcome::Cancelled, 1, at(2))
        .unwrap();
    assert_eq!(service.cancel_requested().unwrap(), []);
    // One's own changes are none.
    assert!(!service.changed_elsewhere().unwrap());
}

#[test]
fn a_job_that_was_called_off_is_not_tried_again() {
    for outcome in [retry_at(at(9)), Outcome::Released, failed()] {
        let (_kept, mut queue, ids) = two();
        queue.claim(&owner("me"), 1, at(0)).unwrap();
        queue.cancel(&ids[..1], at(1)).unwrap();
        let state = queue.settle(ids[0], outcome.clone(), 0, at(2)).unwrap();
        assert_eq!(state, State::Cancelled, "{outcome:?}");
    }
    // The same if the service did not live to settle it.
    let (_kept, mut queue, ids) = two();
    queue.claim(&owner("killed"), 1, at(0)).unwrap();
    queue.cancel(&ids[..1], at(1)).unwrap();
    queue.recover(&owner("me"), at(2)).unwrap();
    assert_eq!(
        queue.show(ids[0]).unwrap().unwrap().state(),
        State::Cancelled
    );
}

#[test]
fn an_object_that_is_there_cannot_be_called_off() {
    let (_kept, mut queue, ids) = two();
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    queue.cancel(&ids[..1], at(0)).unwrap();
    assert_eq!(
        queue.settle(ids[0], uploaded(), 0, at(1)).unwrap(),
        State::Done
    );
    let (id, state) = (ids[0], State::Done);
    assert_eq!(
        queue.cancel(&[id], at(2)).unwrap(),
        [Err(Refusal::OutOfTurn { id, state })]
    );
}

#[test]
fn a_failed_job_is_retried_as_if_for_the_first_time() {
    let (_kept, mut queue, ids) = two();
    for job in queue.claim(&owner("me"), 2, at(0)).unwrap() {
        queue.settle(job.id, failed(), 0, at(0)).unwrap();
    }
    assert_eq!(queue.retry(&ids[..1]).unwrap(), [Ok(State::Waiting)]);
    assert_eq!(queue.retry_failed().unwrap(), 1);
    for job in queue.claim(&owner("me"), 2, at(1)).unwrap() {
        assert_eq!(job.attempts, 1);
        assert_eq!(job.failure.unwrap().message(), "Access Denied");
    }
    let (id, state) = (ids[0], State::Running);
    assert_eq!(
        queue.retry(&[id, JobId::new(99)]).unwrap(),
        [
            Err(Refusal::OutOfTurn { id, state }),
            Err(Refusal::NoSuchJob { id: JobId::new(99) })
        ]
    );
}
