//! What is published, good for longer.

use std::time::SystemTime;

use tough::schema::{Root, Timestamp};

use super::draft::{next, unsigned};
use super::error::PublishError;
use super::keys::{KeyId, Signer};
use super::publisher::Publisher;
use crate::Role;

impl Publisher {
    /// Whether there is nothing to sign but, perhaps, a timestamp that nobody has signed yet.
    pub(super) fn is_unchanged(&self) -> Result<bool, PublishError> {
        let others = [Role::Root, Role::Targets, Role::Snapshot];
        if others.iter().any(|role| self.draft_path(*role).exists()) {
            return Ok(false);
        }
        let timestamp = self.draft::<Timestamp>(Role::Timestamp)?;
        Ok(timestamp.is_none_or(|draft| draft.metadata.signatures.is_empty()))
    }

    /// Drafts a new timestamp, and with it whatever has spent half of its time, if these keys suffice for all that
    /// follows from that: whoever signs timestamps shall not be stopped by somebody else's signature.
    pub(super) fn renew(&self, signers: &[Signer], now: SystemTime) -> Result<(), PublishError> {
        let published = self.published()?;
        let root = &published.root.metadata.signed;
        let (targets, snapshot) = (
            &published.targets.metadata.signed,
            &published.snapshot.metadata.signed,
        );
        let online =
            can_sign(root, Role::Snapshot, signers)? && can_sign(root, Role::Timestamp, signers)?;
        let (targets_end, snapshot_end) = (targets.expires.into(), snapshot.expires.into());
        if online
            && self.is_due(Role::Targets, targets_end, now)
            && can_sign(root, Role::Targets, signers)?
        {
            let targets = self.next_targets(now)?;
            self.put_draft(Role::Targets, unsigned(targets))?;
            return self.drop_draft(Role::Timestamp);
        }
        if online && self.is_due(Role::Snapshot, snapshot_end, now) {
            self.draft_snapshot(&published.targets, next(snapshot.version), now)?;
            return self.drop_draft(Role::Timestamp);
        }
        let version = next(published.timestamp.metadata.signed.version);
        self.draft_timestamp(&published.snapshot, version, now)
    }

    fn is_due(&self, role: Role, expires: SystemTime, now: SystemTime) -> bool {
        let left = expires.duration_since(now).unwrap_or_default();
        left < self.lifetimes.of(role) / 2
    }
}

/// Whether these keys alone make the signatures that the role needs.
fn can_sign(root: &Root, role: Role, signers: &[Signer]) -> Result<bool, PublishError> {
    let Some(keys) = root.roles.get(&role.in_tuf()) else {
        return Ok(false);
    };
    let wanted: Vec<_> = keys.keyids.iter().map(KeyId::from).collect();
    let mut here = Vec::new();
    for signer in signers {
        let id = signer.id()?;
        if wanted.contains(&id) && !here.contains(&id) {
            here.push(id);
        }
    }
    Ok(here.len() as u64 >= keys.threshold.get())
}
