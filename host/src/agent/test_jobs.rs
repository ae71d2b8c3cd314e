//! Jobs for tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::SystemTime;

use sealift_queue::{Disposal, Job, NewJob, Origin, Owner, Queue, Settings, Task};

/// A task of nothing special.
pub(super) fn task(key: &str, origin: Origin) -> Task {
    Task {
        source: "/data/out/a.csv".try_into().unwrap(),
        fingerprint: None,
        target: ("bucket", key).try_into().unwrap(),
        settings: Settings::default(),
        priority: 5,
        disposal: Disposal::Keep,
        origin,
        size: 0,
    }
}

/// The rule `out`.
pub(super) fn watched() -> Origin {
    Origin::watch("out").unwrap()
}

/// A claimed job.
pub(super) fn job(origin: Origin) -> Job {
    claimed(vec![task("key", origin)]).remove(0)
}

/// Claimed jobs.
pub(super) fn claimed(tasks: Vec<Task>) -> Vec<Job> {
    let directory = tempfile::tempdir().unwrap();
    let mut queue = Queue::open(directory.path()).unwrap().queue;
    let jobs: Vec<_> = tasks.into_iter().map(NewJob::from).collect();
    let now = SystemTime::now();
    queue.add_all(&jobs, now).unwrap();
    let owner = Owner::this_process().unwrap();
    queue.claim(&owner, jobs.len(), now).unwrap()
}
