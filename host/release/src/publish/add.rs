//! A component for devices to take.

use std::collections::HashMap;
use std::time::SystemTime;

use tough::TargetName;
use tough::schema::decoded::Decoded;
use tough::schema::{Hashes, Target, Targets};

use super::draft::{next, unsigned};
use super::error::PublishError;
use super::publisher::{Publisher, put};
use crate::{Digest, LARGEST_COMPONENT, Manifest, Release, Role, TargetFile};

impl Publisher {
    /// Drafts a list of targets with the component in it. The same bytes under the same version may be added again, with
    /// a larger rollout for instance.
    ///
    /// Whether it is a component of its world is the caller's to know.
    pub fn add(
        &self,
        file: &TargetFile,
        component: &[u8],
        manifest: &Manifest,
        now: SystemTime,
    ) -> Result<Release, PublishError> {
        let release = Release {
            file: file.clone(),
            digest: Digest::of(component),
            length: component.len() as u64,
            manifest: manifest.clone(),
        };
        if release.length > LARGEST_COMPONENT {
            let (length, limit) = (release.length, LARGEST_COMPONENT);
            return Err(PublishError::TooLarge { length, limit });
        }
        let mut targets = self.next_targets(now)?;
        free(&targets, &release)?;
        let path = self
            .place("targets")
            .join(format!("{}.{file}", release.digest));
        put(&path, component)?;
        let name =
            TargetName::new(file.as_str()).map_err(|error| PublishError::Tuf(error.into()))?;
        targets.targets.insert(name, target(&release)?);
        self.put_draft(Role::Targets, unsigned(targets))?;
        self.drop_draft(Role::Snapshot)?;
        self.drop_draft(Role::Timestamp)?;
        Ok(release)
    }

    /// The list that comes after the published one, with what has been drafted for it.
    pub(super) fn next_targets(&self, now: SystemTime) -> Result<Targets, PublishError> {
        let published = self.published()?.targets.metadata.signed;
        let version = next(published.version);
        let mut targets = match self.draft::<Targets>(Role::Targets)? {
            Some(draft) => draft.metadata.signed,
            None => published,
        };
        targets.version = version;
        targets.expires = self
            .end(Role::Targets, now)?
            .try_into()
            .map_err(|_| PublishError::Time)?;
        Ok(targets)
    }
}

fn target(release: &Release) -> Result<Target, PublishError> {
    Ok(Target {
        length: release.length,
        hashes: Hashes {
            sha256: Decoded::from(release.digest.as_bytes().to_vec()),
            _extra: HashMap::new(),
        },
        custom: HashMap::from([("sealift".to_owned(), release.manifest.to_json()?)]),
        _extra: HashMap::new(),
    })
}

/// A version means the same bytes for ever, or devices would run different things under one name. It has one name, too, so
/// that nobody who changes what is said of it leaves the other one as it was.
fn free(targets: &Targets, release: &Release) -> Result<(), PublishError> {
    for (name, target) in &targets.targets {
        let Some(custom) = target.custom.get("sealift") else {
            continue;
        };
        let published = Manifest::from_json(custom)?;
        let (same_name, same_version) = (
            name.raw() == release.file.as_str(),
            published.version == *release.version(),
        );
        let same = target.hashes.sha256.as_ref() == release.digest.as_bytes().as_slice();
        if same_version && !same {
            let digest = <[u8; 32]>::try_from(target.hashes.sha256.as_ref()).unwrap_or_default();
            return Err(PublishError::VersionTaken {
                version: published.version,
                digest: Digest::from_bytes(digest),
            });
        }
        if same_version && !same_name {
            return Err(PublishError::Named {
                version: published.version,
                name: name.raw().to_owned(),
            });
        }
        if same_name && !same_version {
            return Err(PublishError::NameTaken {
                name: release.file.clone(),
                version: published.version,
            });
        }
    }
    Ok(())
}
