//! The PIN of a token, on its short way from where it is kept to the token.

use std::path::{Path, PathBuf};

use cryptoki::types::AuthPin;
use sealift_config::{PinSource, Pkcs11Uri};

use super::error::{PinOrigin, TokenError};
use crate::small_file::{SmallFile, Stamp};

/// A PIN and where it is from. Wiped when dropped; it has no `Debug`.
pub(super) struct Pin {
    pub(super) secret: AuthPin,
    pub(super) origin: PinOrigin,
    /// Changes when the PIN may have.
    pub(super) stamp: PinStamp,
}

/// Tells one PIN from another of the same origin without keeping either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PinStamp {
    File(PathBuf, Stamp),
    Uri(Pkcs11Uri),
}

/// The PIN that the URI gives or points to, if any.
pub(super) fn read(uri: &Pkcs11Uri, credentials: Option<&Path>) -> Result<Option<Pin>, TokenError> {
    let Some(source) = uri.pin() else {
        return Ok(None);
    };
    match (source, path(source, credentials)?) {
        (_, Some(path)) => of_file(path).map(Some),
        (PinSource::Value(pin), None) => Ok(Some(Pin {
            secret: AuthPin::from(pin.as_str()),
            origin: PinOrigin::Uri,
            stamp: PinStamp::Uri(uri.clone()),
        })),
        (_, None) => Ok(None),
    }
}

/// The file of a PIN; none for one in the URI.
pub(super) fn path(
    source: &PinSource,
    credentials: Option<&Path>,
) -> Result<Option<PathBuf>, TokenError> {
    match source {
        PinSource::Value(_) => Ok(None),
        PinSource::File(path) => Ok(Some(path.clone())),
        PinSource::Credential(name) => match credentials {
            Some(directory) => Ok(Some(directory.join(name))),
            None => Err(TokenError::NoCredentials { name: name.clone() }),
        },
    }
}

fn of_file(path: PathBuf) -> Result<Pin, TokenError> {
    let file = SmallFile::read(&path).map_err(TokenError::PinFile)?;
    // Editors and `echo` end the line.
    let line = file.content.strip_suffix(b"\n").unwrap_or(&file.content);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match str::from_utf8(line) {
        Ok(pin) if !pin.is_empty() && !pin.contains(['\n', '\r', '\0']) => Ok(Pin {
            secret: AuthPin::from(pin),
            origin: PinOrigin::File(path.clone()),
            stamp: PinStamp::File(path, file.stamp),
        }),
        _ => Err(TokenError::PinMalformed { path }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use secrecy::ExposeSecret;

    use super::{PinOrigin, TokenError, read};

    fn pin(content: &str) -> Result<String, TokenError> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("pin"), content).unwrap();
        let uri = "pkcs11:pin-source=pin".parse().unwrap();
        let pin = read(&uri, Some(directory.path()))?.unwrap();
        assert_eq!(pin.origin, PinOrigin::File(directory.path().join("pin")));
        Ok(pin.secret.expose_secret().to_owned())
    }

    #[test]
    fn the_line_end_of_a_file_is_not_part_of_the_pin() {
        for content in ["12 34", "12 34\n", "12 34\r\n"] {
            assert_eq!(pin(content).unwrap(), "12 34");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_no_pin() {
        for content in ["", "\n", "1234\n5678\n", "\0\0"] {
            assert!(matches!(pin(content), Err(TokenError::PinMalformed { .. })));
        }
    }

    #[test]
    fn a_credential_needs_the_directory_that_systemd_makes() {
        let uri = "pkcs11:pin-source=token-pin".parse().unwrap();
        let refused = read(&uri, None).err().unwrap();
        assert!(matches!(refused, TokenError::NoCredentials { name } if name == "token-pin"));
    }
}
