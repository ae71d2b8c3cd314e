//! What the file system refuses.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::*;

#[test]
fn the_files_are_this_users_alone() {
    let kept = Kept::new();
    let state = kept.file("a/state");
    fs::create_dir(kept.file("a")).unwrap();
    let _lock = ServiceLock::take(&state).unwrap();
    let mut queue = Queue::open(&state).unwrap().queue;
    queue.add(&named("a"), at(0)).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&state).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort_unstable();
    let files = [
        "queue.lock",
        "queue.sqlite",
        "queue.sqlite-shm",
        "queue.sqlite-wal",
        "service.lock",
    ];
    assert_eq!(names, files);
    drop(queue);
    // One that was restored with other rights.
    fs::set_permissions(state.join("queue.sqlite"), Permissions::from_mode(0o644)).unwrap();
    drop(Queue::open(&state).unwrap());
    assert_eq!(mode(&state.join("queue.sqlite")), 0o600);
}

#[test]
fn without_room_nothing_changes_and_with_room_it_goes_on() {
    let kept = Kept::new();
    let mut queue = kept.open();
    queue
        .add_all(&[named("first"), named("second")], at(0))
        .unwrap();
    let pages = |queue: &Queue, most: i64| {
        queue
            .connection
            .pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))
            .unwrap();
    };
    // As many as there are.
    pages(&queue, 1);
    let many: Vec<_> = (0..200).map(|n| named(&n.to_string())).collect();
    let error = queue.add_all(&many, at(1)).unwrap_err();
    assert!(
        matches!(
            error,
            QueueError::DiskFull {
                doing: "add jobs",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(queue.list(&Filter::default(), None, 9).unwrap().len(), 2);

    // What takes no room goes on meanwhile.
    let jobs = queue.claim(&owner("me"), 1, at(2)).unwrap();
    queue.settle(jobs[0].id, uploaded(), 0, at(2)).unwrap();

    pages(&queue, i64::from(u32::MAX) - 1);
    let added = queue.add_all(&many, at(3)).unwrap();
    assert!(added.iter().all(|added| matches!(added, Added::New(_))));
    drop(queue);
    assert_eq!(
        kept.open()
            .list(&Filter::default(), None, 999)
            .unwrap()
            .len(),
        202
    );
}

#[test]
fn a_reader_changes_nothing_and_needs_a_queue() {
    let kept = Kept::new();
    let error = Queue::open_read_only(kept.path()).unwrap_err();
    assert!(matches!(error, QueueError::Absent { .. }), "{error}");
    assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 0);

    let mut queue = kept.open();
    let id = queue.add(&named("a"), at(0)).unwrap().id();
    // Beside a running service, and without one.
    for _ in 0..2 {
        let reader = Queue::open_read_only(kept.path()).unwrap();
        assert_eq!(reader.show(id).unwrap().unwrap().task, task("a"));
        assert_eq!(reader.counts().unwrap().of(State::Waiting).jobs, 1);
        assert_eq!(reader.next_due(at(0)).unwrap(), Some(at(0)));
        drop(queue);
        queue = kept.open();
    }
}

#[test]
fn a_second_service_is_refused_and_told_who_is_the_first() {
    let kept = Kept::new();
    let first = ServiceLock::take(kept.path()).unwrap();
    let error = ServiceLock::take(kept.path()).unwrap_err();
    let ServiceLockError::Held { pid, directory } = &error else {
        panic!("{error}");
    };
    assert_eq!(*pid, Some(std::process::id()));
    assert_eq!(directory, kept.path());
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id()))
    );
    drop(first);
    ServiceLock::take(kept.path()).unwrap();
}
