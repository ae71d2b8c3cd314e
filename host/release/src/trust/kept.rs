//! What is trusted, across restarts.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tough::schema::{RoleType, Root, Signed};

use super::clock::seconds;
use crate::Digest;
use crate::store::{FileSystem, StoreError, file_system, record};

const FORMAT: u32 = 1;

/// All limits of metadata together, and what JSON adds to them.
const LONGEST: u64 = 8 * 1024 * 1024;

/// One file, sealed as the records of the state are: metadata as it was signed, and the floor of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    format: u32,
    /// The digest of the configured root that all this follows from.
    begun_with: Digest,
    pub(super) root: String,
    pub(super) timestamp: Option<String>,
    pub(super) snapshot: Option<String>,
    pub(super) targets: Option<String>,
    floor_seconds: u64,
}

impl Kept {
    /// Nothing but the configured root.
    fn anew(root: &str, floor_seconds: u64) -> Self {
        Self {
            format: FORMAT,
            begun_with: Digest::of(root.as_bytes()),
            root: root.to_owned(),
            timestamp: None,
            snapshot: None,
            targets: None,
            floor_seconds,
        }
    }

    /// What was kept, and whether it had to be done without since it is damaged. Another configured root means
    /// another repository, or is an administrator's way out, and begins anew.
    pub(super) fn read(files: &impl FileSystem, root: &str) -> Result<(Self, bool), StoreError> {
        let contents = match files.read(path(), LONGEST) {
            Ok(None) => return Ok((Self::anew(root, 0), false)),
            Ok(Some(contents)) => contents,
            Err(error) if record::is_damage(&error) => Vec::new(),
            Err(source) => {
                let (doing, path) = ("read", path().to_owned());
                return Err(StoreError::Io {
                    doing,
                    path,
                    source,
                });
            }
        };
        let kept = record::sealed(&contents)
            .and_then(|line| serde_json::from_slice::<Self>(line).ok())
            .filter(|kept| kept.format == FORMAT);
        Ok(match kept {
            None => (Self::anew(root, 0), true),
            Some(kept) if kept.begun_with != Digest::of(root.as_bytes()) => {
                (Self::anew(root, kept.floor_seconds), false)
            }
            Some(kept) => (kept, false),
        })
    }

    pub(super) fn write(&self, files: &impl FileSystem) -> Result<(), StoreError> {
        serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|line| file_system::replace(files, path(), &record::seal(&line)))
            .map_err(|source| StoreError::Io {
                doing: "write",
                path: path().to_owned(),
                source,
            })
    }

    pub(super) fn floor(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_secs(self.floor_seconds))
            .unwrap_or(UNIX_EPOCH)
    }

    pub(super) fn set_floor(&mut self, floor: SystemTime) {
        self.floor_seconds = seconds(floor);
    }

    /// Goes on with a root, if it is a newer one. Where it names other keys for the timestamp or the snapshot, what the old ones
    /// signed is forgotten (TUF 5.3.11): versions that a thief of keys has driven up must not outlive them.
    pub(super) fn follow(&mut self, root: &Signed<Root>, text: String) {
        let before = serde_json::from_str::<Signed<Root>>(&self.root).ok();
        if before
            .as_ref()
            .is_some_and(|before| before.signed.version >= root.signed.version)
        {
            return;
        }
        let same = |role| {
            before
                .as_ref()
                .is_some_and(|before| before.signed.keys(role).eq(root.signed.keys(role)))
        };
        if !(same(RoleType::Timestamp) && same(RoleType::Snapshot)) {
            self.timestamp = None;
            self.snapshot = None;
        }
        self.root = text;
    }
}

fn path() -> &'static Path {
    Path::new("release/trust.json")
}
