//! The key in force and the key that comes next, in files or on a token.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::{KeyPermissions, KeyReference, Pkcs11Uri};

use super::RotationError;
use super::place::{Place, beside};
use crate::device_key::DeviceKey;
use crate::durable::{self, Access, Existing};
use crate::file_key::{FileKey, KeyError};
use crate::hexadecimal::hexadecimal;
use crate::identity::{IdentityFiles, open_stamped};
use crate::token::{self, Others, TokenSettings};
use crate::{Certificate, KeySpec, generate};

/// The keys of a device.
#[derive(Debug)]
pub(super) enum Keys {
    /// In files.
    Files {
        place: Place,
        permissions: KeyPermissions,
        credentials: Option<PathBuf>,
    },
    /// On a token, where the certificate tells which of two with the same label is in force.
    Token {
        uri: Pkcs11Uri,
        settings: TokenSettings,
        /// The file that holds the identifier (`CKA_ID`) of the next key, in hexadecimal digits.
        next: PathBuf,
    },
}

impl Keys {
    /// Those of an identity with its certificate in this file.
    pub(super) fn of(files: &IdentityFiles, certificate: &Path) -> Result<Self, RotationError> {
        match &files.key {
            KeyReference::File(path) => Ok(Self::Files {
                place: Place::of(path)?,
                permissions: files.key_permissions,
                credentials: files.tokens.credentials_directory.clone(),
            }),
            KeyReference::Pkcs11(uri) => Ok(Self::Token {
                uri: uri.clone(),
                settings: files.tokens.clone(),
                next: next_id(certificate),
            }),
            KeyReference::Tpm(_) => Err(KeyError::UnsupportedReference {
                reference: files.key.clone(),
            }
            .into()),
        }
    }

    /// The key in force: on a token, the one of this certificate.
    pub(super) fn current(
        &self,
        certificate: Option<&Certificate>,
    ) -> Result<Arc<dyn DeviceKey>, KeyError> {
        match self {
            Self::Files {
                place,
                permissions,
                credentials,
            } => {
                let key = FileKey::open(&place.now, *permissions, credentials.as_deref())?;
                Ok(Arc::new(key))
            }
            Self::Token { uri, settings, .. } => open(uri.clone(), settings, certificate),
        }
    }

    /// The key that comes next, if it has been made.
    pub(super) fn next(&self) -> Result<Option<Arc<dyn DeviceKey>>, RotationError> {
        match self {
            Self::Files {
                place,
                permissions,
                credentials,
            } if place.next.exists() => {
                let key = FileKey::open(&place.next, *permissions, credentials.as_deref())?;
                Ok(Some(Arc::new(key)))
            }
            Self::Files { .. } => Ok(None),
            Self::Token {
                uri,
                settings,
                next,
            } => match read_id(next)? {
                Some(id) => Ok(Some(open(uri.with_id(&id), settings, None)?)),
                None => Ok(None),
            },
        }
    }

    /// Makes the key that comes next.
    pub(super) fn make(&self, spec: KeySpec) -> Result<(), RotationError> {
        match self {
            Self::Files { place, .. } => Ok(generate::file(&place.next, spec, place.access()?)?),
            Self::Token {
                uri,
                settings,
                next,
            } => {
                if uri.object().id.is_some() {
                    return Err(RotationError::Pinned(uri.clone()));
                }
                let made = token::generate(uri, settings, spec, Others::Accepted)
                    .map_err(generate::GenerateError::from)?;
                let id = made.object().id.as_deref().unwrap_or_default();
                write_id(next, id)
            }
        }
    }

    /// Whether moving them is the decision, as it is with files.
    pub(super) fn move_up(&self) -> Result<(), RotationError> {
        match self {
            Self::Files { place, .. } => place.move_up(),
            Self::Token { .. } => Ok(()),
        }
    }

    /// The rotation is over: what is left of the old key goes.
    pub(super) fn settle(
        &self,
        old: Option<SubjectPublicKeyInfoDer<'static>>,
    ) -> Result<(), RotationError> {
        let Self::Token {
            uri,
            settings,
            next,
        } = self
        else {
            return Ok(());
        };
        if let Some(old) = old
            && let Err(error) = token::destroy(uri, settings, old)
        {
            // It signs for nothing any more, once its certificate is deactivated.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                key = %uri,
                "the old key stays on the token"
            );
        }
        match fs::remove_file(next) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(RotationError::Replace {
                    path: next.clone(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }
}

fn open(
    uri: Pkcs11Uri,
    settings: &TokenSettings,
    certificate: Option<&Certificate>,
) -> Result<Arc<dyn DeviceKey>, KeyError> {
    let reference = KeyReference::Pkcs11(uri);
    let opened = open_stamped(&reference, KeyPermissions::Strict, settings, certificate);
    opened.map(|(key, _)| key)
}

/// Where the identifier of the next key on a token is kept.
fn next_id(certificate: &Path) -> PathBuf {
    let mut name = beside(certificate).into_os_string();
    name.push("-key");
    name.into()
}

fn read_id(path: &Path) -> Result<Option<Vec<u8>>, RotationError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(RotationError::Replace {
                path: path.to_owned(),
                source,
            });
        }
    };
    let digits = text.trim();
    let id = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<_>>>()
        .filter(|id| !id.is_empty() && digits.len() % 2 == 0);
    id.map(Some)
        .ok_or_else(|| RotationError::Identifier(path.to_owned()))
}

fn write_id(path: &Path, id: &[u8]) -> Result<(), RotationError> {
    let digits = hexadecimal(id);
    durable::write(path, digits.as_bytes(), Access::OURS, Existing::Goes).map_err(|source| {
        RotationError::Replace {
            path: path.to_owned(),
            source,
        }
    })
}
