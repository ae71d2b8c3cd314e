//! The beginning of a repository.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use tough::schema::{RoleKeys as TufRoleKeys, Root, Targets};
use tough::sign::Sign;

use super::draft::unsigned;
use super::error::PublishError;
use super::keys::{KeyId, MadeKey, PublicKey, Signer};
use super::publisher::{Publisher, SPECIFICATION, make_private, make_public, put_secret};
use super::roles::Roles;
use crate::Role;

impl Publisher {
    /// Makes keys for all roles, signs an empty repository with them, and publishes it. Nothing is written where there
    /// is one already.
    pub async fn init(&self, roles: &Roles, now: SystemTime) -> Result<Vec<MadeKey>, PublishError> {
        let path = self.place("metadata");
        if path.exists() {
            return Err(PublishError::Exists {
                path: self.directory.clone(),
            });
        }
        // Before any key is made: what is refused leaves nothing behind.
        Role::ALL
            .iter()
            .try_for_each(|role| roles.of(*role).check(*role))?;
        let mut root = Root {
            spec_version: SPECIFICATION.into(),
            consistent_snapshot: true,
            version: NonZeroU64::MIN,
            expires: self
                .end(Role::Root, now)?
                .try_into()
                .map_err(|_| PublishError::Time)?,
            keys: HashMap::new(),
            roles: HashMap::new(),
            _extra: HashMap::new(),
        };
        let mut made = Vec::new();
        for role in Role::ALL {
            made.extend(self.role_keys(&mut root, role, roles)?);
        }
        for directory in ["metadata", "targets"] {
            make_public(&self.place(directory))?;
        }
        self.put_draft(Role::Root, unsigned(root))?;
        let expires = self
            .end(Role::Targets, now)?
            .try_into()
            .map_err(|_| PublishError::Time)?;
        let mut targets = Targets::new(SPECIFICATION.into(), NonZeroU64::MIN, expires);
        targets.delegations = None;
        self.put_draft(Role::Targets, unsigned(targets))?;
        self.keep_lifetimes()?;
        let signers = made.iter().map(|key| Signer::read(&key.file));
        let signers: Vec<_> = signers.collect::<Result<_, _>>()?;
        self.sign(&signers, now).await?;
        Ok(made)
    }

    fn role_keys(
        &self,
        root: &mut Root,
        role: Role,
        roles: &Roles,
    ) -> Result<Vec<MadeKey>, PublishError> {
        let wanted = roles.of(role);
        let mut made = Vec::new();
        for _ in 0..wanted.keys.get() {
            made.push(self.make_key(role)?);
        }
        let mut keyids = Vec::new();
        for key in &made {
            let id = key.public.0.key_id()?;
            root.keys.insert(id.clone(), key.public.0.clone());
            keyids.push(id);
        }
        let keys = TufRoleKeys {
            keyids,
            threshold: NonZeroU64::from(wanted.threshold),
            _extra: HashMap::new(),
        };
        root.roles.insert(role.in_tuf(), keys);
        Ok(made)
    }

    /// Makes an Ed25519 key for a role.
    pub(super) fn make_key(&self, role: Role) -> Result<MadeKey, PublishError> {
        let directory = self.keys_of(role);
        make_private(&directory)?;
        let failed = |_| PublishError::Tuf("the system gives no random bytes".into());
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref())
            .map_err(|_| PublishError::Tuf("the key that was made cannot be used".into()))?;
        let key = pair.tuf_key();
        let id = KeyId::of(&key)?;
        let short = id.0.get(..8).unwrap_or(&id.0);
        let file = directory.join(format!("{role}-{short}.pem"));
        let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", pkcs8.as_ref()));
        put_secret(&file, zeroize::Zeroizing::new(pem).as_bytes())?;
        let public = PublicKey(key);
        Ok(MadeKey {
            role,
            public,
            id,
            file,
        })
    }
}
