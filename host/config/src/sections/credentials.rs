//! `[credentials]`: where temporary credentials come from.

use crate::section::Section;
use crate::value::Value;
use crate::{Authority, Error, RoleAlias};

/// `[credentials]`: the AWS IoT Core credentials provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialProvider {
    /// The account's endpoint of type `iot:CredentialProvider`.
    pub endpoint: Authority,
    /// The role alias whose role is assumed.
    pub role_alias: RoleAlias,
}

impl CredentialProvider {
    pub(crate) const NAME: &'static str = "credentials";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let provider = Self {
            endpoint: section.required("endpoint", Value::parse)?,
            role_alias: section.required("role_alias", Value::parse)?,
        };
        section.finish()?;
        Ok(provider)
    }
}
