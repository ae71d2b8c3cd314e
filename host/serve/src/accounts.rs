//! Who may use the UNIX socket.

use std::collections::BTreeSet;

use nix::unistd::{Group, User};
use rustix::process::geteuid;
use sealift_config::Account;
use tokio::net::unix::UCred;

/// The users and groups that may, as numbers.
///
/// Names are looked up once, so that no request waits for a directory service: who joins a group later may
/// after the service was started anew.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    users: BTreeSet<u32>,
    groups: BTreeSet<u32>,
}

/// A name in the configuration is nobody's.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// There is none.
    #[error(
        "there is no {kind} `{account}`, which service.socket_{kind}s names; correct the name or add the {kind}"
    )]
    Unknown {
        /// `user` or `group`.
        kind: &'static str,
        /// Its name.
        account: Account,
    },
    /// It cannot be told.
    #[error("cannot look up the {kind} `{account}`, which service.socket_{kind}s names")]
    Lookup {
        /// `user` or `group`.
        kind: &'static str,
        /// Its name.
        account: Account,
        /// Why.
        source: std::io::Error,
    },
}

impl Allowed {
    /// Looks up all of them. May block.
    pub(crate) fn look_up(users: &[Account], groups: &[Account]) -> Result<Self, AccountsError> {
        let mut allowed = Self {
            // Root can read everything anyway, and this user is the one that has the credentials.
            users: BTreeSet::from([0, geteuid().as_raw()]),
            groups: BTreeSet::new(),
        };
        for account in users {
            let id = match account {
                Account::Id(id) => *id,
                Account::Name(name) => user(account, name)?.uid.as_raw(),
            };
            allowed.users.insert(id);
        }
        for account in groups {
            allowed.add_group(account)?;
        }
        Ok(allowed)
    }

    /// Whether only this user and root may.
    pub(crate) fn is_private(&self) -> bool {
        let own = BTreeSet::from([0, geteuid().as_raw()]);
        self.groups.is_empty() && self.users == own
    }

    /// Whether the process at the other end may.
    pub(crate) fn permits(&self, peer: &UCred) -> bool {
        self.users.contains(&peer.uid()) || self.groups.contains(&peer.gid())
    }

    /// The kernel tells a peer's first group only, so the members of the group are users who may.
    fn add_group(&mut self, account: &Account) -> Result<(), AccountsError> {
        let found = match account {
            Account::Id(id) => Group::from_gid((*id).into()),
            Account::Name(name) => Group::from_name(name),
        };
        let group = match (found.map_err(lookup("group", account))?, account) {
            (Some(group), _) => group,
            // A number without a name is a group without members.
            (None, Account::Id(id)) => {
                self.groups.insert(*id);
                return Ok(());
            }
            (None, Account::Name(_)) => return Err(unknown("group", account)),
        };
        self.groups.insert(group.gid.as_raw());
        for name in &group.mem {
            // A member who is no user any more is nobody who could ask.
            if let Some(user) = User::from_name(name).map_err(lookup("group", account))? {
                self.users.insert(user.uid.as_raw());
            }
        }
        Ok(())
    }
}

fn user(account: &Account, name: &str) -> Result<User, AccountsError> {
    let found = User::from_name(name).map_err(lookup("user", account))?;
    found.ok_or_else(|| unknown("user", account))
}

fn unknown(kind: &'static str, account: &Account) -> AccountsError {
    AccountsError::Unknown {
        kind,
        account: account.clone(),
    }
}

fn lookup(kind: &'static str, account: &Account) -> impl FnOnce(nix::Error) -> AccountsError {
    move |error| AccountsError::Lookup {
        kind,
        account: account.clone(),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_config::Account;

    use super::{AccountsError, Allowed};

    fn name(name: &str) -> Account {
        Account::Name(name.to_owned())
    }

    #[test]
    fn names_become_numbers() {
        let allowed = Allowed::look_up(&[name("daemon"), Account::Id(4242)], &[name("daemon")]);
        let allowed = allowed.unwrap();
        assert!(allowed.users.contains(&1), "{allowed:?}");
        assert!(allowed.users.contains(&4242), "{allowed:?}");
        assert!(allowed.groups.contains(&1), "{allowed:?}");
        assert!(!allowed.is_private());
    }

    #[test]
    fn a_name_that_is_nobodys_is_an_error() {
        for (users, groups, told) in [
            (vec![name("nobody-is-called-this")], vec![], "user"),
            (vec![], vec![name("nobody-is-called-this")], "group"),
        ] {
            let error = Allowed::look_up(&users, &groups).unwrap_err();
            assert!(
                matches!(error, AccountsError::Unknown { kind, .. } if kind == told),
                "{error}"
            );
        }
    }

    #[test]
    fn without_names_only_this_user_and_root_may() {
        let allowed = Allowed::look_up(&[], &[]).unwrap();
        assert!(allowed.is_private());
        assert!(allowed.groups.is_empty());
    }
}
