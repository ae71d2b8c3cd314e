//! `credentials`: the device's identity becomes temporary credentials.

use sealift_core::credentials::roles_anywhere::KeyAlgorithm;
use sealift_core::credentials::{Credentials, iot, roles_anywhere};
use sealift_core::{Error, ErrorKind, Settings};
use sealift_wasi::{clock, http};

use crate::bindings::exports::sealift::gateway::credentials::Guest;
use crate::bindings::keystore::{self, Purpose};
use crate::bindings::types::{self, AwsCredentials, Provider};
use crate::{Component, convert};

/// The providers that [`fetch`] knows.
pub(crate) const PROVIDERS: [&str; 2] = ["iot", "roles-anywhere"];

impl Guest for Component {
    fn fetch(provider: Provider) -> Result<AwsCredentials, types::Error> {
        let credentials = fetch(provider)?;
        Ok(AwsCredentials {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            expiration: credentials.expiration().unwrap_or(0),
        })
    }
}

fn fetch(provider: Provider) -> Result<Credentials, Error> {
    let settings = convert::settings([provider.settings])?;
    match provider.name.as_str() {
        "iot" => from_iot(settings),
        "roles-anywhere" => from_roles_anywhere(settings),
        other => {
            let message = format!(
                "credentials provider `{}` is not one of: {}",
                other.escape_debug(),
                PROVIDERS.join(", ")
            );
            Err(Error::new(ErrorKind::Unsupported, message))
        }
    }
}

fn from_iot(settings: Settings) -> Result<Credentials, Error> {
    let provider = iot::Provider::from_settings(settings)?;
    let request = http::outgoing(&provider.request())?;
    let response = http::send(request, "the credentials provider")?;
    provider.parse(&response)
}

fn from_roles_anywhere(settings: Settings) -> Result<Credentials, Error> {
    let provider = roles_anywhere::Provider::from_settings(settings)?;
    match session(&provider) {
        // The answer set the host's clock right, so that the next signature has the service's date.
        Err(error) if error.kind == ErrorKind::ClockSkew => session(&provider),
        outcome => outcome,
    }
}

fn session(provider: &roles_anywhere::Provider) -> Result<Credentials, Error> {
    let now = clock::now().wall;
    let device = keystore::identity()?;
    let algorithm = algorithm(device.algorithm)?;
    let unsigned = provider.prepare(algorithm, device.certificate_chain, now)?;
    let message = unsigned.message();
    let signature = keystore::sign(Purpose::RolesAnywhere, message.as_bytes())?;
    let (request, body) = unsigned.sign(&signature)?;
    let to = "IAM Roles Anywhere";
    let pending = http::begin_with(http::outgoing(&request)?, body.as_bytes(), None, to)?;
    pending.subscribe().block();
    provider.parse(&http::answer(&pending, to)?, now)
}

fn algorithm(algorithm: keystore::KeyAlgorithm) -> Result<KeyAlgorithm, Error> {
    match algorithm {
        keystore::KeyAlgorithm::Rsa => Ok(KeyAlgorithm::Rsa),
        keystore::KeyAlgorithm::EcdsaP256
        | keystore::KeyAlgorithm::EcdsaP384
        | keystore::KeyAlgorithm::EcdsaP521 => Ok(KeyAlgorithm::Ecdsa),
        keystore::KeyAlgorithm::Ed25519 => Err(Error::new(
            ErrorKind::Unsupported,
            "IAM Roles Anywhere takes no signatures of Ed25519 keys",
        )
        .with_cure("use a certificate with an RSA or P-256 key")),
    }
}
