//! Keys of roles.

use std::fmt::{self, Debug, Display, Formatter, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::Key;
use tough::sign::Sign;
use zeroize::Zeroizing;

use super::error::PublishError;
use super::publisher::put;
use crate::Role;

/// A key that can sign. Keys in tokens come in by [`Signer::new`].
pub struct Signer {
    name: String,
    sign: Box<dyn Sign>,
}

/// The name that TUF gives to a key: the SHA-256 of its public part, in hexadecimal. People may write its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(super) String);

/// The public part of a key: all that anybody else needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) Key);

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// Whose it is.
    pub role: Role,
    /// Its public part.
    pub public: PublicKey,
    /// Its name.
    pub id: KeyId,
    /// Where its private part was put.
    pub file: PathBuf,
}

impl PublicKey {
    /// The key in a file, as TUF writes it (TUF 4.2), or in PEM.
    pub fn read(path: &Path) -> Result<Self, PublishError> {
        let text = fs::read(path).map_err(PublishError::io("read", path))?;
        let pem = |text: &[u8]| {
            let pem = pem::parse(text).ok()?;
            (pem.tag() == PEM_TAG).then(|| of_public_key(pem.contents()))?
        };
        let key = serde_json::from_slice(&text).ok().or_else(|| pem(&text));
        key.map(Self).ok_or_else(|| PublishError::PublicKey {
            path: path.to_owned(),
        })
    }

    /// As TUF writes it: JSON.
    pub fn to_json(&self) -> Result<String, PublishError> {
        serde_json::to_string_pretty(&self.0).map_err(|error| PublishError::Tuf(error.into()))
    }

    /// Puts it into a file, for whoever makes the root.
    pub fn write(&self, path: &Path) -> Result<(), PublishError> {
        put(path, self.to_json()?.as_bytes())
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

/// The tag of an RFC 5280 `SubjectPublicKeyInfo` in PEM (RFC 7468 §13).
const PEM_TAG: &str = "PUBLIC KEY";

/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410 §4).
const ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// The key of a `SubjectPublicKeyInfo` in DER, if TUF knows its kind.
pub(super) fn of_public_key(der: &[u8]) -> Option<Key> {
    if let Some(bytes) = der.strip_prefix(ED25519) {
        return hexadecimal(bytes).parse().ok();
    }
    let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let text = pem::encode_config(&pem::Pem::new(PEM_TAG, der), lines);
    text.trim().parse().ok()
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

    pub(super) fn begins_with(&self, beginning: &Self) -> bool {
        self.0.starts_with(&beginning.0)
    }
}

/// Not the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is named by at least the first 8 of the 64 hexadecimal digits that TUF calls it by")]
pub struct KeyIdError;

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if (8..=64).contains(&text.len()) && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyIdError)
        }
    }
}

impl From<&Decoded<Hex>> for KeyId {
    fn from(id: &Decoded<Hex>) -> Self {
        Self(hexadecimal(id))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
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
