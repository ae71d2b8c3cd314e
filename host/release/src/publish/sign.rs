//! Signatures, and what they complete.

use std::fs;
use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tough::schema::{
    Role as TufRole, Root, Signature, Signed as TufSigned, Snapshot, Targets, Timestamp,
};

use super::draft::{metafile, next, root_is_signed};
use super::error::PublishError;
use super::keys::{KeyId, Signer};
use super::publisher::{Publisher, put};
use crate::Role;

/// What came of signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Which role was signed by which key, now.
    pub signed: Vec<(Role, KeyId)>,
    /// What lacks signatures. If nothing does, all has been published.
    pub lacking: Vec<Lacking>,
}

/// A draft that lacks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Of which role.
    pub role: Role,
    /// How many signatures there are by keys that count.
    pub has: u64,
    /// How many there have to be.
    pub threshold: u64,
    /// Whose keys count.
    pub keys: Vec<KeyId>,
}

impl Publisher {
    /// Signs the drafts with those of the keys that count for them, and publishes when none lacks a signature. Without
    /// drafts, a new timestamp is signed: what is published counts for longer. So does what has spent half of its time, if the
    /// keys for that are there.
    pub async fn sign(&self, signers: &[Signer], now: SystemTime) -> Result<Signed, PublishError> {
        if self.is_unchanged()? {
            self.renew(signers, now)?;
        }
        let mut signed = Vec::new();
        let root = self.sign_root(signers, &mut signed).await?;
        if let Some(lacking) = root {
            return told(signers, signed, lacking);
        }
        let governing = self.governing()?;
        let lacking = self
            .sign_role::<Targets>(Role::Targets, &governing, signers, &mut signed)
            .await?;
        if let Some(lacking) = lacking {
            return told(signers, signed, lacking);
        }
        self.follow_targets(now)?;
        let lacking = self
            .sign_role::<Snapshot>(Role::Snapshot, &governing, signers, &mut signed)
            .await?;
        if let Some(lacking) = lacking {
            return told(signers, signed, lacking);
        }
        self.follow_snapshot(now)?;
        let lacking = self
            .sign_role::<Timestamp>(Role::Timestamp, &governing, signers, &mut signed)
            .await?;
        if let Some(lacking) = lacking {
            return told(signers, signed, lacking);
        }
        self.publish()?;
        Ok(Signed {
            signed,
            lacking: Vec::new(),
        })
    }

    /// The root needs those of the old keys as well.
    async fn sign_root(
        &self,
        signers: &[Signer],
        signed: &mut Vec<(Role, KeyId)>,
    ) -> Result<Option<Lacking>, PublishError> {
        let Some(draft) = self.draft::<Root>(Role::Root)? else {
            return Ok(None);
        };
        let old = self.newest_root()?.map(|old| old.metadata.signed);
        let new = draft.metadata.signed.clone();
        let mut draft = draft.metadata;
        let before = draft.signatures.len();
        for root in old.iter().chain([&new]) {
            add_signatures(&mut draft, root, Role::Root, signers, signed).await?;
        }
        let complete = root_is_signed(old.as_ref(), &draft);
        let mut roots = old.iter().chain([&new]);
        let lacking = roots.find_map(|root| lacking(&draft, root, Role::Root));
        if draft.signatures.len() > before {
            self.put_draft(Role::Root, draft)?;
        }
        Ok(if complete { None } else { lacking })
    }

    /// A draft that has its signatures stays as it is, to the byte: others name its hash.
    async fn sign_role<T: TufRole + DeserializeOwned>(
        &self,
        role: Role,
        root: &Root,
        signers: &[Signer],
        signed: &mut Vec<(Role, KeyId)>,
    ) -> Result<Option<Lacking>, PublishError> {
        let Some(draft) = self.draft::<T>(role)? else {
            return Ok(None);
        };
        let mut draft = draft.metadata;
        if lacking(&draft, root, role).is_none() {
            return Ok(None);
        }
        let before = draft.signatures.len();
        add_signatures(&mut draft, root, role, signers, signed).await?;
        let lacking = lacking(&draft, root, role);
        if draft.signatures.len() > before {
            self.put_draft(role, draft)?;
        }
        Ok(lacking)
    }

