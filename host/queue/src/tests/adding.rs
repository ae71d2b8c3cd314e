//! The same work is one job.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::*;
use crate::*;

fn known(added: Added) -> Option<(JobId, State)> {
    match added {
        Added::New(_) => None,
        Added::Known { id, state } => Some((id, state)),
    }
}

#[test]
fn everything_about_a_job_is_there_in_the_next_process() {
    let kept = Kept::new();
    let job = Task {
        source: Path::new(OsStr::from_bytes(b"/out/\xff\xfe"))
            .to_owned()
            .try_into()
            .unwrap(),
        priority: -7,
        disposal: Disposal::parse(OsStr::from_bytes(b"move:/sent/\xff")).unwrap(),
        origin: Origin::Command,
        size: u64::from(u32::MAX) * 10,
        ..task("a")
    };
    let id = kept.open().add(&job.clone().into(), at(1)).unwrap().id();
    let found = kept.open().show(id).unwrap().unwrap();
    assert_eq!(found, Job::new(id, job, at(1)));
}

#[test]
fn the_same_work_is_one_job_while_it_lasts_and_after() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let id = queue.add(&named("a"), at(0)).unwrap().id();
    assert_eq!(
        known(queue.add(&named("a"), at(1)).unwrap()),
        Some((id, State::Waiting))
    );
    queue.claim(&owner("me"), 1, at(2)).unwrap();
    assert_eq!(
        known(queue.add(&named("a"), at(3)).unwrap()),
        Some((id, State::Running))
    );
    queue.settle(id, uploaded(), 10, at(4)).unwrap();
    assert_eq!(
        known(queue.add(&named("a"), at(5)).unwrap()),
        Some((id, State::Done))
    );
    assert_eq!(queue.list(&Filter::default(), None, 9).unwrap().len(), 1);
}

#[test]
fn another_file_bucket_or_key_is_another_job() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut others = vec![named("a"); 4];
    others[0].task.source = "/out/b".try_into().unwrap();
    others[1].task.fingerprint = Some("replaced".to_owned().try_into().unwrap());
    others[2].task.target = ("elsewhere", "a").try_into().unwrap();
    others[3].task.target = ("bucket", "b").try_into().unwrap();
    others.push(named("a"));
    for added in queue.add_all(&others, at(0)).unwrap() {
        assert_eq!(known(added), None);
    }
}

#[test]
fn work_that_ended_is_done_again_only_if_it_is_wanted_again() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let again = NewJob {
        again: true,
        ..named("a")
    };
    let first = queue.add(&again, at(0)).unwrap().id();
    // While it waits there is nothing to do again.
    assert_eq!(
        known(queue.add(&again, at(0)).unwrap()),
        Some((first, State::Waiting))
    );
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    queue.settle(first, failed(), 0, at(0)).unwrap();
    assert_eq!(
        known(queue.add(&named("a"), at(1)).unwrap()),
        Some((first, State::Failed))
    );
    let second = queue.add(&again, at(1)).unwrap().id();
    assert!(second > first);
    // The first is history: it cannot become a second job for the same work.
    assert_eq!(
        queue.retry(&[first]).unwrap(),
        [Err(Refusal::Overtaken {
            id: first,
            by: second
        })]
    );
    assert_eq!(queue.retry_failed().unwrap(), 0);
}

#[test]
fn without_a_fingerprint_work_that_ended_is_new_work() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut job = named("a");
    job.task.fingerprint = None;
    let first = queue.add(&job, at(0)).unwrap().id();
    assert_eq!(
        known(queue.add(&job, at(0)).unwrap()),
        Some((first, State::Waiting))
    );
    queue.claim(&owner("me"), 1, at(0)).unwrap();
    queue.settle(first, failed(), 0, at(0)).unwrap();
    // Retried, it is what adding the same work finds.
    assert_eq!(queue.retry(&[first]).unwrap(), [Ok(State::Waiting)]);
    assert_eq!(
        known(queue.add(&job, at(0)).unwrap()),
        Some((first, State::Waiting))
    );
    queue.cancel(&[first], at(0)).unwrap();
    assert_eq!(known(queue.add(&job, at(1)).unwrap()), None);
}

#[test]
fn no_number_is_given_twice() {
    let kept = Kept::new();
    let first = kept.open().add(&named("a"), at(0)).unwrap().id();
    let mut queue = kept.open();
    queue.cancel(&[first], at(0)).unwrap();
    let all = Prune {
        states: State::ALL.to_vec(),
        keep: Some(0),
        ..Prune::default()
    };
    assert_eq!(queue.prune(&all).unwrap(), 1);
    drop(queue);
    assert!(kept.open().add(&named("b"), at(0)).unwrap().id() > first);
}
