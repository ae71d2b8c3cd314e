//! A queue in a directory of its own, and short words for what tests do with it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::*;

/// A directory with a queue.
pub(crate) struct Kept(tempfile::TempDir);

impl Kept {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The queue, in which nothing may be wrong.
    pub(crate) fn open(&self) -> Queue {
        let opened = Queue::open(self.path()).unwrap();
        assert_eq!(opened.repaired, None);
        opened.queue
    }
}

/// So many seconds after a day in the life of a gateway.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

pub(crate) fn task(name: &str) -> Task {
    Task {
        source: format!("/out/{name}").as_str().try_into().unwrap(),
        fingerprint: Some(format!("fingerprint of {name}").try_into().unwrap()),
        target: ("bucket", name).try_into().unwrap(),
        settings: vec![("storage-class".to_owned(), "GLACIER".to_owned())]
            .try_into()
            .unwrap(),
        priority: 0,
        disposal: Disposal::Keep,
        origin: Origin::watch("out").unwrap(),
        size: 10,
    }
}

pub(crate) fn named(name: &str) -> NewJob {
    task(name).into()
}

pub(crate) fn settlement(id: JobId, outcome: Outcome) -> Settlement {
    Settlement {
        id,
        outcome,
        sent: 10,
    }
}

pub(crate) fn owner(name: &str) -> Owner {
    Owner::from_text(name.to_owned())
}

pub(crate) fn uploaded() -> Outcome {
    Outcome::Uploaded {
        receipt: Receipt::new("\"etag\""),
    }
}

pub(crate) fn failed() -> Outcome {
    Outcome::Failed {
        failure: Failure::new("denied", "Access Denied"),
    }
}

pub(crate) fn retry_at(not_before: SystemTime) -> Outcome {
    Outcome::Retry {
        failure: Failure::new("network", "no route to host"),
        not_before,
    }
}
