//! How a token makes the signatures of TLS.
//!
//! Tokens differ in what they do themselves: some hash, some take only hashes,
//! and a TPM takes what it pleases. For each scheme a recipe says which
//! mechanism is used and what it is given.

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::types::Ulong;
use rustls::SignatureScheme;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::error::TokenError;
use crate::{KeyAlgorithm, der};

/// How to sign in one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) scheme: SignatureScheme,
    hash: Hash,
    padding: Padding,
    hashing: Hashing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    Pkcs1,
    Pss,
    /// ECDSA has none.
    None,
}

/// Who hashes the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hashing {
    Ours,
    Tokens,
}

impl Recipe {
    /// Recipes for the schemes of `algorithm` that a token can sign in, the best
    /// first, as far as the token has the mechanisms for it.
    ///
    /// We hash, unless the token can sign only with hashing. A key that wants its
    /// PIN for every signature is asked in several steps, which tokens offer with
    /// hashing alone: then it is the other way round.
    pub(super) fn all(
        algorithm: KeyAlgorithm,
        offered: &[MechanismType],
        in_steps: bool,
    ) -> Vec<Self> {
        let recipe = |scheme: &SignatureScheme| Self::of(*scheme, offered, in_steps);
        algorithm.schemes().iter().filter_map(recipe).collect()
    }

    /// The recipe for one scheme. One of ECDSA may be that of another curve than the key's, as in
    /// TLS 1.2: only its hash counts.
    pub(super) fn of(
        scheme: SignatureScheme,
        offered: &[MechanismType],
        in_steps: bool,
    ) -> Option<Self> {
        let preference = if in_steps {
            [Hashing::Tokens, Hashing::Ours]
        } else {
            [Hashing::Ours, Hashing::Tokens]
        };
        let (padding, hash) = parts(scheme)?;
        preference
            .map(|hashing| Self {
                scheme,
                hash,
                padding,
                hashing,
            })
            .into_iter()
            .find(|recipe| offered.contains(&recipe.mechanism().mechanism_type()))
    }

    /// The mechanism to sign with.
    pub(super) fn mechanism(self) -> Mechanism<'static> {
        use Hash::{Sha256, Sha384, Sha512};
        match (self.padding, self.hashing, self.hash) {
            (Padding::Pkcs1, Hashing::Ours, _) => Mechanism::RsaPkcs,
            (Padding::Pkcs1, Hashing::Tokens, Sha256) => Mechanism::Sha256RsaPkcs,
            (Padding::Pkcs1, Hashing::Tokens, Sha384) => Mechanism::Sha384RsaPkcs,
            (Padding::Pkcs1, Hashing::Tokens, Sha512) => Mechanism::Sha512RsaPkcs,
            (Padding::Pss, Hashing::Ours, hash) => Mechanism::RsaPkcsPss(hash.pss()),
            (Padding::Pss, Hashing::Tokens, Sha256) => Mechanism::Sha256RsaPkcsPss(Sha256.pss()),
            (Padding::Pss, Hashing::Tokens, Sha384) => Mechanism::Sha384RsaPkcsPss(Sha384.pss()),
            (Padding::Pss, Hashing::Tokens, Sha512) => Mechanism::Sha512RsaPkcsPss(Sha512.pss()),
            (Padding::None, Hashing::Ours, _) => Mechanism::Ecdsa,
            (Padding::None, Hashing::Tokens, Sha256) => Mechanism::EcdsaSha256,
            (Padding::None, Hashing::Tokens, Sha384) => Mechanism::EcdsaSha384,
            (Padding::None, Hashing::Tokens, Sha512) => Mechanism::EcdsaSha512,
        }
    }

    /// What the mechanism is given to sign `message`.
    pub(super) fn input(self, message: &[u8]) -> Vec<u8> {
        match (self.hashing, self.padding) {
            (Hashing::Tokens, _) => message.to_vec(),
            (Hashing::Ours, Padding::Pkcs1) => {
                [self.hash.digest_info(), &self.hash.digest(message)].concat()
            }
            (Hashing::Ours, Padding::Pss | Padding::None) => self.hash.digest(message),
        }
    }

    /// The signature in TLS's form, from the token's.
    pub(super) fn signature(
        self,
        algorithm: KeyAlgorithm,
        raw: Vec<u8>,
    ) -> Result<Vec<u8>, TokenError> {
        let expected = match algorithm {
            KeyAlgorithm::Rsa { bits } => bits.div_ceil(8),
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::Ed25519 => 2 * 32,
            KeyAlgorithm::EcdsaP384 => 2 * 48,
            KeyAlgorithm::EcdsaP521 => 2 * 66,
        };
        if raw.len() != expected {
            return Err(TokenError::Signature {
                length: raw.len(),
                algorithm,
            });
        }
        Ok(match self.padding {
            Padding::Pkcs1 | Padding::Pss => raw,
            // PKCS#11 v3.1 §6.3.12: r and s, each as long as the curve's order.
            Padding::None => {
                let (r, s) = raw.split_at(expected / 2);
                der::sequence_of_integers([r, s])
            }
        })
    }
}

