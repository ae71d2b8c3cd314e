//! `credentials`: the device's identity becomes temporary credentials.

use sealift_core::credentials::iot;
use sealift_core::{Error, ErrorKind};

use crate::bindings::exports::sealift::gateway::credentials::Guest;
use crate::bindings::types::{self, AwsCredentials, Provider};
use crate::{Component, convert, http};

impl Guest for Component {
    fn fetch(provider: Provider) -> Result<AwsCredentials, types::Error> {
        Ok(fetch(provider)?)
    }
}

fn fetch(provider: Provider) -> Result<AwsCredentials, Error> {
    if provider.name != "iot" {
        let message = format!(
            "credentials provider `{}` is not one of: iot",
            provider.name.escape_debug()
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let provider = iot::Provider::from_settings(convert::settings([provider.settings])?)?;
    let request = http::outgoing(&provider.request())?;
    let response = http::send(request, "the credentials provider")?;
    let credentials = provider.parse(&response)?;
    Ok(AwsCredentials {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: credentials.secret_access_key().to_owned(),
        session_token: credentials.session_token().map(str::to_owned),
        expiration: credentials.expiration().unwrap_or(0),
    })
}
