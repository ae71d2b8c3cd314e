//! Metadata that lacks signatures.

use std::collections::HashMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tough::schema::decoded::Decoded;
use tough::schema::{
    Hashes, Metafile, Role as TufRole, Root, Signed, Snapshot, Targets, Timestamp,
};

use super::error::PublishError;
use super::publisher::{Document, Publisher, SPECIFICATION, make_public, put, read};
use crate::{Digest, Role};

pub(super) fn next(version: NonZeroU64) -> NonZeroU64 {
    version.saturating_add(1)
}

impl Publisher {
    pub(super) fn draft_path(&self, role: Role) -> PathBuf {
        self.place("draft").join(format!("{role}.json"))
    }

    pub(super) fn draft<T: DeserializeOwned>(
        &self,
        role: Role,
    ) -> Result<Option<Document<T>>, PublishError> {
        read(&self.draft_path(role), role)
    }

    pub(super) fn put_draft<T: Serialize>(
        &self,
        role: Role,
        metadata: Signed<T>,
    ) -> Result<Document<T>, PublishError> {
        make_public(&self.place("draft"))?;
        let bytes = serde_json::to_vec_pretty(&metadata);
        let mut bytes = bytes.map_err(|error| PublishError::Tuf(error.into()))?;
        bytes.push(b'\n');
        put(&self.draft_path(role), &bytes)?;
        Ok(Document { metadata, bytes })
    }

    /// What depends on something that has changed has to be drafted anew.
    pub(super) fn drop_draft(&self, role: Role) -> Result<(), PublishError> {
        let path = self.draft_path(role);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PublishError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The root whose keys count for what is signed now: a draft, which has its signatures before anything else is
    /// looked at, else the published one.
    pub(super) fn governing(&self) -> Result<Root, PublishError> {
        let absent = || PublishError::Absent {
            path: self.directory.clone(),
        };
        let root = match self.draft::<Root>(Role::Root)? {
            Some(draft) => draft,
            None => self.newest_root()?.ok_or_else(absent)?,
        };
        Ok(root.metadata.signed)
    }

    pub(super) fn draft_snapshot(
        &self,
        targets: &Document<Targets>,
        version: NonZeroU64,
        now: SystemTime,
    ) -> Result<(), PublishError> {
        let expires = self
            .end(Role::Snapshot, now)?
            .try_into()
            .map_err(|_| PublishError::Time)?;
        let mut snapshot = Snapshot::new(SPECIFICATION.into(), version, expires);
        snapshot
            .meta
            .insert("targets.json".into(), metafile(targets));
        self.put_draft(Role::Snapshot, unsigned(snapshot))?;
        Ok(())
    }

    pub(super) fn draft_timestamp(
        &self,
        snapshot: &Document<Snapshot>,
        version: NonZeroU64,
        now: SystemTime,
    ) -> Result<(), PublishError> {
        let expires = self
            .end(Role::Timestamp, now)?
            .try_into()
            .map_err(|_| PublishError::Time)?;
        let mut timestamp = Timestamp::new(SPECIFICATION.into(), version, expires);
        timestamp
            .meta
            .insert("snapshot.json".into(), metafile(snapshot));
        self.put_draft(Role::Timestamp, unsigned(timestamp))?;
        Ok(())
    }
}

pub(super) fn unsigned<T>(signed: T) -> Signed<T> {
    Signed {
        signed,
        signatures: Vec::new(),
    }
}

/// What another role says of this file: its version, length and hash, so that a device that has it does not ask.
pub(super) fn metafile<T: TufRole>(document: &Document<T>) -> Metafile {
    Metafile {
        length: Some(document.bytes.len() as u64),
        hashes: Some(Hashes {
            sha256: Decoded::from(Digest::of(&document.bytes).as_bytes().to_vec()),
            _extra: HashMap::new(),
        }),
        version: document.metadata.signed.version(),
        _extra: HashMap::new(),
    }
}

/// Whether enough of the old keys and of the new ones have signed it (TUF 5.3.4).
pub(super) fn root_is_signed(published: Option<&Root>, draft: &Signed<Root>) -> bool {
    let by_old = published.is_none_or(|root| root.verify_role(draft).is_ok());
    by_old && draft.signed.verify_role(draft).is_ok()
}
