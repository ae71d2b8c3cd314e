//! Keys as people name them: in files, in directories, on tokens.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::SignatureScheme;
use sealift_config::{Environment, KeyPermissions, KeyReference};
use sealift_keystore::{DeviceKey, KeyAlgorithm, TokenSettings, open_key};
use sealift_release::publish::{self, Holder, Signer};

use crate::cli::{ExitStatus, Failure, output};

/// `sealift release public-key`.
#[derive(Debug, clap::Args)]
pub(crate) struct PublicKey {
    /// The private key: a PEM file, or pkcs11:… for one on a token
    #[arg(value_name = "KEY")]
    key: KeyReference,
}

/// A key of another kind than this command takes.
#[derive(Debug, thiserror::Error)]
#[error("{0} is of no use here; name a PEM file, or a key on a token by pkcs11:…")]
struct Elsewhere(KeyReference);

pub(super) fn run(args: &PublicKey) -> Result<(), Failure> {
    let text = one(&args.key)?.public().to_json()?;
    output::line(&text)
}

/// The keys that are named, those of a directory all of them.
pub(super) fn signers(keys: &[KeyReference]) -> Result<Vec<Signer>, Failure> {
    let mut signers = Vec::new();
    for key in keys {
        match key {
            KeyReference::File(path) if path.is_dir() => signers.extend(Signer::read_all(path)?),
            key => signers.push(one(key)?),
        }
    }
    Ok(signers)
}

/// The public part of a key: from a file with it alone, or from the private key.
pub(super) fn public(key: &KeyReference) -> Result<publish::PublicKey, Failure> {
    match key {
        KeyReference::File(path) if !holds_private_key(path) => Ok(publish::PublicKey::read(path)?),
        key => Ok(one(key)?.public()),
    }
}

fn holds_private_key(path: &Path) -> bool {
    Signer::read(path).is_ok()
}

fn one(key: &KeyReference) -> Result<Signer, Failure> {
    match key {
        KeyReference::File(path) => Ok(Signer::read(path)?),
        KeyReference::Pkcs11(_) => on_token(key),
        KeyReference::Tpm(_) => Err(Failure::new(ExitStatus::Usage, Elsewhere(key.clone()))),
    }
}

/// Of the module, the URI tells, else p11-kit knows: publishers have no device's configuration.
fn on_token(key: &KeyReference) -> Result<Signer, Failure> {
    let settings = TokenSettings {
        module: None,
        credentials_directory: Environment::of_process()
            .var("CREDENTIALS_DIRECTORY")
            .map(Into::into),
    };
    let opened = open_key(key, KeyPermissions::Strict, &settings).map_err(Failure::failed)?;
    Ok(Signer::held(key.to_string(), Box::new(OnToken(opened)))?)
}

struct OnToken(Arc<dyn DeviceKey>);

impl Holder for OnToken {
    fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let scheme = match self.0.algorithm() {
            KeyAlgorithm::Rsa { .. } => SignatureScheme::RSA_PSS_SHA256,
            _ => SignatureScheme::ECDSA_NISTP256_SHA256,
        };
        Ok(self.0.sign(scheme, message)?)
    }
}
