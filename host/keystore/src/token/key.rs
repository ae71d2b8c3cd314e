//! A private key on a PKCS#11 token.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::SignatureScheme;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::{KeyReference, PinSource, Pkcs11Uri};

use super::error::TokenError;
use super::module::Module;
use super::public_key::PublicKey;
use super::recipe::Recipe;
use super::session::{self, Access, KeyFacts};
use super::{TokenSettings, proof};
use crate::device_key::{DeviceKey, SignError};
use crate::{Certificate, KeyAlgorithm};

/// How long it may take to find and open a key. A TPM behind a slow bus takes a
/// few seconds.
const OPENING: Duration = Duration::from_secs(20);

/// How long a signature may take, with one before it and with opening the key
/// again. Less than the usual time limit of a TLS handshake, so that the module
/// is named if it hangs.
const SIGNING: Duration = Duration::from_secs(8);

/// How long the end of a key may take.
const CLOSING: Duration = Duration::from_secs(2);

/// A private key on a PKCS#11 token, which signs there.
///
/// All calls of a module go through one thread, and whoever wants a signature
/// waits no longer than a few seconds for it. The token stays logged in while
/// the key exists; no PIN is kept.
pub struct TokenKey {
    reference: KeyReference,
    algorithm: KeyAlgorithm,
    public_key: SubjectPublicKeyInfoDer<'static>,
    recipes: Vec<Recipe>,
    schemes: Vec<SignatureScheme>,
    sha256: Option<Recipe>,
    access: Access,
    place: Place,
}

impl TokenKey {
    /// Opens the key that the URI means. Where the token does not tell the public
    /// key, it is taken from `certificate`, if the key proves to be the one.
    pub fn open(
        uri: &Pkcs11Uri,
        settings: &TokenSettings,
        certificate: Option<&Certificate>,
    ) -> Result<Self, TokenError> {
        if let Some(PinSource::Value(_)) = uri.pin() {
            tracing::warn!(
                key = %uri,
                "the configuration holds the PIN of a token; put it into a file or a systemd credential, and \
                 write pin-source"
            );
        }
        let path = settings.module(uri).ok_or(TokenError::NoModule)?;
        let place = Place::new(Module::at(&path)?);
        let access = Access {
            uri: uri.clone(),
            credentials: settings.credentials_directory.clone(),
            public_key: certificate.map(|certificate| certificate.public_key().clone()),
        };
        let facts = place.open(access.clone())?;
        let (public_key, told) = match (facts.public_key, certificate) {
            (PublicKey::Known(key), _) => (key, true),
            (PublicKey::Untold, Some(certificate)) => (certificate.public_key().clone(), false),
            (PublicKey::Untold, None) => {
                return Err(TokenError::NoPublicKey { token: facts.token });
            }
            (PublicKey::Unsupported(kind), _) => {
                return Err(TokenError::KeyKind {
                    token: facts.token,
                    kind,
                });
            }
        };
        let algorithm = supported(&public_key).map_err(|kind| TokenError::KeyKind {
            token: facts.token.clone(),
            kind,
        })?;
        let recipes = Recipe::all(algorithm, &facts.mechanisms, facts.in_steps);
        if recipes.is_empty() {
            return Err(TokenError::NoMechanism {
                token: facts.token,
                algorithm,
            });
        }
        let key = Self {
            reference: KeyReference::Pkcs11(uri.clone()),
            algorithm,
            schemes: recipes.iter().map(|recipe| recipe.scheme).collect(),
            sha256: Recipe::of(sha256(algorithm), &facts.mechanisms, facts.in_steps),
            recipes,
            access: Access {
                public_key: Some(public_key.clone()),
                ..access
            },
            public_key,
            place,
        };
        if !told {
            key.prove(&facts.token)?;
        }
        Ok(key)
    }

    fn prove(&self, token: &str) -> Result<(), TokenError> {
        let proven = match self.recipes.last() {
            Some(recipe) => {
                let signature = self.sign_with(*recipe, proof::MESSAGE)?;
                proof::verifies(&self.public_key, recipe.scheme, &signature)
            }
            None => false,
        };
        if proven {
            Ok(())
        } else {
            Err(TokenError::NotTheCertificates {
                token: token.to_owned(),
            })
        }
    }

    fn sign_with(&self, recipe: Recipe, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let input = recipe.input(message);
        let (number, access) = (self.place.number, self.access.clone());
        let public_key = self.public_key.clone();
        let raw = self.place.module.call(SIGNING, move |library| {
            session::sign(library, number, &access, &public_key, recipe, &input)
        })?;
        recipe.signature(self.algorithm, raw)
    }

    fn failed(&self, source: TokenError) -> SignError {
        SignError::Failed {
            reference: self.reference.clone(),
            source: source.into(),
        }
    }
}

/// The kind of a public key, or what to call it if it is none of ours.
fn supported(public_key: &SubjectPublicKeyInfoDer<'_>) -> Result<KeyAlgorithm, String> {
    match KeyAlgorithm::of_public_key(public_key) {
        Some(KeyAlgorithm::Rsa { bits }) if !(2048..=4096).contains(&bits) => {
            Err(format!("RSA-{bits}"))
        }
        Some(KeyAlgorithm::Ed25519) => Err(KeyAlgorithm::Ed25519.to_string()),
        Some(algorithm) => Ok(algorithm),
        None => Err("unknown".to_owned()),
    }
}

/// The scheme that is SHA-256 for a kind of key; on curves, by its hash alone.
fn sha256(algorithm: KeyAlgorithm) -> SignatureScheme {
    match algorithm {
        KeyAlgorithm::Rsa { .. } => SignatureScheme::RSA_PKCS1_SHA256,
        _ => SignatureScheme::ECDSA_NISTP256_SHA256,
    }
}

impl DeviceKey for TokenKey {
    fn reference(&self) -> &KeyReference {
        &self.reference
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoDer<'static> {
        &self.public_key
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let recipe = self.recipes.iter().find(|recipe| recipe.scheme == scheme);
        let recipe = recipe.ok_or(SignError::Scheme {
            scheme,
            algorithm: self.algorithm,
        })?;
        self.sign_with(*recipe, message)
            .map_err(|source| self.failed(source))
    }

    fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let recipe = self.sha256.ok_or_else(|| SignError::Sha256 {
            reference: self.reference.clone(),
            algorithm: self.algorithm,
        })?;
        self.sign_with(recipe, message)
            .map_err(|source| self.failed(source))
    }
}

/// Shows where the key is and of what kind.
impl Debug for TokenKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("reference", &self.reference)
            .field("algorithm", &self.algorithm)
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}

/// A key's place on its module's thread, given back when it is dropped.
struct Place {
    module: Module,
    number: u64,
}

impl Place {
    fn new(module: Module) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { module, number }
    }

    fn open(&self, access: Access) -> Result<KeyFacts, TokenError> {
        let number = self.number;
        self.module.call(OPENING, move |library| {
            let (key, facts) = access.open(library)?;
            library.keys.insert(number, key);
            Ok(facts)
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        let left = self.module.call(CLOSING, move |library| {
            library.leave(number);
            Ok(())
        });
        if let Err(error) = left {
            tracing::debug!(%error, "a key on a token was not closed");
        }
    }
}
