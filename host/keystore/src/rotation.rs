//! A new key and certificate in the place of the old.
//!
//! The new key is made beside the old one, in `KEY.next`, and its certificate laid down in
//! `CERTIFICATE.next`. Whoever rotates tries the two out; then the key moves into its place, and the
//! certificate after it. Each step is one rename, so that power may fail before or after it:
//!
//! | key | certificate | `KEY.next` | `CERTIFICATE.next` | |
//! |-----|-------------|------------|--------------------|---|
//! | old | old | | | nothing has begun |
//! | old | old | new | | a certificate for the new key is awaited |
//! | old | old | new | new | to be tried out |
//! | new | old | | new | decided; the new certificate is in force from where it is |
//! | new | new | | | done |
//!
//! [`IdentityFiles::load`] knows of the fourth, in which the certificate in its place has lost its key.
//!
//! On a token the two keys lie side by side under one label, and the certificate tells which one is in
//! force: there the certificate's rename decides. Afterwards the old key is removed.

mod keys;
mod place;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::{CertificateReference, KeyReference, Pkcs11Uri};

use crate::chain::{CertificateChain, ChainError};
use crate::device_key::DeviceKey;
use crate::durable;
use crate::file_key::KeyError;
use crate::identity::{Identity, IdentityError, IdentityFiles};
use crate::{Fingerprint, GenerateError, KeyAlgorithm, KeySpec, pem};
use keys::Keys;
use place::{Place, beside};

/// The rotation of one identity. While it exists, no other process rotates the same.
#[derive(Debug)]
pub struct Rotation {
    files: IdentityFiles,
    keys: Keys,
    certificate: Place,
    _lock: File,
}

/// A new identity beside the old one.
#[derive(Debug)]
pub struct Candidate<'r> {
    rotation: &'r Rotation,
    identity: Identity,
    /// Whether its key is the one that comes next, and not the one in force.
    of_next_key: bool,
}

impl Rotation {
    /// Begins, or goes on with what an interrupted run has left.
    pub fn of(files: &IdentityFiles) -> Result<Self, RotationError> {
        let CertificateReference::File(certificate) = &files.certificate else {
            return Err(RotationError::CertificateOnToken(files.certificate.clone()));
        };
        let certificate = Place::of(certificate)?;
        let lock = durable::lock(&certificate.now).map_err(|source| RotationError::Replace {
            path: certificate.now.clone(),
            source,
        })?;
        let rotation = Self {
            files: files.clone(),
            keys: Keys::of(files, &certificate.now)?,
            _lock: lock.ok_or_else(|| RotationError::UnderWay(certificate.now.clone()))?,
            certificate,
        };
        rotation.finish()?;
        Ok(rotation)
    }

    /// The key that is to come: made now, unless that was done before. Of the old one's kind if
    /// `spec` does not say otherwise.
    pub fn next_key(&self, spec: Option<KeySpec>) -> Result<Arc<dyn DeviceKey>, RotationError> {
        let key = if let Some(key) = self.keys.next()? {
            key
        } else {
            let wanted = match spec {
                Some(spec) => spec,
                None => self.current_spec()?,
            };
            self.keys.make(wanted)?;
            let made = self.keys.next()?;
            made.ok_or_else(|| RotationError::Vanished(self.files.key.clone()))?
        };
        match spec {
            Some(spec) if spec.algorithm() != key.algorithm() => Err(RotationError::OtherSpec {
                key: key.reference().clone(),
                algorithm: key.algorithm(),
                spec,
            }),
            _ => Ok(key),
        }
    }

