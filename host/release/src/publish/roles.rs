//! Who signs what, and for how long it counts.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use tough::schema::RoleType;

use super::error::PublishError;
use crate::Role;

/// Nobody has more keys for one role.
pub(super) const MOST_KEYS: u32 = 32;

/// So many keys, of which so many have to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleKeys {
    /// How many keys are made.
    pub keys: NonZeroU32,
    /// How many of them have to sign.
    pub threshold: NonZeroU32,
}

/// The keys of all roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Those that say whose keys count: offline, and one of them may be lost.
    pub root: RoleKeys,
    /// Those that say what may run.
    pub targets: RoleKeys,
    /// Those that say what belongs together.
    pub snapshot: RoleKeys,
    /// Those that say that it is still so: online.
    pub timestamp: RoleKeys,
}

/// For how long a signature counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of the root.
    pub root: Duration,
    /// Of the list of targets.
    pub targets: Duration,
    /// Of the snapshot.
    pub snapshot: Duration,
    /// Of the timestamp: for so long somebody can hide a newer release from a device.
    pub timestamp: Duration,
}

impl RoleKeys {
    pub(super) fn check(self, role: Role) -> Result<(), PublishError> {
        let (threshold, keys) = (self.threshold.get(), self.keys.get());
        if keys > MOST_KEYS {
            let most = MOST_KEYS;
            return Err(PublishError::ManyKeys { role, keys, most });
        }
        if threshold > keys {
            return Err(PublishError::Threshold {
                role,
                threshold,
                keys,
            });
        }
        Ok(())
    }

    const fn of(keys: u32, threshold: u32) -> Self {
        const fn at_least_one(number: u32) -> NonZeroU32 {
            match NonZeroU32::new(number) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            }
        }
        Self {
            keys: at_least_one(keys),
            threshold: at_least_one(threshold),
        }
    }
}

impl Roles {
    pub(super) fn of(&self, role: Role) -> RoleKeys {
        match role {
            Role::Root => self.root,
            Role::Targets => self.targets,
            Role::Snapshot => self.snapshot,
            Role::Timestamp => self.timestamp,
        }
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            root: RoleKeys::of(3, 2),
            targets: RoleKeys::of(1, 1),
            snapshot: RoleKeys::of(1, 1),
            timestamp: RoleKeys::of(1, 1),
        }
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            root: DAY * 365,
            targets: DAY * 365,
            snapshot: DAY * 90,
            timestamp: DAY * 14,
        }
    }
}

impl Lifetimes {
    pub(super) fn of(&self, role: Role) -> Duration {
        match role {
            Role::Root => self.root,
            Role::Targets => self.targets,
            Role::Snapshot => self.snapshot,
            Role::Timestamp => self.timestamp,
        }
    }
}

impl Role {
    /// All of them, each after those that say whose keys count for it and what it is about.
    pub const ALL: [Self; 4] = [Self::Root, Self::Targets, Self::Snapshot, Self::Timestamp];

    pub(super) fn in_tuf(self) -> RoleType {
        match self {
            Self::Root => RoleType::Root,
            Self::Targets => RoleType::Targets,
            Self::Snapshot => RoleType::Snapshot,
            Self::Timestamp => RoleType::Timestamp,
        }
    }
}

/// Not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is root, targets, snapshot or timestamp")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let named = |role: &Self| role.to_string() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownRole)
    }
}
