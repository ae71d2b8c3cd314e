//! The directory of a repository.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use tough::schema::{Root, Signed, Snapshot, Targets, Timestamp};

use super::error::PublishError;
use super::roles::Lifetimes;
use crate::Role;

/// A repository at its publisher's. All calls block.
#[derive(Clone, Debug)]
pub struct Publisher {
    pub(super) directory: PathBuf,
    pub(super) lifetimes: Lifetimes,
    /// Where private keys of the root go, if not beside the others.
    pub(super) root_keys: Option<PathBuf>,
}

/// The version of the specification that is written down in metadata.
pub(super) const SPECIFICATION: &str = "1.0.0";

/// Metadata and the file that it stands in. Its hash is that of these bytes: JSON may be written in many ways.
#[derive(Clone, Debug)]
pub(super) struct Document<T> {
    pub(super) metadata: Signed<T>,
    pub(super) bytes: Vec<u8>,
}

/// What is published, as of now.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) root: Document<Root>,
    pub(super) targets: Document<Targets>,
    pub(super) snapshot: Document<Snapshot>,
    pub(super) timestamp: Document<Timestamp>,
}

impl Publisher {
    /// The repository in this directory. What is signed from now on counts for so long.
    pub fn new(directory: PathBuf, lifetimes: Lifetimes) -> Self {
        Self {
            directory,
            lifetimes,
            root_keys: None,
        }
    }

    /// Puts private keys of the root that are made from now on into another directory: a stick, say, so that they
    /// never are where the repository is.
    #[must_use]
    pub fn with_root_keys_in(mut self, directory: PathBuf) -> Self {
        self.root_keys = Some(directory);
        self
    }

    /// For how long what is signed from now on counts.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// Where private keys of the role go.
    pub(super) fn keys_of(&self, role: Role) -> PathBuf {
        match (role, &self.root_keys) {
            (Role::Root, Some(directory)) => directory.clone(),
            _ => self.place("keys"),
        }
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The newest metadata, as the timestamp says.
    pub(super) fn published(&self) -> Result<Published, PublishError> {
        let metadata = self.place("metadata");
        let absent = || PublishError::Absent {
            path: self.directory.clone(),
        };
        let timestamp_file = metadata.join("timestamp.json");
        let timestamp: Document<Timestamp> =
            read(&timestamp_file, Role::Timestamp)?.ok_or_else(absent)?;
        let version = timestamp
            .metadata
            .signed
            .meta
            .get("snapshot.json")
            .map(|meta| meta.version);
        let name = format!("{}.snapshot.json", version.ok_or_else(absent)?);
        let snapshot: Document<Snapshot> =
            read(&metadata.join(name), Role::Snapshot)?.ok_or_else(absent)?;
        let version = snapshot
            .metadata
            .signed
            .meta
            .get("targets.json")
            .map(|meta| meta.version);
        let name = format!("{}.targets.json", version.ok_or_else(absent)?);
        let targets = read(&metadata.join(name), Role::Targets)?.ok_or_else(absent)?;
        let root = self.newest_root()?.ok_or_else(absent)?;
        Ok(Published {
            root,
            targets,
            snapshot,
            timestamp,
        })
    }

    pub(super) fn newest_root(&self) -> Result<Option<Document<Root>>, PublishError> {
        let mut newest = None;
        for version in 1_u64.. {
            let path = self.place("metadata").join(format!("{version}.root.json"));
            match read(&path, Role::Root)? {
                Some(root) => newest = Some(root),
                None => break,
            }
        }
        Ok(newest)
    }

    /// When something that is signed now ends to count.
    pub(super) fn end(&self, role: Role, now: SystemTime) -> Result<SystemTime, PublishError> {
        // Whole seconds, as the format has them.
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(|_| PublishError::Time)?
            .as_secs();
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        now.checked_add(self.lifetimes.of(role))
            .ok_or(PublishError::Time)
    }
}

/// The metadata in a file, if there is one.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    role: Role,
) -> Result<Option<Document<T>>, PublishError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PublishError::io("read", path)(error)),
    };
    match serde_json::from_slice(&bytes) {
        Ok(metadata) => Ok(Some(Document { metadata, bytes })),
        Err(source) => Err(PublishError::Metadata {
            path: path.to_owned(),
            role,
            source,
        }),
    }
}

/// Makes a directory for everybody to read, as web servers do.
pub(super) fn make_public(path: &Path) -> Result<(), PublishError> {
    fs::create_dir_all(path).map_err(PublishError::io("make", path))
}

/// Makes a directory for this user alone.
pub(super) fn make_private(path: &Path) -> Result<(), PublishError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(PublishError::io("make", path))
}

/// Puts a file that everybody may read in its place: all of it or nothing.
pub(super) fn put(path: &Path, contents: &[u8]) -> Result<(), PublishError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(contents)?;
        file.as_file()
            .set_permissions(Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(PublishError::io("write", path))
}

/// Makes a file that only this user may read, and never writes over one.
pub(super) fn put_secret(path: &Path, contents: &[u8]) -> Result<(), PublishError> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(contents)?;
        file.sync_all()
    };
    write().map_err(PublishError::io("write", path))
}
