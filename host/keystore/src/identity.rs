//! A certificate and its key, belonging together and valid.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::ResolvesClientCert;
use sealift_config::{Device, KeyPermissions, KeyReference};

use crate::certificate::Validity;
use crate::chain::{CertificateChain, ChainError};
use crate::device_key::DeviceKey;
use crate::file_key::{FileKey, KeyError};
use crate::small_file::Stamp;
use crate::{Timestamp, rotation, tls};

/// Where an identity is read from.
#[derive(Clone, Debug)]
pub struct IdentityFiles {
    /// The certificate chain in PEM, the device's own first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: KeyReference,
    /// Who else may read a key file.
    pub key_permissions: KeyPermissions,
}

impl From<&Device> for IdentityFiles {
    fn from(device: &Device) -> Self {
        Self {
            certificate: device.certificate.clone(),
            key: device.key.clone(),
            key_permissions: device.key_permissions,
        }
    }
}

/// What the files were when they were read; a key that is no file has no stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamps {
    certificate: Option<Stamp>,
    key: Option<Stamp>,
}

impl IdentityFiles {
    /// Reads both files and checks them against each other and the clock.
    pub fn load(&self, now: SystemTime) -> Result<Identity, IdentityError> {
        self.load_stamped(now).map(|(identity, _)| identity)
    }

    /// Opens the key alone, as long as there is no certificate for it.
    pub fn open_key(&self) -> Result<Arc<dyn DeviceKey>, KeyError> {
        match &self.key {
            KeyReference::File(path) => Ok(Arc::new(FileKey::open(path, self.key_permissions)?)),
            reference @ (KeyReference::Pkcs11(_) | KeyReference::Tpm(_)) => {
                Err(KeyError::UnsupportedReference {
                    reference: reference.clone(),
                })
            }
        }
    }

    pub(crate) fn load_stamped(
        &self,
        now: SystemTime,
    ) -> Result<(Identity, Stamps), IdentityError> {
        let (chain, certificate) = CertificateChain::open_stamped(&self.certificate)?;
        let (key, key_stamp) = match &self.key {
            KeyReference::File(path) => FileKey::open_stamped(path, self.key_permissions)?,
            reference @ (KeyReference::Pkcs11(_) | KeyReference::Tpm(_)) => {
                return Err(IdentityError::Key(KeyError::UnsupportedReference {
                    reference: reference.clone(),
                }));
            }
        };
        let stamps = Stamps {
            certificate: Some(certificate),
            key: Some(key_stamp),
        };
        Ok((self.join(chain, Arc::new(key), now)?, stamps))
    }

    /// The identity of both, or of the key and the certificate that a rotation was about to put in the
    /// other's place.
    fn join(
        &self,
        chain: CertificateChain,
        key: Arc<dyn DeviceKey>,
        now: SystemTime,
    ) -> Result<Identity, IdentityError> {
        let joined = Identity::new(chain, Arc::clone(&key), now);
        if let Err(IdentityError::Mismatch { .. }) = joined
            && let Some(next) = rotation::decided(&self.certificate)
            && let Ok(chain) = CertificateChain::open(&next)
            && let Ok(decided) = Identity::new(chain, key, now)
        {
            return Ok(decided);
        }
        joined
    }

    pub(crate) fn stamps(&self) -> Stamps {
        Stamps {
            certificate: Stamp::now(&self.certificate),
            key: match &self.key {
                KeyReference::File(path) => Stamp::now(path),
                KeyReference::Pkcs11(_) | KeyReference::Tpm(_) => None,
            },
        }
    }
}

/// A certificate chain with the private key of its first certificate.
///
/// That one exists proves that the two belonged together and that the
/// certificate was valid when it was made.
#[derive(Clone, Debug)]
pub struct Identity {
    chain: CertificateChain,
    key: Arc<dyn DeviceKey>,
    generation: u64,
}

