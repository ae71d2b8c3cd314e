//! What a publisher decided once: it is in the directory, for whoever works on it later.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::PublishError;
use super::publisher::{Publisher, make_public, put};
use super::roles::Lifetimes;

/// `lifetimes.json`, in seconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seconds {
    root: u64,
    targets: u64,
    snapshot: u64,
    timestamp: u64,
}

const FILE: &str = "lifetimes.json";

impl Publisher {
    /// The repository in this directory with the lifetimes that it was made with.
    pub fn open(directory: PathBuf) -> Result<Self, PublishError> {
        let path = directory.join(FILE);
        let lifetimes = match fs::read(&path) {
            Ok(text) => serde_json::from_slice::<Seconds>(&text)
                .map_err(|source| PublishError::Lifetimes { path, source })?
                .into(),
            Err(error) if error.kind() == ErrorKind::NotFound => Lifetimes::default(),
            Err(error) => return Err(PublishError::io("read", &path)(error)),
        };
        Ok(Self::new(directory, lifetimes))
    }

    pub(super) fn keep_lifetimes(&self) -> Result<(), PublishError> {
        make_public(&self.directory)?;
        let text = serde_json::to_vec_pretty(&Seconds::from(self.lifetimes))
            .map_err(|error| PublishError::Tuf(error.into()))?;
        put(&self.place(FILE), &text)
    }
}

impl From<Lifetimes> for Seconds {
    fn from(lifetimes: Lifetimes) -> Self {
        Self {
            root: lifetimes.root.as_secs(),
            targets: lifetimes.targets.as_secs(),
            snapshot: lifetimes.snapshot.as_secs(),
            timestamp: lifetimes.timestamp.as_secs(),
        }
    }
}

impl From<Seconds> for Lifetimes {
    fn from(seconds: Seconds) -> Self {
        Self {
            root: Duration::from_secs(seconds.root),
            targets: Duration::from_secs(seconds.targets),
            snapshot: Duration::from_secs(seconds.snapshot),
            timestamp: Duration::from_secs(seconds.timestamp),
        }
    }
}
