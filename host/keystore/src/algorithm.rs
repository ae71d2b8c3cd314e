//! The kinds of keys that a device can have.

use std::fmt::{self, Display, Formatter};

use rustls::{SignatureAlgorithm, SignatureScheme};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A kind of key, and what it signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// RSA, as AWS IoT makes it with 2048 bits.
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
    /// ECDSA on the curve P-256 (secp256r1).
    EcdsaP256,
    /// ECDSA on the curve P-384 (secp384r1).
    EcdsaP384,
    /// ECDSA on the curve P-521 (secp521r1).
    EcdsaP521,
    /// Ed25519. AWS IoT does not take certificates with such keys.
    Ed25519,
}

impl KeyAlgorithm {
    /// The algorithm of a public key (DER of an RFC 5280 `SubjectPublicKeyInfo`);
    /// none if it is none of ours.
    pub fn of_public_key(der: &[u8]) -> Option<Self> {
        let (_, key) = SubjectPublicKeyInfo::from_der(der).ok()?;
        let algorithm = &key.algorithm.algorithm;
        if *algorithm == OID_PKCS1_RSAENCRYPTION {
            let PublicKey::RSA(rsa) = key.parsed().ok()? else {
                return None;
            };
            Some(Self::Rsa {
                bits: bit_length(rsa.modulus),
            })
        } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
            [
                (OID_EC_P256, Self::EcdsaP256),
                (OID_NIST_EC_P384, Self::EcdsaP384),
                (OID_NIST_EC_P521, Self::EcdsaP521),
            ]
            .into_iter()
            .find_map(|(oid, algorithm)| (oid == curve).then_some(algorithm))
        } else {
            (*algorithm == OID_SIG_ED25519).then_some(Self::Ed25519)
        }
    }

    /// The TLS signature schemes of such a key, the best first. RSA has PSS for
    /// TLS 1.3, which forbids PKCS #1 v1.5 (RFC 8446 §4.2.3), and PKCS #1 v1.5
    /// for servers that know nothing else.
    pub fn schemes(self) -> &'static [SignatureScheme] {
        match self {
            Self::Rsa { .. } => &[
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PSS_SHA384,
                SignatureScheme::RSA_PSS_SHA512,
                SignatureScheme::RSA_PKCS1_SHA256,
                SignatureScheme::RSA_PKCS1_SHA384,
                SignatureScheme::RSA_PKCS1_SHA512,
            ],
            Self::EcdsaP256 => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            Self::EcdsaP384 => &[SignatureScheme::ECDSA_NISTP384_SHA384],
            Self::EcdsaP521 => &[SignatureScheme::ECDSA_NISTP521_SHA512],
            Self::Ed25519 => &[SignatureScheme::ED25519],
        }
    }

    /// How TLS 1.2 calls the algorithm.
    pub(crate) fn tls(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RSA,
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => SignatureAlgorithm::ECDSA,
            Self::Ed25519 => SignatureAlgorithm::ED25519,
        }
    }
}

/// The length in bits of an unsigned big-endian number.
pub(crate) fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    digits
        .first()
        .map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize)
}

/// Shows `RSA-2048`, `ECDSA P-256`, `Ed25519` and so on.
impl Display for KeyAlgorithm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyAlgorithm, bit_length};

    #[test]
    fn leading_zeros_do_not_count() {
        for (number, bits) in [
            (&[][..], 0),
            (&[0, 0], 0),
            (&[1], 1),
            (&[0, 0x80, 0], 16),
            (&[0x7f, 0xff], 15),
        ] {
            assert_eq!(bit_length(number), bits, "{number:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_public_key_have_no_algorithm() {
        assert_eq!(KeyAlgorithm::of_public_key(b""), None);
        assert_eq!(KeyAlgorithm::of_public_key(b"\x30\x03\x30\x01\x06"), None);
    }
}
