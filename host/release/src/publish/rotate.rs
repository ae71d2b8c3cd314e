//! Other keys for a role.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::SystemTime;

use super::draft::{next, unsigned};
use super::error::PublishError;
use super::keys::{KeyId, MadeKey, PublicKey};
use super::publisher::Publisher;
use super::roles::RoleKeys;
use crate::Role;

/// How the keys of a role change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whose.
    pub role: Role,
    /// Keys that count no more.
    pub remove: Vec<KeyId>,
    /// How many new ones are made, here.
    pub add: u32,
    /// Keys that others have, in files or tokens of their own.
    pub adopt: Vec<PublicKey>,
    /// How many have to sign from then on, if not as many as before.
    pub threshold: Option<NonZeroU32>,
}

impl Publisher {
    /// Drafts a root with other keys for a role, and anew what that role has signed, so that nothing is left that only the
    /// old keys vouch for. Without changes the root is only good for longer.
    pub fn rotate(
        &self,
        rotation: &Rotation,
        now: SystemTime,
    ) -> Result<Vec<MadeKey>, PublishError> {
        if self.draft_path(Role::Root).exists() {
            return Err(PublishError::RootDrafted);
        }
        let published = self.published()?;
        let mut root = published.root.metadata.signed;
        let role = rotation.role;
        let absent = || PublishError::Absent {
            path: self.directory.clone(),
        };
        let keys = root.roles.get_mut(&role.in_tuf()).ok_or_else(absent)?;
        for id in &rotation.remove {
            let before = keys.keyids.len();
            keys.keyids.retain(|key| !KeyId::from(key).begins_with(id));
            if keys.keyids.len() + 1 != before {
                let id = id.clone();
                return Err(PublishError::NoSuchKey { role, id });
            }
        }
        let mut then: Vec<_> = keys.keyids.iter().map(KeyId::from).collect();
        for key in &rotation.adopt {
            let id = key.id()?;
            if !then.contains(&id) {
                then.push(id);
            }
        }
        let then = u32::try_from(then.len()).unwrap_or(u32::MAX);
        let threshold = rotation.threshold.map_or(keys.threshold, NonZeroU64::from);
        enough(role, threshold, then.saturating_add(rotation.add))?;
        keys.threshold = threshold;
        let mut made = Vec::new();
        for _ in 0..rotation.add {
            made.push(self.make_key(role)?);
        }
        for PublicKey(key) in made.iter().map(|made| &made.public).chain(&rotation.adopt) {
            let id = key.key_id()?;
            if !keys.keyids.contains(&id) {
                keys.keyids.push(id.clone());
            }
            root.keys.insert(id, key.clone());
        }
        let counts = |id: &_| root.roles.values().any(|keys| keys.keyids.contains(id));
        let strangers: Vec<_> = root.keys.keys().filter(|id| !counts(id)).cloned().collect();
        for id in strangers {
            root.keys.remove(&id);
        }
        root.version = next(root.version);
        root.expires = self
            .end(Role::Root, now)?
            .try_into()
            .map_err(|_| PublishError::Time)?;
        self.put_draft(Role::Root, unsigned(root))?;
        match role {
            Role::Root => {}
            Role::Targets => {
                let targets = self.next_targets(now)?;
                self.put_draft(Role::Targets, unsigned(targets))?;
                self.drop_draft(Role::Snapshot)?;
                self.drop_draft(Role::Timestamp)?;
            }
            Role::Snapshot => {
                let version = next(published.snapshot.metadata.signed.version);
                self.draft_snapshot(&published.targets, version, now)?;
                self.drop_draft(Role::Timestamp)?;
            }
            Role::Timestamp => {
                let version = next(published.timestamp.metadata.signed.version);
                self.draft_timestamp(&published.snapshot, version, now)?;
            }
        }
        Ok(made)
    }
}

fn enough(role: Role, threshold: NonZeroU64, keys: u32) -> Result<(), PublishError> {
    let threshold = u32::try_from(threshold.get()).unwrap_or(u32::MAX);
    let absent = PublishError::Threshold {
        role,
        threshold,
        keys,
    };
    let (Some(threshold), Some(keys)) = (NonZeroU32::new(threshold), NonZeroU32::new(keys)) else {
        return Err(absent);
    };
    RoleKeys { keys, threshold }.check(role)
}
