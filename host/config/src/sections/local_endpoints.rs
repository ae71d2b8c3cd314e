//! Keys of `[service]` that say where local programs reach it.

use std::path::PathBuf;

use crate::section::Section;
use crate::value::Value;
use crate::{Account, Error, LoopbackAddress};

/// Where programs on this machine reach the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalEndpoints {
    /// Credentials against a token; metrics and health too, unless they have an address of their own.
    pub listen: LoopbackAddress,
    /// Metrics and health.
    pub metrics_listen: Option<LoopbackAddress>,
    /// Credentials for users who may have them without a token.
    pub socket: Option<LocalSocket>,
    /// Credentials as the instance metadata service of EC2 gives them, to every local program.
    pub imds_listen: Option<LoopbackAddress>,
}

/// A UNIX socket and who may use it, beside root and the service's own user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalSocket {
    /// The socket's file.
    pub path: PathBuf,
    /// Users who may.
    pub users: Vec<Account>,
    /// Groups whose members may.
    pub groups: Vec<Account>,
}

const LISTEN: LoopbackAddress = LoopbackAddress::v4(9911);

impl LocalEndpoints {
    pub(super) fn read(section: &mut Section<'_>) -> Result<Self, Error> {
        let listen = section.optional("listen", Value::parse)?;
        let endpoints = Self {
            listen: listen.unwrap_or(LISTEN),
            metrics_listen: section.optional("metrics_listen", Value::parse)?,
            socket: LocalSocket::read(section)?,
            imds_listen: section.optional("imds_listen", Value::parse)?,
        };
        endpoints.check(section)?;
        Ok(endpoints)
    }

    /// Nothing listens where something else does.
    fn check(&self, section: &Section<'_>) -> Result<(), Error> {
        let named = [
            ("listen", Some(self.listen)),
            ("metrics_listen", self.metrics_listen),
            ("imds_listen", self.imds_listen),
        ];
        for (at, (key, address)) in named.iter().enumerate() {
            for (other_key, other) in &named[at + 1..] {
                if let (Some(address), Some(other)) = (address, other)
                    && address.collides(*other)
                {
                    return Err(section.error(format!(
                        "{key} and {other_key} are both {address}; each needs a port of its own"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl LocalSocket {
    fn read(section: &mut Section<'_>) -> Result<Option<Self>, Error> {
        let path = section.optional("socket", Value::path)?;
        let users = section.optional("socket_users", Value::parse_list)?;
        let groups = section.optional("socket_groups", Value::parse_list)?;
        match path {
            Some(path) => Ok(Some(Self {
                path,
                users: users.unwrap_or_default(),
                groups: groups.unwrap_or_default(),
            })),
            None if users.is_some() || groups.is_some() => Err(section.missing(
                "socket",
                Some("socket_users and socket_groups say who may use it"),
            )),
            None => Ok(None),
        }
    }
}
