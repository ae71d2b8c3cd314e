//! Where the device's certificate is.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::pkcs11_uri::{ObjectClass, Pkcs11Uri, Pkcs11UriError};

/// Where the device's certificate is: `PEM path | pkcs11:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateReference {
    /// A PEM file with the chain, the device's own first.
    File(PathBuf),
    /// A certificate on a PKCS#11 token.
    Pkcs11(Pkcs11Uri),
}

impl CertificateReference {
    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Pkcs11(_) => None,
        }
    }
}

impl FromStr for CertificateReference {
    type Err = CertificateReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(CertificateReferenceError::Empty);
        }
        if !text.starts_with("pkcs11:") {
            return Ok(Self::File(text.into()));
        }
        let uri: Pkcs11Uri = text.parse()?;
        match uri.object().class {
            None | Some(ObjectClass::Certificate) => Ok(Self::Pkcs11(uri)),
            Some(_) => Err(CertificateReferenceError::Class),
        }
    }
}

/// Shows what was written, but for a token's PIN.
impl Display for CertificateReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Pkcs11(uri) => uri.fmt(f),
        }
    }
}

/// Not the place of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateReferenceError {
    /// Nothing at all.
    #[error("the path is empty")]
    Empty,
    /// Not a PKCS#11 URI.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11UriError),
    /// The URI of something else.
    #[error("the PKCS#11 URI is not that of a certificate; leave `type` out or write type=cert")]
    Class,
}

#[cfg(test)]
mod tests {
    use super::{CertificateReference, CertificateReferenceError};

    #[test]
    fn the_prefix_tells_file_and_token_apart() {
        let parse = |text: &str| text.parse::<CertificateReference>();
        assert_eq!(
            parse("./pkcs11:x"),
            Ok(CertificateReference::File("./pkcs11:x".into()))
        );
        assert!(matches!(
            parse("pkcs11:object=c;type=cert"),
            Ok(CertificateReference::Pkcs11(_))
        ));
        assert_eq!(
            parse("pkcs11:type=private"),
            Err(CertificateReferenceError::Class)
        );
        assert_eq!(parse(""), Err(CertificateReferenceError::Empty));
    }
}
