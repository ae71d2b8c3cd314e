//! What AWS IoT and IAM know: certificates, things, policies and role aliases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fingerprint::Fingerprint;

/// What AWS IoT and IAM know. Every change takes effect with the next request.
#[derive(Debug, Default)]
pub struct Registry {
    records: Mutex<Records>,
}

/// An IoT role alias together with the IAM role it points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleAlias {
    /// How long its credentials are to last (`credentialDurationSeconds`).
    pub duration: Duration,
    /// The longest session the role allows (`MaxSessionDuration`).
    pub max_session_duration: Duration,
    /// Whether the role exists and trusts `credentials.iot.amazonaws.com`.
    pub assumable: bool,
}

impl Registry {
    /// Makes a certificate known and active, with no thing and no policy.
    pub fn register(&self, certificate: Fingerprint) {
        self.lock().certificates.insert(
            certificate,
            Principal {
                active: true,
                ..Principal::default()
            },
        );
    }

    /// Activates or deactivates a certificate (`update-certificate --new-status`).
    pub fn set_active(&self, certificate: Fingerprint, active: bool) {
        self.change(certificate, |principal| principal.active = active);
    }

    /// Attaches a thing to a certificate (`attach-thing-principal`).
    pub fn attach_thing(&self, certificate: Fingerprint, thing: &str) {
        self.change(certificate, |principal| {
            principal.things.insert(thing.to_owned());
        });
    }

    /// Detaches a thing from a certificate (`detach-thing-principal`).
    pub fn detach_thing(&self, certificate: Fingerprint, thing: &str) {
        self.change(certificate, |principal| {
            principal.things.remove(thing);
        });
    }

    /// Lets a certificate assume a role alias: `attach-policy` with a policy
    /// that allows `iot:AssumeRoleWithCertificate` on it.
    pub fn attach_policy(&self, certificate: Fingerprint, role_alias: &str) {
        self.change(certificate, |principal| {
            principal.role_aliases.insert(role_alias.to_owned());
        });
    }

    /// Takes that right away again (`detach-policy`).
    pub fn detach_policy(&self, certificate: Fingerprint, role_alias: &str) {
        self.change(certificate, |principal| {
            principal.role_aliases.remove(role_alias);
        });
    }

    /// Makes or replaces a role alias (`create-role-alias`, `update-role-alias`).
    pub fn set_role_alias(&self, name: &str, role_alias: RoleAlias) {
        self.lock().role_aliases.insert(name.to_owned(), role_alias);
    }

    /// Removes a role alias (`delete-role-alias`).
    pub fn remove_role_alias(&self, name: &str) {
        self.lock().role_aliases.remove(name);
    }

    /// How long the credentials may last that this certificate asks for, or
    /// why it gets none.
    pub(crate) fn assume(
        &self,
        certificate: Fingerprint,
        thing: Option<&str>,
        role_alias: &str,
    ) -> Result<Duration, Refusal> {
        let records = self.lock();
        let principal = records
            .certificates
            .get(&certificate)
            .filter(|principal| principal.active)
            .ok_or(Refusal::Certificate)?;
        if thing.is_some_and(|name| !principal.things.contains(name)) {
            return Err(Refusal::ThingName);
        }
        let alias = records
            .role_aliases
            .get(role_alias)
            .ok_or(Refusal::NoSuchRoleAlias)?;
        if !principal.role_aliases.contains(role_alias) {
            return Err(Refusal::Policy);
        }
        if !alias.assumable {
            return Err(Refusal::Role);
        }
        if alias.duration > alias.max_session_duration {
            return Err(Refusal::Duration);
        }
        Ok(alias.duration)
    }

    /// Whether the certificate may speak for a thing, or why not.
    pub(crate) fn speaks_for(&self, certificate: Fingerprint, thing: &str) -> Result<(), Refusal> {
        let records = self.lock();
        let principal = records.certificates.get(&certificate);
        let principal = principal.filter(|principal| principal.active);
        let things = &principal.ok_or(Refusal::Certificate)?.things;
        if things.contains(thing) {
            Ok(())
        } else {
            Err(Refusal::ThingName)
        }
    }

    fn change(&self, certificate: Fingerprint, change: impl FnOnce(&mut Principal)) {
        if let Some(principal) = self.lock().certificates.get_mut(&certificate) {
            change(principal);
        }
    }

    /// Every change is one insertion or removal, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a certificate gets no credentials, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Certificate is invalid on this endpoint")]
    Certificate,
    #[error("Invalid thing name passed")]
    ThingName,
    #[error("Role alias does not exist")]
    NoSuchRoleAlias,
    #[error("Access Denied")]
    Policy,
    #[error("Unable to assume the role, or the role to assume does not exist")]
    Role,
    #[error(
        "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the role"
    )]
    Duration,
}

#[derive(Debug, Default)]
struct Records {
    certificates: BTreeMap<Fingerprint, Principal>,
    role_aliases: BTreeMap<String, RoleAlias>,
}

#[derive(Debug, Default)]
struct Principal {
    active: bool,
    things: BTreeSet<String>,
    role_aliases: BTreeSet<String>,
}
