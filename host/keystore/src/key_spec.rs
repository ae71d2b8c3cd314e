//! The kinds of keys that are made here.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
};
use zeroize::Zeroizing;

use crate::{KeyAlgorithm, pem};

/// A kind of key to make: those that AWS IoT takes certificates of ("X.509 client certificates",
/// AWS IoT Core Developer Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// ECDSA on the curve P-256.
    P256,
    /// ECDSA on the curve P-384.
    P384,
}

impl KeySpec {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
    ];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }

    /// That of an existing key; none if no such keys are made.
    pub fn of(algorithm: KeyAlgorithm) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|spec| spec.algorithm() == algorithm)
    }

    /// The kind that such a key is of.
    pub const fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Rsa2048 => KeyAlgorithm::Rsa { bits: 2048 },
            Self::Rsa3072 => KeyAlgorithm::Rsa { bits: 3072 },
            Self::Rsa4096 => KeyAlgorithm::Rsa { bits: 4096 },
            Self::P256 => KeyAlgorithm::EcdsaP256,
            Self::P384 => KeyAlgorithm::EcdsaP384,
        }
    }

    /// A new key: PKCS #8 in PEM, wiped when dropped, as the library wipes what it was made in.
    ///
    /// Blocks; for some seconds with the longest RSA keys on a small machine.
    pub(crate) fn generate(self) -> Result<Zeroizing<String>, Unspecified> {
        let rsa = |size| {
            let der = rsa::KeyPair::generate(size)?.as_der()?;
            Ok(pem::encode(LABEL, der.as_ref()))
        };
        let ecdsa = |algorithm| {
            let der = EcdsaKeyPair::generate(algorithm)?.to_pkcs8v1()?;
            Ok(pem::encode(LABEL, der.as_ref()))
        };
        match self {
            Self::Rsa2048 => rsa(KeySize::Rsa2048),
            Self::Rsa3072 => rsa(KeySize::Rsa3072),
            Self::Rsa4096 => rsa(KeySize::Rsa4096),
            Self::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        }
    }
}

const LABEL: &str = "PRIVATE KEY";

impl Display for KeySpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeySpec {
    type Err = UnknownKeySpec;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spec = Self::ALL.into_iter().find(|spec| spec.name() == text);
        spec.ok_or(UnknownKeySpec)
    }
}

/// Not a kind of key that is made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys are of the kinds rsa-2048, rsa-3072, rsa-4096, p256 and p384")]
pub struct UnknownKeySpec;
