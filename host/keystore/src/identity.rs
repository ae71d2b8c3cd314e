//! A certificate and its key, belonging together and valid.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::ResolvesClientCert;
use sealift_config::{CertificateReference, Device, KeyPermissions, KeyReference};

use crate::certificate::Validity;
use crate::chain::{CertificateChain, ChainError};
use crate::device_key::DeviceKey;
use crate::file_key::{FileKey, KeyError};
use crate::small_file::Stamp;
use crate::token::{self, TokenKey, TokenSettings};
use crate::{Certificate, Timestamp, rotation, tls};

/// Where an identity is read from.
#[derive(Clone, Debug)]
pub struct IdentityFiles {
    /// The certificate chain, in PEM (the device's own first) or on a token.
    pub certificate: CertificateReference,
    /// The private key.
    pub key: KeyReference,
    /// Who else may read a key file.
    pub key_permissions: KeyPermissions,
    /// What URIs of tokens leave open, and where systemd's credentials are: a key file may be one.
    pub tokens: TokenSettings,
}

impl From<&Device> for IdentityFiles {
    fn from(device: &Device) -> Self {
        Self {
            certificate: device.certificate.clone(),
            key: device.key.clone(),
            key_permissions: device.key_permissions,
            tokens: TokenSettings::from(device),
        }
    }
}

/// What the files were when they were read: the certificate's and the key's or, of
/// a key on a token, the PIN's.
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

    pub(crate) fn load_stamped(
        &self,
        now: SystemTime,
    ) -> Result<(Identity, Stamps), IdentityError> {
        let (chain, certificate) = self.chain()?;
        let (key, key_stamp) = self.key(chain.leaf())?;
        let stamps = Stamps {
            certificate,
            key: key_stamp,
        };
        Ok((self.join(chain, key, now)?, stamps))
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
            && let Some(certificate) = self.certificate.path()
            && let Some(next) = rotation::decided(certificate)
            && let Ok(chain) = CertificateChain::open(&next)
            && let Ok(decided) = Identity::new(chain, key, now)
        {
            return Ok(decided);
        }
        joined
    }

    /// Reads what has changed since `held` was read. A key on a token stays open if
    /// it is still the certificate's and its PIN is the same: to open it again
    /// takes long, and nobody should wait for it.
    pub(crate) fn reload_stamped(
        &self,
        now: SystemTime,
        held: &Identity,
        read: Stamps,
    ) -> Result<(Identity, Stamps), IdentityError> {
        let same_pin = || self.stamps().key == read.key;
        if !held.key.is_slow() || !same_pin() {
            return self.load_stamped(now);
        }
        let (chain, certificate) = self.chain()?;
        if chain.leaf().public_key() != held.key.public_key() {
            return self.load_stamped(now);
        }
        let stamps = Stamps {
            certificate,
            ..read
        };
        Ok((Identity::new(chain, held.key.clone(), now)?, stamps))
    }

    fn chain(&self) -> Result<(CertificateChain, Option<Stamp>), ChainError> {
        match &self.certificate {
            CertificateReference::File(path) => {
                CertificateChain::open_stamped(path).map(|(chain, stamp)| (chain, Some(stamp)))
            }
            reference @ CertificateReference::Pkcs11(uri) => {
                let chain = token::chain(uri, &self.tokens);
                let chain = chain.map_err(|source| ChainError::Token {
                    reference: reference.clone(),
                    source,
                })?;
                Ok((chain, None))
            }
        }
    }

    fn key(&self, leaf: &Certificate) -> Result<(Arc<dyn DeviceKey>, Option<Stamp>), KeyError> {
        open_stamped(&self.key, self.key_permissions, &self.tokens, Some(leaf))
    }

    pub(crate) fn stamps(&self) -> Stamps {
        Stamps {
            certificate: self.certificate.path().and_then(Stamp::now),
            key: match &self.key {
                KeyReference::File(path) => Stamp::now(path),
                KeyReference::Pkcs11(uri) => self.tokens.pin_stamp(uri),
                KeyReference::Tpm(_) => None,
            },
        }
    }
}

/// Opens a key, whether or not there is a certificate for it.
pub fn open_key(
    reference: &KeyReference,
    permissions: KeyPermissions,
    tokens: &TokenSettings,
) -> Result<Arc<dyn DeviceKey>, KeyError> {
    open_stamped(reference, permissions, tokens, None).map(|(key, _)| key)
}

/// Opens the key, on a token that of the certificate if the reference fits several.
pub(crate) fn open_stamped(
    reference: &KeyReference,
    permissions: KeyPermissions,
    tokens: &TokenSettings,
    certificate: Option<&Certificate>,
) -> Result<(Arc<dyn DeviceKey>, Option<Stamp>), KeyError> {
    match reference {
        KeyReference::File(path) => {
            let credentials = tokens.credentials_directory.as_deref();
            let (key, stamp) = FileKey::open_stamped(path, permissions, credentials)?;
            Ok((Arc::new(key), Some(stamp)))
        }
        KeyReference::Pkcs11(uri) => {
            // Before the PIN is read, so that a later change is noticed.
            let stamp = tokens.pin_stamp(uri);
            let key = TokenKey::open(uri, tokens, certificate);
            let key = key.map_err(|source| KeyError::Token {
                reference: reference.clone(),
                source,
            })?;
            Ok((Arc::new(key), stamp))
        }
        KeyReference::Tpm(_) => Err(KeyError::UnsupportedReference {
            reference: reference.clone(),
        }),
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
        let (certificate, leaf) = (chain.reference().clone(), chain.leaf());
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
fn comparison(certificate: &CertificateReference, key: &KeyReference) -> String {
    let CertificateReference::File(certificate) = certificate else {
        return "check which objects of the token the URIs mean".to_owned();
    };
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
        "the private key {key} is not that of the certificate {certificate}; {}",
        comparison(.certificate, .key)
    )]
    Mismatch {
        /// The certificate.
        certificate: CertificateReference,
        /// The key.
        key: KeyReference,
    },

    /// The key is that of a certificate further on.
    #[error(
        "the private key {key} is that of certificate {position} of {certificate}; the device's own must come first"
    )]
    LeafNotFirst {
        /// The certificate.
        certificate: CertificateReference,
        /// The key.
        key: KeyReference,
        /// Which certificate it belongs to, from 1.
        position: usize,
    },

    /// The certificate is from the future, by our clock.
    #[error(
        "the certificate {certificate} is not valid before {not_before}, and this device's clock reads {now}; \
         check time synchronisation"
    )]
    NotYetValid {
        /// The certificate.
        certificate: CertificateReference,
        /// The first moment it is valid.
        not_before: Timestamp,
        /// The clock.
        now: Timestamp,
    },

    /// The certificate has expired, by our clock.
    #[error(
        "the certificate {certificate} expired at {not_after}, and this device's clock reads {now}; \
         replace the certificate or, if the clock is wrong, check time synchronisation"
    )]
    Expired {
        /// The certificate.
        certificate: CertificateReference,
        /// The last moment it was valid.
        not_after: Timestamp,
        /// The clock.
        now: Timestamp,
    },
}
