//! A private key in a file.

use std::fmt::{self, Debug, Formatter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::SigningKey;
use rustls_pki_types::{
    PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
    SubjectPublicKeyInfoDer,
};
use sealift_config::{KeyPermissions, KeyReference};

use crate::device_key::{DeviceKey, SignError};
use crate::pem::{self, Block, PemError};
use crate::small_file::{FileError, SmallFile, Stamp};
use crate::{KeyAlgorithm, TokenError, private_key};

/// A private key from a PEM file: PKCS #8, PKCS #1 or SEC 1, not encrypted.
///
/// The file's content is wiped from memory as soon as the key is made; the key
/// itself lives inside the cryptographic library, which wipes it too.
pub struct FileKey {
    reference: KeyReference,
    algorithm: KeyAlgorithm,
    public_key: SubjectPublicKeyInfoDer<'static>,
    key: Arc<dyn SigningKey>,
}

impl FileKey {
    /// Reads the key from `path`.
    ///
    /// `credentials` is where systemd lays down the service's credentials, if it does
    /// ([`Device::credentials_directory`](sealift_config::Device::credentials_directory)).
    pub fn open(
        path: &Path,
        permissions: KeyPermissions,
        credentials: Option<&Path>,
    ) -> Result<Self, KeyError> {
        Self::open_stamped(path, permissions, credentials).map(|(key, _)| key)
    }

    pub(crate) fn open_stamped(
        path: &Path,
        permissions: KeyPermissions,
        credentials: Option<&Path>,
    ) -> Result<(Self, Stamp), KeyError> {
        let file = SmallFile::read(path)?;
        let is_private = file.mode & OTHERS == 0
            || file.mode & OTHERS == GROUP_READS && file.is_credential(path, credentials);
        if permissions == KeyPermissions::Strict && !is_private {
            return Err(KeyError::Permissions {
                path: path.to_owned(),
                mode: file.mode,
            });
        }
        let blocks = pem::blocks(&file.content).map_err(|error| KeyError::of_pem(path, error))?;
        Ok((Self::from_blocks(path, blocks)?, file.stamp))
    }

    fn from_blocks(path: &Path, blocks: Vec<Block>) -> Result<Self, KeyError> {
        let block = only_key(path, blocks)?;
        let der = block.private_key().ok_or_else(|| KeyError::NoKey {
            path: path.to_owned(),
            found: block.label.clone(),
        })?;
        let unsupported = |kind| KeyError::Unsupported {
            path: path.to_owned(),
            kind,
        };
        let key = any_supported_type(&der).map_err(|source| match private_key::kind(&der) {
            Some(kind) if !WANTED.contains(&kind.as_str()) => unsupported(kind),
            _ => KeyError::Damaged {
                path: path.to_owned(),
                source,
            },
        })?;
        let public_key = key.public_key().map(SubjectPublicKeyInfoDer::into_owned);
        let algorithm = public_key
            .as_deref()
            .and_then(KeyAlgorithm::of_public_key)
            .filter(|algorithm| !matches!(algorithm, KeyAlgorithm::Rsa { bits } if *bits > 4096));
        match (public_key, algorithm) {
            (Some(public_key), Some(algorithm)) => Ok(Self {
                reference: KeyReference::File(path.to_owned()),
                algorithm,
                public_key,
                key,
            }),
            _ => Err(unsupported(
                private_key::kind(&der).unwrap_or_else(|| "unknown".to_owned()),
            )),
        }
    }
}

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// What an ACL that lets one user read looks like: its mask is in the place of the group's permissions (acl(5)).
const GROUP_READS: u32 = 0o040;

/// Kinds that we sign with: a key that says it is one of them and is refused all
/// the same is damaged.
const WANTED: [&str; 7] = [
    "RSA-2048",
    "RSA-3072",
    "RSA-4096",
    "EC on the curve P-256",
    "EC on the curve P-384",
    "EC on the curve P-521",
    "Ed25519",
];

/// The one block that a key file has, besides the curve that OpenSSL writes in
/// front of a SEC 1 key.
fn only_key(path: &Path, blocks: Vec<Block>) -> Result<Block, KeyError> {
    let path = || path.to_owned();
    let mut keys: Vec<_> = blocks
        .into_iter()
        .filter(|block| block.label != "EC PARAMETERS")
        .collect();
    match (keys.pop(), keys.as_slice()) {
        (Some(key), []) if key.encrypted || key.label == "ENCRYPTED PRIVATE KEY" => {
            Err(KeyError::Encrypted { path: path() })
        }
        (Some(key), []) if key.label == "TSS2 PRIVATE KEY" => Err(KeyError::Tss2 { path: path() }),
        (Some(key), []) => Ok(key),
        (Some(last), others) => Err(KeyError::SeveralBlocks {
            path: path(),
            found: others
                .iter()
                .chain([&last])
                .map(|block| block.label.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
        (None, _) => Err(KeyError::NoKey {
            path: path(),
            found: "EC PARAMETERS".to_owned(),
        }),
    }
}

impl Block {
    fn private_key(&self) -> Option<PrivateKeyDer<'_>> {
        let der = self.der.as_slice();
        Some(match self.label.as_str() {
            "PRIVATE KEY" => PrivatePkcs8KeyDer::from(der).into(),
            "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(der).into(),
            "EC PRIVATE KEY" => PrivateSec1KeyDer::from(der).into(),
            _ => return None,
        })
    }
}

impl DeviceKey for FileKey {
    fn reference(&self) -> &KeyReference {
        &self.reference
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoDer<'static> {
        &self.public_key
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = self.key.choose_scheme(&[scheme]).ok_or(SignError::Scheme {
            scheme,
            algorithm: self.algorithm,
        })?;
        signer.sign(message).map_err(|source| SignError::Failed {
            reference: self.reference.clone(),
            source: source.into(),
        })
    }
}

/// Shows where the key is and of what kind, nothing of the key.
impl Debug for FileKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKey")
            .field("reference", &self.reference)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The device's private key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),

    /// Others than the owner have some permission.
    #[error(
        "the private key {0} is open to other users (mode {mode:04o}); run `chmod 600 {0}` \
         or, if that cannot be, set device.key_permissions = \"any\"",
        .path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },

    /// The file is not PEM, or damaged.
    #[error("the private key {} cannot be used", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it is instead, or where it is damaged.
        source: PemError,
    },

    /// The file is binary.
    #[error(
        "the private key {0} is in DER, not PEM; convert it with \
         `openssl pkey -inform DER -in {0} -out {0}.pem` and set device.key to the new file",
        .path.display()
    )]
    Der {
        /// The file.
        path: PathBuf,
    },

    /// The file has a passphrase.
    #[error(
        "the private key {0} is encrypted, and a gateway has nobody to ask for the passphrase; decrypt it \
         with `openssl pkey -in {0} -out {0}.clear`, run `chmod 600 {0}.clear` and set device.key to the \
         new file",
        .path.display()
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },

    /// The file holds something else.
    #[error("{} holds no private key but a block {found}; device.key must name the key's own file", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The label of its only block.
        found: String,
    },

    /// The file holds more than a key.
    #[error("{} must hold one private key and nothing else; it holds the blocks {found}", .path.display())]
    SeveralBlocks {
        /// The file.
        path: PathBuf,
        /// The labels of its blocks.
        found: String,
    },

    /// A key of a kind that we do not sign with.
    #[error(
        "the private key {} is of the kind {kind}; supported are RSA with 2048 to 4096 bits, \
         EC on the curves P-256, P-384 and P-521, and Ed25519",
        .path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The kind of key.
        kind: String,
    },

    /// A key whose numbers do not fit together.
    #[error("the private key {} is damaged", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the cryptographic library says.
        source: rustls::Error,
    },

    /// A key that only a TPM can use.
    #[error(
        "the private key {} is wrapped by a TPM (TSS2), which this version does not support; \
         import it into tpm2-pkcs11 and write its pkcs11: URI, or use a key in a PEM file",
        .path.display()
    )]
    Tss2 {
        /// The file.
        path: PathBuf,
    },

    /// A key on a token that is out of reach.
    #[error("the private key {reference} cannot be used")]
    Token {
        /// The key.
        reference: KeyReference,
        /// Why.
        source: TokenError,
    },

    /// A key that is neither in a file nor on a token.
    #[error(
        "the private key {reference} is a bare TPM object, which this version does not support; make it known \
         to tpm2-pkcs11 and write its pkcs11: URI, or use a key in a PEM file"
    )]
    UnsupportedReference {
        /// Where the key is.
        reference: KeyReference,
    },
}

impl KeyError {
    fn of_pem(path: &Path, error: PemError) -> Self {
        let path = path.to_owned();
        match error {
            PemError::IsDer => Self::Der { path },
            source => Self::Pem { path, source },
        }
    }
}
