//! Whose the files are that root makes in the queue of a service.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, chown};
use std::path::Path;
use std::time::SystemTime;

use sealift_queue::{Disposal, NewJob, Origin, Queue, ServiceLock, Task};

/// The user and the group whose service it is.
const SERVICE: (u32, u32) = (65534, 65533);

fn add(directory: &Path, name: &str) -> Queue {
    let mut queue = Queue::open(directory).unwrap().queue;
    let job = NewJob::from(Task {
        source: format!("/out/{name}").as_str().try_into().unwrap(),
        fingerprint: None,
        target: ("bucket", name).try_into().unwrap(),
        settings: sealift_queue::Settings::default(),
        priority: 0,
        disposal: Disposal::Keep,
        origin: Origin::Command,
        size: 1,
    });
    queue.add(&job, SystemTime::now()).unwrap();
    queue
}

/// Asserts whose all files are, and answers their names.
#[track_caller]
fn all_are_the_services(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.path().symlink_metadata().unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), SERVICE, "{name}");
        assert_eq!(metadata.mode() & 0o077, 0, "{name}");
        names.push(name);
    }
    names
}

#[test]
fn a_queue_that_root_makes_or_mends_is_the_services() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root makes files for others");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    chown(directory.path(), Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    let lock = ServiceLock::take(directory.path()).unwrap();
    let queue = add(directory.path(), "a");
    let names = all_are_the_services(directory.path());
    for name in ["", "-wal", "-shm"] {
        assert!(names.contains(&format!("queue.sqlite{name}")), "{names:?}");
    }
    assert!(names.contains(&"queue.lock".to_owned()), "{names:?}");
    assert!(names.contains(&"service.lock".to_owned()), "{names:?}");
    drop((queue, lock));

    // The first page is gone, so that a rescue and a draft are made on the way.
    let database = fs::File::options()
        .write(true)
        .open(directory.path().join("queue.sqlite"));
    database.unwrap().write_all_at(&[0xff; 4096], 0).unwrap();
    let opened = Queue::open(directory.path()).unwrap();
    assert!(opened.repaired.is_some());
    let names = all_are_the_services(directory.path());
    assert!(
        names.contains(&"queue.sqlite.damaged-1".to_owned()),
        "{names:?}"
    );
}
