//! Keys of roles.

use std::fmt::{self, Debug, Display, Formatter, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::Key;
use tough::sign::Sign;
use zeroize::Zeroizing;

use super::error::PublishError;
use super::publisher::put;

/// A key that can sign. Keys in tokens come in by [`Signer::new`].
pub struct Signer {
    name: String,
    sign: Box<dyn Sign>,
}

/// The name that TUF gives to a key: the SHA-256 of its public part, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(super) String);

/// The public part of a key: all that anybody else needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) Key);

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// Its public part.
    pub public: PublicKey,
    /// Its name.
    pub id: KeyId,
    /// Where its private part was put.
    pub file: PathBuf,
}

impl PublicKey {
    /// The key in a file, as TUF writes it (TUF 4.2).
    pub fn read(path: &Path) -> Result<Self, PublishError> {
        let text = fs::read(path).map_err(PublishError::io("read", path))?;
        let unusable = |_| PublishError::PublicKey {
            path: path.to_owned(),
        };
        serde_json::from_slice(&text).map(Self).map_err(unusable)
    }

    /// Puts it into a file, for whoever makes the root.
    pub fn write(&self, path: &Path) -> Result<(), PublishError> {
        let text =
            serde_json::to_vec_pretty(&self.0).map_err(|error| PublishError::Tuf(error.into()))?;
        put(path, &text)
    }

    /// Its name.
    pub fn id(&self) -> Result<KeyId, PublishError> {
        KeyId::of(&self.0)
    }
}

impl Signer {
    /// A key that is somewhere else, under a name for messages.
    pub fn new(name: String, sign: Box<dyn Sign>) -> Self {
        Self { name, sign }
    }

    /// The key in a PEM file: Ed25519, ECDSA on P-256, or RSA, in PKCS #8.
    pub fn read(path: &Path) -> Result<Self, PublishError> {
        let text = fs::read(path)
            .map(Zeroizing::new)
            .map_err(PublishError::io("read", path))?;
        let unusable = || PublishError::Key {
            path: path.to_owned(),
        };
        let pem = pem::parse(text.as_slice()).map_err(|_| unusable())?;
        let der = Zeroizing::new(pem.into_contents());
        let sign = parse(&der).ok_or_else(unusable)?;
        let name = path.display().to_string();
        Ok(Self { name, sign })
    }

    /// All keys of a directory.
    pub fn read_all(directory: &Path) -> Result<Vec<Self>, PublishError> {
        let listing = fs::read_dir(directory).map_err(PublishError::io("list", directory))?;
        let mut paths = Vec::new();
        for entry in listing {
            let path = entry.map_err(PublishError::io("list", directory))?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its public part.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.sign.tuf_key())
    }

    /// Its name in TUF.
    pub fn id(&self) -> Result<KeyId, PublishError> {
        KeyId::of(&self.sign.tuf_key())
    }

    pub(super) fn sign(&self) -> &dyn Sign {
        self.sign.as_ref()
    }
}

fn parse(der: &[u8]) -> Option<Box<dyn Sign>> {
    if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Some(Box::new(key));
    }
    if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der) {
        return Some(Box::new(key));
    }
    RsaKeyPair::from_pkcs8(der)
        .ok()
        .map(|key| Box::new(key) as Box<dyn Sign>)
}

impl KeyId {
    pub(super) fn of(key: &Key) -> Result<Self, PublishError> {
        Ok(Self::from(&key.key_id()?))
    }
}

impl From<&Decoded<Hex>> for KeyId {
    fn from(id: &Decoded<Hex>) -> Self {
        let digits = id.iter().fold(String::new(), |mut digits, byte| {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        Self(digits)
    }
}

impl Display for KeyId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Debug for Signer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
