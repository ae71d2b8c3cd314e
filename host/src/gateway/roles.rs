//! Whose credentials a gateway can fetch, and how far the instances reach that do.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sealift_config::{Config, CredentialProvider, RoleAlias};
use sealift_network::{Grant, Reach};

use super::location;
use crate::sandbox::{Answer, CallError, ErrorKind, Provider};

/// The grant of the request that fetches the credentials that jobs get.
pub(super) const MAIN: Grant = Grant(0);

/// A role, as those who fetch its credentials know it.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// Whom to ask, for what.
    pub(super) provider: Provider,
    /// What an instance that asks may send. The credentials that jobs have it may use as they do; others
    /// could leave with any other request.
    pub(super) reach: Reach,
}

/// A role alias that the configuration does not let anybody use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownRole {
    /// The provider has none.
    #[error("there is no role alias `{0}`: only the provider \"iot\" has role aliases")]
    NoAliases(RoleAlias),
    /// Nobody has it.
    #[error(
        "no client has the role alias `{alias}`; add a section [clients.NAME] with that role_alias to {}",
        config.display()
    )]
    OfNoClient {
        /// The alias.
        alias: RoleAlias,
        /// The configuration's file.
        config: PathBuf,
    },
}

impl Role {
    /// That of `[credentials]`, which jobs have.
    pub(super) fn main(config: &Config) -> Self {
        Self {
            provider: location::provider(config),
            reach: Reach::With(MAIN),
        }
    }

    /// That of an alias, if the configuration has it.
    pub(super) fn of(config: &Config, alias: &RoleAlias) -> Result<Self, UnknownRole> {
        let CredentialProvider::Iot(provider) = &config.credentials else {
            return Err(UnknownRole::NoAliases(alias.clone()));
        };
        if *alias == provider.role_alias {
            return Ok(Self::main(config));
        }
        let (grant, _) = others(config)
            .find(|(_, other)| *other == alias)
            .ok_or_else(|| UnknownRole::OfNoClient {
                alias: alias.clone(),
                config: config.path.clone(),
            })?;
        Ok(Self {
            provider: location::of_alias(provider, alias, config.device.thing_name.as_ref()),
            reach: Reach::Only(grant),
        })
    }
}

/// The role aliases that only clients have, each with the grant of its request.
pub(super) fn others(config: &Config) -> impl Iterator<Item = (Grant, &RoleAlias)> {
    let main = match &config.credentials {
        CredentialProvider::Iot(provider) => Some(&provider.role_alias),
        CredentialProvider::RolesAnywhere(_) => None,
    };
    let of_clients = config.clients.values();
    let aliases: BTreeSet<_> = of_clients
        .filter_map(|client| client.role_alias.as_ref())
        .filter(|alias| Some(*alias) != main)
        .collect();
    (MAIN.0 + 1..).map(Grant).zip(aliases)
}

impl From<UnknownRole> for CallError {
    fn from(unknown: UnknownRole) -> Self {
        Self::refused(Answer::new(ErrorKind::InvalidInput, unknown.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use sealift_config::Environment;

    use super::*;

    fn config(credentials: &str, clients: &str) -> Config {
        let text = format!(
            "[device]\nthing_name = \"t\"\ncertificate = \"c\"\nkey = \"k\"\n{credentials}\n{clients}"
        );
        Config::parse(&text, Path::new("t"), &Environment::default()).unwrap()
    }

    fn with_clients() -> Config {
        config(
            "[credentials]\nrole_alias = \"uploads\"\n\
             endpoint = \"x.credentials.iot.eu-west-1.amazonaws.com\"",
            "[clients.a]\nrole_alias = \"logs\"\n[clients.b]\nrole_alias = \"logs\"\n\
             [clients.c]\nrole_alias = \"uploads\"\n[clients.d]\n[clients.e]\nrole_alias = \"admin\"",
        )
    }

    #[test]
    fn each_other_alias_has_one_grant_and_none_has_that_of_jobs() {
        let config = with_clients();
        let others: Vec<_> = others(&config)
            .map(|(grant, alias)| (grant.0, alias.as_str()))
            .collect();
        assert_eq!(others, [(1, "admin"), (2, "logs")]);
    }

    #[test]
    fn an_instance_for_another_alias_reaches_its_request_and_nothing_else() {
        let config = with_clients();
        let reach = |alias: &str| Role::of(&config, &alias.parse().unwrap()).map(|role| role.reach);
        assert_eq!(reach("admin").unwrap(), Reach::Only(Grant(1)));
        assert_eq!(reach("logs").unwrap(), Reach::Only(Grant(2)));
        assert_eq!(reach("uploads").unwrap(), Reach::With(MAIN));
        let told = reach("root").unwrap_err().to_string();
        assert!(
            told.contains("`root`; add a section [clients.NAME]"),
            "{told}"
        );
    }
}
