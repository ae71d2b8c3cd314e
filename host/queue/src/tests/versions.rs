//! Databases of other versions of this program.

use rusqlite::Connection;

use super::*;
use crate::*;

/// What version 1 wrote: it has to be read for ever.
const VERSION_1: &str = include_str!("version_1.sql");

fn write(kept: &Kept, version: i64, sql: &str) {
    let connection = Connection::open(kept.file("queue.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
        .pragma_update(None, "user_version", version)
        .unwrap();
}

#[test]
fn the_jobs_of_version_1_are_understood() {
    let kept = Kept::new();
    write(&kept, 1, VERSION_1);
    let queue = kept.open();
    let jobs = queue.list(&Filter::default(), None, 99).unwrap();
    assert_eq!(jobs, history());
    assert_eq!(
        queue.sent_on(time::macros::date!(2026 - 11 - 27)).unwrap(),
        1234
    );
}

/// One job in each state.
fn history() -> Vec<Job> {
    let kept = Kept::new();
    let mut queue = kept.open();
    write_history(&mut queue);
    queue.list(&Filter::default(), None, 99).unwrap()
}

pub(crate) fn write_history(queue: &mut Queue) {
    let mut jobs: Vec<_> = [
        "done", "failed", "uploaded", "delayed", "running", "off", "new",
    ]
    .map(named)
    .into();
    jobs[2].task.disposal = Disposal::move_to("/sent".into()).unwrap();
    jobs[6].task.fingerprint = None;
    jobs[6].task.origin = Origin::Command;
    let added = queue.add_all(&jobs, at(0)).unwrap();
    let ids: Vec<_> = added.into_iter().map(Added::id).collect();
    queue.claim(&owner("me"), 5, at(1)).unwrap();
    let outcomes = [uploaded(), failed(), uploaded(), retry_at(at(100))];
    for (id, outcome) in ids.iter().zip(outcomes) {
        queue.settle(*id, outcome, 7, at(2)).unwrap();
    }
    queue.cancel(&ids[4..6], at(3)).unwrap();
    let day = time::macros::date!(2026 - 11 - 27);
    queue.record_sent(day, 1234).unwrap();
}

#[test]
fn a_queue_from_the_future_is_refused_and_left_alone() {
    let kept = Kept::new();
    kept.open().add(&named("a"), at(0)).unwrap();
    Connection::open(kept.file("queue.sqlite"))
        .unwrap()
        .execute_batch("CREATE TABLE future (x); PRAGMA user_version = 9;")
        .unwrap();
    let before = std::fs::read(kept.file("queue.sqlite")).unwrap();
    for _ in 0..2 {
        let error = Queue::open(kept.path()).unwrap_err();
        let QueueError::Newer { found, known, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((found, known), (9, schema::newest()));
        let error = Queue::open_read_only(kept.path()).unwrap_err();
        assert!(
            matches!(error, QueueError::Newer { found: 9, .. }),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(kept.file("queue.sqlite")).unwrap(), before);
    assert!(!kept.file("queue.sqlite.damaged-1").exists());
}

#[test]
fn a_queue_that_an_older_program_has_open_is_not_changed_under_it() {
    let kept = Kept::new();
    let _older = kept.open();
    Connection::open(kept.file("queue.sqlite"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 0;")
        .unwrap();
    let error = Queue::open(kept.path()).unwrap_err();
    assert!(
        matches!(error, QueueError::Older { found: 0, .. }),
        "{error}"
    );
}
