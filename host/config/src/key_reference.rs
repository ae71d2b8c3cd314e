//! Where the device's private key is.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

use crate::pkcs11_uri::{ObjectClass, Pkcs11Uri, Pkcs11UriError};

/// Where the device's private key is: `PEM path | pkcs11:… | handle:0x81…`.
///
/// A file whose name begins like one of the others is written with `./` in
/// front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReference {
    /// A PEM file.
    File(PathBuf),
    /// A key on a PKCS#11 token.
    Pkcs11(Pkcs11Uri),
    /// A persistent object of a TPM 2.0.
    Tpm(TpmHandle),
}

impl FromStr for KeyReference {
    type Err = KeyReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("pkcs11:") {
            let uri: Pkcs11Uri = text.parse()?;
            return match uri.object().class {
                None | Some(ObjectClass::PrivateKey) => Ok(Self::Pkcs11(uri)),
                Some(_) => Err(KeyReferenceError::Class),
            };
        }
        if text.starts_with("handle:") {
            return text.parse().map(Self::Tpm);
        }
        if text.starts_with("-----BEGIN") {
            return Err(KeyReferenceError::Inline);
        }
        if text.is_empty() {
            return Err(KeyReferenceError::Empty);
        }
        Ok(Self::File(text.into()))
    }
}

/// Shows what was written, but for a token's PIN.
impl Display for KeyReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Pkcs11(uri) => uri.fmt(f),
            Self::Tpm(handle) => handle.fmt(f),
        }
    }
}

/// The handle of a persistent TPM object, written `handle:0x81000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TpmHandle(u32);

impl TpmHandle {
    /// The handle's number, `0x8100_0000` to `0x81ff_ffff`.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl FromStr for TpmHandle {
    type Err = KeyReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text
            .strip_prefix("handle:0x")
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .ok_or(KeyReferenceError::TpmHandle)?;
        u32::from_str_radix(digits, 16)
            .ok()
            .filter(|handle| handle >> 24 == PERSISTENT)
            .map(Self)
            .ok_or(KeyReferenceError::TpmHandle)
    }
}

/// `TPM_HT_PERSISTENT` (TPM 2.0 Library, part 2, §7.2).
const PERSISTENT: u32 = 0x81;

impl Display for TpmHandle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "handle:0x{:08x}", self.0)
    }
}

/// Not the place of a key. Never quotes the value, since it may hold a PIN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyReferenceError {
    /// Nothing at all.
    #[error("the key is missing; write the path of a PEM file, pkcs11:… or handle:0x81…")]
    Empty,
    /// The key itself.
    #[error(
        "this is a key itself; put it into a file that only the service can read, and write the file's path"
    )]
    Inline,
    /// Not a PKCS#11 URI.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11UriError),
    /// The URI of something else.
    #[error("the PKCS#11 URI is not that of a private key; leave `type` out or write type=private")]
    Class,
    /// Not the handle of a persistent TPM object.
    #[error(
        "a TPM handle is handle:0x and a number from 0x81000000 to 0x81ffffff, such as handle:0x81000001"
    )]
    TpmHandle,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{KeyReference, KeyReferenceError, TpmHandle};

    fn parse(text: &str) -> Result<KeyReference, KeyReferenceError> {
        text.parse()
    }

    #[test]
    fn the_prefix_tells_file_token_and_tpm_apart() {
        assert_eq!(
            parse("private.pem.key"),
            Ok(KeyReference::File("private.pem.key".into()))
        );
        assert_eq!(
            parse("./pkcs11:x"),
            Ok(KeyReference::File("./pkcs11:x".into()))
        );
        assert_eq!(
            parse("handle:0x81000001"),
            Ok(KeyReference::Tpm(TpmHandle(0x8100_0001)))
        );
        assert!(matches!(
            parse("pkcs11:object=key"),
            Ok(KeyReference::Pkcs11(_))
        ));
        assert_eq!(parse("pkcs11:type=cert"), Err(KeyReferenceError::Class));
    }

    #[test]
    fn only_persistent_tpm_objects_have_a_handle_worth_configuring() {
        for text in [
            "handle:0x80000000",
            "handle:0x82000000",
            "handle:81000001",
            "handle:0x+1000001",
            "handle:0x",
            "handle:",
        ] {
            assert_eq!(parse(text), Err(KeyReferenceError::TpmHandle), "{text}");
        }
    }

    #[test]
    fn a_key_pasted_into_the_configuration_is_refused_and_not_repeated() {
        let error = parse("-----BEGIN PRIVATE KEY-----\nMIIsecret").unwrap_err();
        assert_eq!(error, KeyReferenceError::Inline);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_reference(number in 0x8100_0000..=0x81ff_ffff_u32, path in "[a-z./][a-z./ ]{0,20}") {
            let handle = KeyReference::Tpm(TpmHandle(number));
            prop_assert_eq!(parse(&handle.to_string()), Ok(handle));
            let file = KeyReference::File(path.into());
            prop_assert_eq!(parse(&file.to_string()), Ok(file));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(handle:|pkcs11:)?\\PC*") {
            let _ = parse(&text);
        }
    }
}
