//! `sealift credentials`: the JSON of `credential_process`.

use sealift::sandbox::Credentials;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args::Global;
use super::{Failure, output, setup};

/// The format that AWS's command line and SDKs read from a `credential_process`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialProcess<'a> {
    version: u32,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    expiration: String,
}

pub(super) async fn run(global: &Global) -> Result<(), Failure> {
    let gateway = setup::gateway(global)?;
    let credentials = setup::until_interrupted(gateway.credentials()).await??;
    output::json(&CredentialProcess::new(&credentials)?)
}

impl<'a> CredentialProcess<'a> {
    fn new(credentials: &'a Credentials) -> Result<Self, Failure> {
        let expiration = OffsetDateTime::from(credentials.expiration());
        Ok(Self {
            version: 1,
            access_key_id: credentials.access_key_id(),
            secret_access_key: credentials.secret_access_key(),
            session_token: credentials.session_token(),
            expiration: expiration.format(&Rfc3339).map_err(Failure::failed)?,
        })
    }
}
