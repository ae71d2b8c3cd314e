//! A request for a certificate (PKCS #10, RFC 2986), signed by the key wherever it is.

use std::cell::OnceCell;
use std::str::FromStr;

use rcgen::{CertificateParams, DistinguishedName, DnType, PublicKeyData, SignatureAlgorithm};
use rustls::SignatureScheme;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::device_key::{DeviceKey, SignError};
use crate::{KeyAlgorithm, pem};

/// A request in PEM for a certificate of `key` with this subject. AWS IoT's
/// `CreateCertificateFromCsr` takes it, and so does any other authority.
///
/// Blocks for as long as the key takes to sign.
pub fn certificate_request(key: &dyn DeviceKey, subject: &Subject) -> Result<String, RequestError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject.0.clone();
    let requester = Requester::of(key)?;
    let request = params.serialize_request(&requester);
    // What the library says of a signature that it did not get is less than what the key said.
    if let Some(error) = requester.refused.into_inner() {
        return Err(error.into());
    }
    let request = request.map_err(|source| RequestError::Encoding(source.to_string()))?;
    Ok(pem::encode("CERTIFICATE REQUEST", request.der()).to_string())
}

/// Whose certificate it shall be (RFC 5280 §4.1.2.6), written like `CN=gateway-17,O=Acme,C=DE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(DistinguishedName);

impl Subject {
    /// A subject with nothing but a common name.
    pub fn of_common_name(name: &str) -> Self {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        Self(subject)
    }
}

/// The longest text of a subject, in bytes.
const LONGEST: usize = 1024;

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(SubjectError::Unprintable);
        }
        let mut subject = DistinguishedName::new();
        for attribute in attributes(text) {
            let (name, value) = attribute.split_once('=').ok_or(SubjectError::NoValue)?;
            let value = unescaped(value.trim()).ok_or(SubjectError::Escape)?;
            if value.is_empty() {
                return Err(SubjectError::NoValue);
            }
            let name = name.trim();
            let kind = kind(name).ok_or_else(|| SubjectError::Unknown(name.to_owned()))?;
            if kind == DnType::CountryName
                && !(value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()))
            {
                return Err(SubjectError::Country);
            }
            if subject.get(&kind).is_some() {
                return Err(SubjectError::Twice(name.to_owned()));
            }
            subject.push(kind, value);
        }
        Ok(Self(subject))
    }
}

/// The parts between commas that no backslash escapes (RFC 4514 §2.4).
fn attributes(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |letter| {
        let separates = letter == ',' && !escaped;
        escaped = letter == '\\' && !escaped;
        separates
    })
}

/// The value that is meant; none if a backslash stands before what needs none.
fn unescaped(value: &str) -> Option<String> {
    let mut letters = value.chars();
    let mut plain = String::with_capacity(value.len());
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => letters.next().filter(|escaped| {
                matches!(
                    escaped,
                    ',' | '\\' | '+' | '"' | '<' | '>' | ';' | '=' | '#'
                )
            })?,
            '+' | '"' | '<' | '>' | ';' => return None,
            letter => letter,
        });
    }
    Some(plain)
}

/// The attributes that device certificates have (RFC 4519 §2).
fn kind(name: &str) -> Option<DnType> {
    Some(match name.to_ascii_uppercase().as_str() {
        "CN" => DnType::CommonName,
        "O" => DnType::OrganizationName,
        "OU" => DnType::OrganizationalUnitName,
        "C" => DnType::CountryName,
        "L" => DnType::LocalityName,
        "ST" => DnType::StateOrProvinceName,
        // id-at-serialNumber (RFC 4519 §2.31)
        "SERIALNUMBER" => DnType::CustomDnType(vec![2, 5, 4, 5]),
        _ => return None,
    })
}

/// A key as the library that encodes requests wants to see it.
struct Requester<'k> {
    key: &'k dyn DeviceKey,
    public_key: Vec<u8>,
    scheme: SignatureScheme,
    algorithm: &'static SignatureAlgorithm,
    refused: OnceCell<SignError>,
}

