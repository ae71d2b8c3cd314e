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

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sealift_config::KeyReference;

use crate::chain::{CertificateChain, ChainError};
use crate::device_key::DeviceKey;
use crate::durable::{self, Access, Existing};
use crate::file_key::{FileKey, KeyError};
use crate::identity::{Identity, IdentityError, IdentityFiles};
use crate::{Fingerprint, GenerateError, KeyAlgorithm, KeySpec, generate, pem};

/// The rotation of one identity. While it exists, no other process rotates the same.
#[derive(Debug)]
pub struct Rotation {
    files: IdentityFiles,
    key: Place,
    certificate: Place,
    _lock: File,
}

/// A file and what comes after it.
#[derive(Debug)]
struct Place {
    now: PathBuf,
    next: PathBuf,
}

/// A new identity beside the old one.
#[derive(Debug)]
pub struct Candidate<'r> {
    rotation: &'r Rotation,
    identity: Identity,
    key: PathBuf,
}

impl Rotation {
    /// Begins, or goes on with what an interrupted run has left.
    pub fn of(files: &IdentityFiles) -> Result<Self, RotationError> {
        let KeyReference::File(key) = &files.key else {
            return Err(RotationError::Unsupported(files.key.clone()));
        };
        let certificate = Place::of(&files.certificate)?;
        let lock = durable::lock(&certificate.now).map_err(|source| RotationError::Replace {
            path: certificate.now.clone(),
            source,
        })?;
        let rotation = Self {
            files: files.clone(),
            key: Place::of(key)?,
            _lock: lock.ok_or_else(|| RotationError::UnderWay(certificate.now.clone()))?,
            certificate,
        };
        rotation.finish()?;
        Ok(rotation)
    }

    /// The key that is to come: made now, unless that was done before. Of the old one's kind if
    /// `spec` does not say otherwise.
    pub fn next_key(&self, spec: Option<KeySpec>) -> Result<Arc<dyn DeviceKey>, RotationError> {
        if !self.key.next.exists() {
            let spec = match spec {
                Some(spec) => spec,
                None => self.current_spec()?,
            };
            let access = self.key.access()?;
            generate::file(&self.key.next, spec, access)?;
        }
        let key = self.open(&self.key.next)?;
        match spec {
            Some(spec) if spec.algorithm() != key.algorithm() => Err(RotationError::OtherSpec {
                path: self.key.next.clone(),
                algorithm: key.algorithm(),
                spec,
            }),
            _ => Ok(Arc::new(key)),
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
        let (path, key) = self.key_of(&chain)?;
        if path == self.key.now
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
        let identity = Identity::new(chain, Arc::new(key), now)?;
        let access = self.certificate.access()?;
        let next = &self.certificate.next;
        durable::write(next, content.as_bytes(), access, Existing::Goes).map_err(|source| {
            RotationError::Replace {
                path: next.clone(),
                source,
            }
        })?;
        Ok(Some(Candidate {
            rotation: self,
            identity,
            key: path,
        }))
    }

    /// Which of the two keys the certificate is of.
    fn key_of(&self, chain: &CertificateChain) -> Result<(PathBuf, FileKey), RotationError> {
        for path in [&self.key.next, &self.key.now] {
            if path.exists() {
                let key = self.open(path)?;
                if key.public_key() == chain.leaf().public_key() {
                    return Ok((path.clone(), key));
                }
            }
        }
        Err(RotationError::Stranger {
            certificate: chain.path().to_owned(),
            key: self.key.now.clone(),
        })
    }

    fn current_spec(&self) -> Result<KeySpec, RotationError> {
        let algorithm = self.open(&self.key.now)?.algorithm();
        // Kinds that nobody makes any more are followed by what a small machine is fastest with.
        Ok(KeySpec::of(algorithm).unwrap_or(KeySpec::P256))
    }

    fn open(&self, path: &Path) -> Result<FileKey, KeyError> {
        FileKey::open(path, self.files.key_permissions)
    }

    /// Does the last step of a rotation that was decided and then interrupted.
    fn finish(&self) -> Result<(), RotationError> {
        let Ok(key) = self.open(&self.key.now) else {
            return Ok(());
        };
        let is_of_key = |path: &Path| {
            CertificateChain::open(path)
                .is_ok_and(|chain| chain.leaf().public_key() == key.public_key())
        };
        if !is_of_key(&self.certificate.now) && is_of_key(&self.certificate.next) {
            self.certificate.move_up()?;
        }
        Ok(())
    }
}

impl Candidate<'_> {
    /// Its files, to be tried out.
    pub fn files(&self) -> IdentityFiles {
        IdentityFiles {
            certificate: self.rotation.certificate.next.clone(),
            key: KeyReference::File(self.key.clone()),
            ..self.rotation.files.clone()
        }
    }

    /// Of the new certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.chain().leaf().fingerprint()
    }

    /// Puts it in the place of the old one, which is gone then.
    pub fn switch(self) -> Result<(), RotationError> {
        if self.key == self.rotation.key.next {
            self.rotation.key.move_up()?;
        }
        self.rotation.certificate.move_up()
    }
}

impl Place {
    /// Of the file itself, not of a symbolic link to it, which is to stay one.
    fn of(path: &Path) -> Result<Self, RotationError> {
        let now = fs::canonicalize(path).map_err(|source| RotationError::Replace {
            path: path.to_owned(),
            source,
        })?;
        let next = beside(&now);
        Ok(Self { now, next })
    }

    fn access(&self) -> Result<Access, RotationError> {
        Access::like(&self.now).map_err(|source| self.error(source))
    }

    fn move_up(&self) -> Result<(), RotationError> {
        durable::rename(&self.next, &self.now).map_err(|source| self.error(source))
    }

    fn error(&self, source: io::Error) -> RotationError {
        RotationError::Replace {
            path: self.now.clone(),
            source,
        }
    }
}

/// The certificate of a rotation that was decided and has not come to its end.
pub(crate) fn decided(certificate: &Path) -> Option<PathBuf> {
    let next = beside(&fs::canonicalize(certificate).ok()?);
    next.exists().then_some(next)
}

fn beside(path: &Path) -> PathBuf {
    let mut next = OsString::from(path);
    next.push(".next");
    next.into()
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
        "the certificate {} is neither of the new key {}.next nor of the present key; \
         `sealift key rotate` without --certificate makes the request that it must be issued for",
        .certificate.display(), .key.display()
    )]
    Stranger {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key in force.
        key: PathBuf,
    },

    /// A new key is there already.
    #[error(
        "the new key {0} has been made already, as {algorithm} and not as {spec}; go on with that one, or remove \
         the file first if no certificate is being issued for it",
        .path.display()
    )]
    OtherSpec {
        /// Its file.
        path: PathBuf,
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

    /// A key that is not in a file.
    #[error("the key {0} is not in a file, and only keys in files are rotated")]
    Unsupported(KeyReference),
}