    /// A complete list of targets needs a snapshot that names it.
    fn follow_targets(&self, now: SystemTime) -> Result<(), PublishError> {
        let Some(targets) = self.draft::<Targets>(Role::Targets)? else {
            return Ok(());
        };
        let named = Some(metafile(&targets));
        let draft = self.draft::<Snapshot>(Role::Snapshot)?;
        if draft
            .is_some_and(|draft| draft.metadata.signed.meta.get("targets.json") == named.as_ref())
        {
            return Ok(());
        }
        let version = self
            .published()
            .ok()
            .map(|published| next(published.snapshot.metadata.signed.version));
        self.draft_snapshot(&targets, version.unwrap_or(std::num::NonZeroU64::MIN), now)?;
        Ok(())
    }

    /// A complete snapshot needs a timestamp that names it.
    fn follow_snapshot(&self, now: SystemTime) -> Result<(), PublishError> {
        let Some(snapshot) = self.draft::<Snapshot>(Role::Snapshot)? else {
            return Ok(());
        };
        let named = Some(metafile(&snapshot));
        let draft = self.draft::<Timestamp>(Role::Timestamp)?;
        if draft
            .is_some_and(|draft| draft.metadata.signed.meta.get("snapshot.json") == named.as_ref())
        {
            return Ok(());
        }
        let version = self
            .published()
            .ok()
            .map(|published| next(published.timestamp.metadata.signed.version));
        self.draft_timestamp(&snapshot, version.unwrap_or(std::num::NonZeroU64::MIN), now)?;
        Ok(())
    }

    /// Puts the drafts where devices see them. The timestamp comes last: what it names is there then. A publication that
    /// was cut off is done again by the next signing, for drafts go only after it.
    fn publish(&self) -> Result<(), PublishError> {
        self.put_published::<Root>(Role::Root)?;
        self.put_published::<Targets>(Role::Targets)?;
        self.put_published::<Snapshot>(Role::Snapshot)?;
        self.put_published::<Timestamp>(Role::Timestamp)?;
        for role in Role::ALL {
            self.drop_draft(role)?;
        }
        let path = self.place("draft");
        fs::remove_dir(&path).map_err(PublishError::io("remove", &path))
    }

    fn put_published<T: TufRole + DeserializeOwned>(&self, role: Role) -> Result<(), PublishError> {
        let Some(draft) = self.draft::<T>(role)? else {
            return Ok(());
        };
        let path = self
            .place("metadata")
            .join(draft.metadata.signed.filename(true));
        put(&path, &draft.bytes)
    }
}

/// What came of it while something is lacking still.
fn told(
    signers: &[Signer],
    signed: Vec<(Role, KeyId)>,
    lacking: Lacking,
) -> Result<Signed, PublishError> {
    // Keys that were of no use at all are a mistake; of several that are tried, some may be of other roles.
    if let ([signer], true) = (signers, signed.is_empty()) {
        return Err(PublishError::Stranger {
            id: signer.id()?,
            name: signer.name().to_owned(),
            wanted: format!("{} ({})", lacking.role, shown(&lacking.keys)),
        });
    }
    Ok(Signed {
        signed,
        lacking: vec![lacking],
    })
}

/// Signs with those keys that the root lists for the role and that have not signed yet.
async fn add_signatures<T: TufRole>(
    draft: &mut TufSigned<T>,
    root: &Root,
    role: Role,
    signers: &[Signer],
    signed: &mut Vec<(Role, KeyId)>,
) -> Result<(), PublishError> {
    let Some(keys) = root.roles.get(&role.in_tuf()) else {
        return Ok(());
    };
    let message = draft.signed.canonical_form()?;
    for signer in signers {
        let id = signer.sign().tuf_key().key_id()?;
        let has_signed = draft
            .signatures
            .iter()
            .any(|signature| signature.keyid == id);
        if has_signed || !keys.keyids.contains(&id) {
            continue;
        }
        let sig = signer.sign().sign(&message, &SystemRandom::new()).await;
        let sig = sig.map_err(PublishError::Tuf)?.into();
        signed.push((role, KeyId::from(&id)));
        draft.signatures.push(Signature { keyid: id, sig });
    }
    Ok(())
}

fn lacking<T: TufRole + Serialize>(
    draft: &TufSigned<T>,
    root: &Root,
    role: Role,
) -> Option<Lacking> {
    if root.verify_role(draft).is_ok() {
        return None;
    }
    let keys = root.roles.get(&role.in_tuf())?;
    let counts = |signature: &&Signature| keys.keyids.contains(&signature.keyid);
    Some(Lacking {
        role,
        has: draft.signatures.iter().filter(counts).count() as u64,
        threshold: keys.threshold.get(),
        keys: keys.keyids.iter().map(KeyId::from).collect(),
    })
}

fn shown(keys: &[KeyId]) -> String {
    keys.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
