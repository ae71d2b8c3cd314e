//! What the gateway can do with its private key: sign, and nothing else.

use std::error::Error;
use std::fmt::Debug;

use rustls::SignatureScheme;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::KeyReference;

use crate::KeyAlgorithm;

/// A private key that signs. No method gives the key away, so no caller can.
///
/// Implementations must show nothing of the key in `Debug`.
pub trait DeviceKey: Debug + Send + Sync {
    /// Where the key is, for messages.
    fn reference(&self) -> &KeyReference;

    /// The kind of key.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The schemes that [`DeviceKey::sign`] accepts, the best first.
    fn schemes(&self) -> &[SignatureScheme] {
        self.algorithm().schemes()
    }

    /// The public key, an RFC 5280 `SubjectPublicKeyInfo`.
    fn public_key(&self) -> &SubjectPublicKeyInfoDer<'static>;

    /// Whether signing may take long enough, a tenth of a second and more, that it
    /// should not be done where anything else waits.
    fn is_slow(&self) -> bool {
        false
    }

    /// Signs `message`, which is not hashed before: the scheme says with what.
    /// ECDSA signatures are DER, as TLS has them (RFC 8446 §4.2.3).
    ///
    /// Blocks for as long as the key takes.
    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Signs `message` with SHA-256 whatever the key: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), or ECDSA on
    /// the key's own curve. Protocols other than TLS do not bind a curve to a hash.
    ///
    /// Keys on tokens can do that; of those in files RSA and P-256 can.
    fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } => self.sign(SignatureScheme::RSA_PKCS1_SHA256, message),
            KeyAlgorithm::EcdsaP256 => self.sign(SignatureScheme::ECDSA_NISTP256_SHA256, message),
            algorithm => Err(SignError::Sha256 {
                reference: self.reference().clone(),
                algorithm,
            }),
        }
    }
}

/// The key did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key cannot sign like that.
    #[error("a key of the kind {algorithm} does not sign with {scheme:?}")]
    Scheme {
        /// What was asked for.
        scheme: SignatureScheme,
        /// The kind of key.
        algorithm: KeyAlgorithm,
    },

    /// The key signs with other hashes only.
    #[error(
        "the key {reference}, of the kind {algorithm}, cannot sign with SHA-256 here; use an RSA or P-256 key, \
         or one on a token"
    )]
    Sha256 {
        /// The key.
        reference: KeyReference,
        /// The kind of key.
        algorithm: KeyAlgorithm,
    },

    /// The key is out of order or, on a token, out of reach.
    #[error("signing with the key {reference} failed")]
    Failed {
        /// The key.
        reference: KeyReference,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}
