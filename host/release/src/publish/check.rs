//! Whether devices will take what is published.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::PublishError;
use super::keys::KeyId;
use super::publisher::Publisher;
use crate::{
    Digest, Directory, DirectorySource, Reading, Release, Repository, Role, Strange, TrustSettings,
};

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The components.
    pub releases: Vec<Release>,
    /// Components that a host of this version does not understand.
    pub strange: Vec<Strange>,
    /// Until when it counts.
    pub expiries: Vec<Expiry>,
    /// Roles whose drafts are not published yet.
    pub drafts: Vec<Role>,
}

/// Until when a role's metadata count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Which role.
    pub role: Role,
    /// The version of its metadata.
    pub version: u64,
    /// Until then.
    pub expires: SystemTime,
}

/// The keys of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Which role.
    pub role: Role,
    /// How many of them have to sign.
    pub threshold: u64,
    /// Those that count.
    pub ids: Vec<KeyId>,
}

impl Publisher {
    /// Whose keys count, by the published root.
    pub fn keys(&self) -> Result<Vec<Keys>, PublishError> {
        let root = self.published()?.root.metadata.signed;
        let of = |role: Role| {
            let keys = root.roles.get(&role.in_tuf())?;
            Some(Keys {
                role,
                threshold: keys.threshold.get(),
                ids: keys.keyids.iter().map(KeyId::from).collect(),
            })
        };
        Ok(Role::ALL.into_iter().filter_map(of).collect())
    }

    /// Reads the repository as a device does that knows nothing but its first root, and compares every component with
    /// its digest.
    pub async fn check(&self, now: SystemTime) -> Result<Report, PublishError> {
        let root = self.place("metadata").join("1.root.json");
        let root = fs::read_to_string(&root).map_err(PublishError::io("read", &root))?;
        let device =
            tempfile::tempdir().map_err(PublishError::io("make", &std::env::temp_dir()))?;
        let source = Arc::new(DirectorySource::new(self.directory.clone()));
        let settings = TrustSettings {
            root,
            built: SystemTime::UNIX_EPOCH,
            patience: Duration::from_mins(5),
            slowest: 1,
        };
        let files = Directory::new(device.path().to_owned());
        let repository = Repository::new(files, source, settings);
        let time = now;
        let checked = repository
            .check(Reading {
                time,
                authenticated: false,
            })
            .await?;
        for release in &checked.releases {
            let path = self
                .place("targets")
                .join(format!("{}.{}", release.digest, release.file));
            let component = fs::read(&path).map_err(PublishError::io("read", &path))?;
            if Digest::of(&component) != release.digest {
                return Err(PublishError::Target { path });
            }
        }
        Ok(Report {
            releases: checked.releases,
            strange: checked.strange,
            expiries: self.expiries()?,
            drafts: Role::ALL
                .into_iter()
                .filter(|role| self.draft_path(*role).exists())
                .collect(),
        })
    }

    /// Until when what is published counts, whether it does still or not.
    pub fn expiries(&self) -> Result<Vec<Expiry>, PublishError> {
        let published = self.published()?;
        let expiry = |role, version: std::num::NonZeroU64, expires| Expiry {
            role,
            version: version.get(),
            expires,
        };
        let (root, targets) = (
            published.root.metadata.signed,
            published.targets.metadata.signed,
        );
        let (snapshot, timestamp) = (
            published.snapshot.metadata.signed,
            published.timestamp.metadata.signed,
        );
        Ok(vec![
            expiry(Role::Root, root.version, root.expires.into()),
            expiry(Role::Targets, targets.version, targets.expires.into()),
            expiry(Role::Snapshot, snapshot.version, snapshot.expires.into()),
            expiry(Role::Timestamp, timestamp.version, timestamp.expires.into()),
        ])
    }
}