impl<'k> Requester<'k> {
    fn of(key: &'k dyn DeviceKey) -> Result<Self, RequestError> {
        let (scheme, algorithm) = signature(key.algorithm());
        let (_, public_key) = SubjectPublicKeyInfo::from_der(key.public_key())
            .map_err(|error| RequestError::Encoding(error.to_string()))?;
        Ok(Self {
            key,
            public_key: public_key.subject_public_key.data.into_owned(),
            scheme,
            algorithm,
            refused: OnceCell::new(),
        })
    }
}

/// How a request of such a key is signed. RSA as every authority understands it.
fn signature(key: KeyAlgorithm) -> (SignatureScheme, &'static SignatureAlgorithm) {
    match key {
        KeyAlgorithm::Rsa { .. } => (SignatureScheme::RSA_PKCS1_SHA256, &rcgen::PKCS_RSA_SHA256),
        KeyAlgorithm::EcdsaP256 => (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &rcgen::PKCS_ECDSA_P256_SHA256,
        ),
        KeyAlgorithm::EcdsaP384 => (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &rcgen::PKCS_ECDSA_P384_SHA384,
        ),
        KeyAlgorithm::EcdsaP521 => (
            SignatureScheme::ECDSA_NISTP521_SHA512,
            &rcgen::PKCS_ECDSA_P521_SHA512,
        ),
        KeyAlgorithm::Ed25519 => (SignatureScheme::ED25519, &rcgen::PKCS_ED25519),
    }
}

impl PublicKeyData for Requester<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public_key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl rcgen::SigningKey for Requester<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign(self.scheme, message).map_err(|error| {
            // Asked once for each request.
            let _ = self.refused.set(error);
            rcgen::Error::RemoteKeyError
        })
    }
}

/// There is no request for a certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The key does not sign.
    #[error("cannot sign the certificate request")]
    Sign(#[from] SignError),
    /// The subject has letters that its attributes do not take, or the public key is none.
    #[error("cannot encode the certificate request: {0}")]
    Encoding(String),
}

/// Not the subject of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// An attribute without a value.
    #[error("a subject is name=value pairs joined by commas, such as CN=gateway-17,O=Acme")]
    NoValue,
    /// An attribute that we know nothing of.
    #[error("`{0}` is no attribute of a subject; there are CN, O, OU, C, L, ST and serialNumber")]
    Unknown(String),
    /// An attribute that comes twice.
    #[error("{0} is given twice")]
    Twice(String),
    /// No country.
    #[error("C is a country's two letters, such as DE (ISO 3166)")]
    Country,
    /// Something that needs a backslash, or has one that it does not need.
    #[error("write \\, for a comma in a value, and likewise \\+ \\\" \\< \\> \\; \\\\")]
    Escape,
    /// Control characters, or too much.
    #[error("a subject is at most 1024 bytes of printable text")]
    Unprintable,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{Subject, SubjectError};

    fn parse(text: &str) -> Result<Subject, SubjectError> {
        text.parse()
    }

    #[test]
    fn a_comma_in_a_value_is_escaped() {
        let subject = parse(r"CN=gateway\, the first,O=Acme").unwrap();
        let values: Vec<_> = subject.0.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(values, ["gateway, the first".into(), "Acme".into()]);
    }

    #[test]
    fn what_is_no_subject_says_why() {
        for (text, error) in [
            ("", SubjectError::NoValue),
            ("CN=", SubjectError::NoValue),
            ("gateway", SubjectError::NoValue),
            ("CN=a,", SubjectError::NoValue),
            ("X=a", SubjectError::Unknown("X".into())),
            ("CN=a,cn=b", SubjectError::Twice("cn".into())),
            ("C=de", SubjectError::Country),
            ("C=DEU", SubjectError::Country),
            ("CN=a+O=b", SubjectError::Escape),
            (r"CN=a\", SubjectError::Escape),
            (r"CN=a\b", SubjectError::Escape),
            ("CN=a\nO=b", SubjectError::Unprintable),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_either_parses_or_says_why(text in ".{0,64}") {
            let _ = parse(&text);
        }

        #[test]
        fn every_value_can_be_written(value in "[ -~]{1,32}") {
            prop_assume!(value.trim() == value);
            let mut written = String::new();
            for letter in value.chars() {
                if r#",\+"<>;=#"#.contains(letter) {
                    written.push('\\');
                }
                written.push(letter);
            }
            prop_assert_eq!(parse(&format!("CN={written}")), Ok(Subject::of_common_name(&value)));
        }
    }
}
