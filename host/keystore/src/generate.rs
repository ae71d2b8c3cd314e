//! Making keys.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealift_config::{KeyPermissions, KeyReference};

use crate::KeySpec;
use crate::device_key::DeviceKey;
use crate::durable::{self, Access, Existing};
use crate::file_key::KeyError;
use crate::identity::open_key;
use crate::token::{self, Others, TokenError, TokenSettings};

/// Makes a key: in a new file that only we can read (PKCS #8 in PEM), or on a token, which it never
/// leaves. A key that is there stays.
pub fn generate_key(
    reference: &KeyReference,
    tokens: &TokenSettings,
    spec: KeySpec,
) -> Result<Arc<dyn DeviceKey>, GenerateError> {
    let made = match reference {
        KeyReference::File(path) => {
            file(path, spec, Access::OURS)?;
            reference.clone()
        }
        KeyReference::Pkcs11(uri) => {
            let made = token::generate(uri, tokens, spec, Others::Refused)?;
            KeyReference::Pkcs11(made)
        }
        KeyReference::Tpm(_) => {
            return Err(KeyError::UnsupportedReference {
                reference: reference.clone(),
            }
            .into());
        }
    };
    Ok(open_key(&made, KeyPermissions::Strict, tokens)?)
}

pub(crate) fn file(path: &Path, spec: KeySpec, access: Access) -> Result<(), GenerateError> {
    let key = spec.generate().map_err(|_| GenerateError::Refused(spec))?;
    durable::write(path, key.as_bytes(), access, Existing::Stays).map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists {
            GenerateError::Exists(path)
        } else {
            GenerateError::Write { path, source }
        }
    })
}

/// There is no new key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A key that is there is never overwritten.
    #[error(
        "{} exists, and a key that is there is never overwritten; `sealift key rotate` puts another in its place",
        .0.display()
    )]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("cannot write the new key {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The token makes none.
    #[error("cannot make the new key")]
    Token(#[from] TokenError),
    /// The cryptographic library makes none, for instance without random numbers.
    #[error("the cryptographic library made no key of the kind {0}")]
    Refused(KeySpec),
    /// What was written cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
}