fn parts(scheme: SignatureScheme) -> Option<(Padding, Hash)> {
    Some(match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => (Padding::Pkcs1, Hash::Sha256),
        SignatureScheme::RSA_PKCS1_SHA384 => (Padding::Pkcs1, Hash::Sha384),
        SignatureScheme::RSA_PKCS1_SHA512 => (Padding::Pkcs1, Hash::Sha512),
        SignatureScheme::RSA_PSS_SHA256 => (Padding::Pss, Hash::Sha256),
        SignatureScheme::RSA_PSS_SHA384 => (Padding::Pss, Hash::Sha384),
        SignatureScheme::RSA_PSS_SHA512 => (Padding::Pss, Hash::Sha512),
        SignatureScheme::ECDSA_NISTP256_SHA256 => (Padding::None, Hash::Sha256),
        SignatureScheme::ECDSA_NISTP384_SHA384 => (Padding::None, Hash::Sha384),
        SignatureScheme::ECDSA_NISTP521_SHA512 => (Padding::None, Hash::Sha512),
        _ => return None,
    })
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// What PKCS #1 v1.5 puts in front of the digest (RFC 8017 §9.2, note 1).
    fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => {
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
            }
            Self::Sha384 => {
                b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
            }
            Self::Sha512 => {
                b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
            }
        }
    }

    /// TLS has the salt as long as the digest (RFC 8446 §4.2.3).
    fn pss(self) -> PkcsPssParams {
        let (hash_alg, mgf, length) = match self {
            Self::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32),
            Self::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
            Self::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
        };
        PkcsPssParams {
            hash_alg,
            mgf,
            s_len: Ulong::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use cryptoki::mechanism::MechanismType as Type;
    use rustls::SignatureScheme as Scheme;

    use super::{Hashing, Recipe};
    use crate::KeyAlgorithm;
    use crate::token::TokenError;

    const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };

    fn recipes(algorithm: KeyAlgorithm, offered: &[Type]) -> Vec<(Scheme, Type)> {
        Recipe::all(algorithm, offered, false)
            .into_iter()
            .map(|recipe| (recipe.scheme, recipe.mechanism().mechanism_type()))
            .collect()
    }

    #[test]
    fn a_token_that_cannot_do_pss_does_not_offer_it() {
        assert_eq!(
            recipes(RSA, &[Type::RSA_PKCS, Type::ECDSA]),
            [
                (Scheme::RSA_PKCS1_SHA256, Type::RSA_PKCS),
                (Scheme::RSA_PKCS1_SHA384, Type::RSA_PKCS),
                (Scheme::RSA_PKCS1_SHA512, Type::RSA_PKCS),
            ]
        );
        assert_eq!(recipes(RSA, &[Type::ECDSA]), []);
    }

    #[test]
    fn the_token_hashes_only_where_it_insists() {
        assert_eq!(
            recipes(RSA, &[Type::SHA256_RSA_PKCS, Type::SHA256_RSA_PKCS_PSS]),
            [
                (Scheme::RSA_PSS_SHA256, Type::SHA256_RSA_PKCS_PSS),
                (Scheme::RSA_PKCS1_SHA256, Type::SHA256_RSA_PKCS),
            ]
        );
        let both = [Type::ECDSA, Type::ECDSA_SHA256];
        assert_eq!(
            recipes(KeyAlgorithm::EcdsaP256, &both),
            [(Scheme::ECDSA_NISTP256_SHA256, Type::ECDSA)]
        );
        let in_steps = Recipe::all(KeyAlgorithm::EcdsaP256, &both, true);
        assert_eq!(in_steps[0].hashing, Hashing::Tokens);
    }

    #[test]
    fn an_ecdsa_signature_becomes_der() {
        let recipe = Recipe::all(KeyAlgorithm::EcdsaP256, &[Type::ECDSA], false)[0];
        let mut raw = vec![0; 64];
        (raw[31], raw[32]) = (1, 0x80);
        let der = recipe.signature(KeyAlgorithm::EcdsaP256, raw).unwrap();
        assert_eq!(der[..7], [0x30, 38, 2, 1, 1, 2, 33]);
        assert_eq!(der[7..10], [0, 0x80, 0]);
    }

    #[test]
    fn a_signature_of_another_length_is_refused() {
        let recipe = Recipe::all(RSA, &[Type::RSA_PKCS], false)[0];
        let refused = recipe.signature(RSA, vec![1; 255]).unwrap_err();
        assert!(matches!(refused, TokenError::Signature { length: 255, .. }));
    }
}
