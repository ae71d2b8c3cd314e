//! `[clients.NAME]`: local programs with credentials of their own.

use std::collections::BTreeMap;

use super::CredentialProvider;
use crate::section::Section;
use crate::value::Value;
use crate::{ClientName, Error, RoleAlias};

/// `[clients.NAME]`: a local program, or several, with a token of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// Whose role they get. None: that of `[credentials]`.
    pub role_alias: Option<RoleAlias>,
}

/// More would be a mistake; each may have credentials of its own to be kept fresh.
const MOST: usize = 32;

impl Client {
    pub(crate) const NAME: &'static str = "clients";

    /// All clients: those of the file, and the one that always exists.
    pub(crate) fn read_all(
        section: Section<'_>,
        provider: &CredentialProvider,
    ) -> Result<BTreeMap<ClientName, Self>, Error> {
        let mut clients = BTreeMap::from([(ClientName::default_client(), Self::default())]);
        for (name, section) in section.tables()? {
            let name = name.parse_if(|name: ClientName| {
                if name.as_str() == ClientName::DEFAULT {
                    return Err(
                        "this client always exists; its role is that of [credentials]".into(),
                    );
                }
                Ok(name)
            })?;
            if clients.len() > MOST {
                return Err(section.error(format!("there may be at most {MOST} clients")));
            }
            clients.insert(name, Self::read(section, provider)?);
        }
        Ok(clients)
    }

    fn read(mut section: Section<'_>, provider: &CredentialProvider) -> Result<Self, Error> {
        let role_alias = section.optional("role_alias", |value: Value<'_>| {
            value.parse_if(|alias: RoleAlias| match provider {
                CredentialProvider::Iot(_) => Ok(alias),
                CredentialProvider::RolesAnywhere(_) => {
                    Err("only the provider \"iot\" has role aliases; leave it out".to_owned())
                }
            })
        })?;
        section.finish()?;
        Ok(Self { role_alias })
    }
}