impl Identity {
    /// Joins a chain and a key, if they belong together and the device's
    /// certificate is valid at `now`.
    pub fn new(
        chain: CertificateChain,
        key: Arc<dyn DeviceKey>,
        now: SystemTime,
    ) -> Result<Self, IdentityError> {
        let position = [chain.leaf()]
            .into_iter()
            .chain(chain.issuers())
            .position(|certificate| certificate.public_key() == key.public_key());
        let (certificate, leaf) = (chain.path().to_owned(), chain.leaf());
        match position {
            Some(0) => {}
            Some(position) => {
                return Err(IdentityError::LeafNotFirst {
                    certificate,
                    key: key.reference().clone(),
                    position: position + 1,
                });
            }
            None => {
                return Err(IdentityError::Mismatch {
                    certificate,
                    key: key.reference().clone(),
                });
            }
        }
        match leaf.validity(now) {
            Validity::Now => Ok(Self {
                chain,
                key,
                generation: 0,
            }),
            Validity::Future => Err(IdentityError::NotYetValid {
                certificate,
                not_before: leaf.not_before(),
                now: Timestamp(now),
            }),
            Validity::Past => Err(IdentityError::Expired {
                certificate,
                not_after: leaf.not_after(),
                now: Timestamp(now),
            }),
        }
    }

    /// The certificates.
    pub fn chain(&self) -> &CertificateChain {
        &self.chain
    }

    /// The key.
    pub fn key(&self) -> &Arc<dyn DeviceKey> {
        &self.key
    }

    /// Which identity it is of those that an
    /// [`IdentityStore`](crate::IdentityStore) has published, from 1; connections
    /// of different generations must not be mixed. 0 outside of a store.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What presents the certificate and signs the handshakes of a rustls client.
    pub fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        tls::resolver(self)
    }

    pub(crate) fn with_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.chain.der() == other.chain.der() && self.key.public_key() == other.key.public_key()
    }
}

/// How to see for oneself whether a certificate and a key belong together.
fn comparison(certificate: &Path, key: &KeyReference) -> String {
    let certificate = certificate.display();
    let public_key = match key {
        KeyReference::File(path) => format!("`openssl pkey -in {} -pubout`", path.display()),
        KeyReference::Pkcs11(_) | KeyReference::Tpm(_) => "the key's public half".to_owned(),
    };
    format!("compare `openssl x509 -in {certificate} -noout -pubkey` with {public_key}")
}

/// There is no usable identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate cannot be used.
    #[error(transparent)]
    Chain(#[from] ChainError),

    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),

    /// Certificate and key are of different devices, or one of them was replaced.
    #[error(
        "the private key {key} is not that of the certificate {}; {}",
        .certificate.display(), comparison(.certificate, .key)
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key.
        key: KeyReference,
    },

    /// The key is that of a certificate further on.
    #[error(
        "the private key {key} is that of certificate {position} of {}; the device's own must come first",
        .certificate.display()
    )]
    LeafNotFirst {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key.
        key: KeyReference,
        /// Which certificate it belongs to, from 1.
        position: usize,
    },

    /// The certificate is from the future, by our clock.
    #[error(
        "the certificate {} is not valid before {not_before}, and this device's clock reads {now}; \
         check time synchronisation",
        .certificate.display()
    )]
    NotYetValid {
        /// The file.
        certificate: PathBuf,
        /// The first moment it is valid.
        not_before: Timestamp,
        /// The clock.
        now: Timestamp,
    },

    /// The certificate has expired, by our clock.
    #[error(
        "the certificate {} expired at {not_after}, and this device's clock reads {now}; \
         replace the certificate or, if the clock is wrong, check time synchronisation",
        .certificate.display()
    )]
    Expired {
        /// The file.
        certificate: PathBuf,
        /// The last moment it was valid.
        not_after: Timestamp,
        /// The clock.
        now: Timestamp,
    },
}