    /// Lays the certificate in `file` beside the old one, if it is that of the next key or a new one of
    /// the present key; nothing if it is in force already.
    pub fn stage(
        &self,
        file: &Path,
        now: SystemTime,
    ) -> Result<Option<Candidate<'_>>, RotationError> {
        let chain = CertificateChain::open(file)?;
        let (key, of_next_key) = self.key_of(file, &chain)?;
        if !of_next_key
            && CertificateChain::open(&self.certificate.now)
                .is_ok_and(|current| current.der() == chain.der())
        {
            return Ok(None);
        }
        let content: String = chain
            .der()
            .iter()
            .map(|der| pem::encode("CERTIFICATE", der).to_string())
            .collect();
        let identity = Identity::new(chain, key, now)?;
        self.certificate.lay(content.as_bytes())?;
        Ok(Some(Candidate {
            rotation: self,
            identity,
            of_next_key,
        }))
    }

    /// Which of the two keys the certificate is of, and whether that is the next one.
    fn key_of(
        &self,
        file: &Path,
        chain: &CertificateChain,
    ) -> Result<(Arc<dyn DeviceKey>, bool), RotationError> {
        let is_its = |key: &dyn DeviceKey| key.public_key() == chain.leaf().public_key();
        if let Some(key) = self.keys.next()?.filter(|key| is_its(&**key)) {
            return Ok((key, true));
        }
        let key = self.keys.current(Some(chain.leaf()))?;
        if is_its(&*key) {
            return Ok((key, false));
        }
        Err(RotationError::Stranger {
            certificate: file.to_owned(),
            key: self.files.key.clone(),
        })
    }

    fn current_spec(&self) -> Result<KeySpec, RotationError> {
        let chain = CertificateChain::open(&self.certificate.now)?;
        let algorithm = self.keys.current(Some(chain.leaf()))?.algorithm();
        // Kinds that nobody makes any more are followed by what a small machine is fastest with.
        Ok(KeySpec::of(algorithm).unwrap_or(KeySpec::P256))
    }

    /// Does the last step of a rotation that was decided and then interrupted.
    fn finish(&self) -> Result<(), RotationError> {
        let public_key = |path: &Path| {
            let chain = CertificateChain::open(path).ok()?;
            Some(chain.leaf().public_key().clone())
        };
        let certified = public_key(&self.certificate.now);
        if let Keys::Files { .. } = &self.keys {
            let key = self.keys.current(None).ok();
            let key = key.map(|key| key.public_key().clone());
            if key.is_some() && certified != key && public_key(&self.certificate.next) == key {
                self.certificate.move_up()?;
            }
            return Ok(());
        }
        let next = self.keys.next()?;
        if next.is_some_and(|next| Some(next.public_key()) == certified.as_ref()) {
            self.keys.settle(None)?;
        }
        Ok(())
    }
}

impl Candidate<'_> {
    /// Its files, to be tried out.
    pub fn files(&self) -> IdentityFiles {
        let next = self.rotation.certificate.next.clone();
        let key = match &self.rotation.keys {
            Keys::Files { place, .. } if self.of_next_key => KeyReference::File(place.next.clone()),
            _ => self.rotation.files.key.clone(),
        };
        IdentityFiles {
            certificate: CertificateReference::File(next),
            key,
            ..self.rotation.files.clone()
        }
    }

    /// Of the new certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.chain().leaf().fingerprint()
    }

    /// Puts it in the place of the old one, which is gone then.
    pub fn switch(self) -> Result<(), RotationError> {
        let Rotation {
            keys, certificate, ..
        } = self.rotation;
        if !self.of_next_key {
            return certificate.move_up();
        }
        let old = self.old_key();
        keys.move_up()?;
        certificate.move_up()?;
        keys.settle(old)
    }

    /// The public half of the key that goes.
    fn old_key(&self) -> Option<SubjectPublicKeyInfoDer<'static>> {
        let old = CertificateChain::open(&self.rotation.certificate.now).ok()?;
        let old = old.leaf().public_key().clone();
        (old != *self.identity.key().public_key()).then_some(old)
    }
}

/// The certificate of a rotation that was decided and has not come to its end.
pub(crate) fn decided(certificate: &Path) -> Option<PathBuf> {
    let next = beside(&fs::canonicalize(certificate).ok()?);
    next.exists().then_some(next)
}

/// The identity stays what it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// The certificate cannot be used.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// One of the keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate cannot be used now.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no new key.
    #[error(transparent)]
    Generate(#[from] GenerateError),

    /// The certificate is for somebody else.
    #[error(
        "the certificate {} is neither of the key {key} nor of one that comes next; \
         `sealift key rotate` without --certificate makes the request that it must be issued for",
        .certificate.display()
    )]
    Stranger {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key in force.
        key: KeyReference,
    },

    /// A new key is there already.
    #[error(
        "the new key {key} has been made already, as {algorithm} and not as {spec}; go on with that one, or remove \
         it first if no certificate is being issued for it"
    )]
    OtherSpec {
        /// Where it is.
        key: KeyReference,
        /// Its kind.
        algorithm: KeyAlgorithm,
        /// What was asked for.
        spec: KeySpec,
    },

    /// Somebody else does the same.
    #[error("another process is rotating {}; try again when it has ended", .0.display())]
    UnderWay(PathBuf),

    /// A file cannot be put in the other's place.
    #[error("cannot replace {}", .path.display())]
    Replace {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A certificate that is not in a file.
    #[error(
        "the certificate {0} is not in a file, and only such can be put in another's place; let device.certificate \
         name a file"
    )]
    CertificateOnToken(CertificateReference),

    /// A URI that no other key fits.
    #[error(
        "{0} means one key by its id, so that no other can take its place; name the key by object= alone"
    )]
    Pinned(Pkcs11Uri),

    /// The file beside the certificate holds something else.
    #[error("{} does not hold the identifier of the next key; remove it to have another key made", .0.display())]
    Identifier(PathBuf),

    /// Somebody removed the next key at once.
    #[error("the new key beside {0} was removed as soon as it was made")]
    Vanished(KeyReference),
}
