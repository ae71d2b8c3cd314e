//! Keys that sign somewhere else.

use std::error::Error;

use aws_lc_rs::rand::SecureRandom;
use tough::async_trait;
use tough::schema::key::Key;
use tough::sign::Sign;

use super::error::PublishError;
use super::keys::{Signer, of_public_key};

/// A key that signs somewhere else, such as on a token. A port; the host has the one for PKCS #11.
pub trait Holder: Send + Sync {
    /// The public key, an RFC 5280 `SubjectPublicKeyInfo` in DER.
    fn public_key(&self) -> &[u8];

    /// Signs the message, which is not hashed before, as TUF has it (TUF 4.2): RSA by RSASSA-PSS with SHA-256 and a
    /// salt of 32 bytes, P-256 by ECDSA with SHA-256, in DER. May block.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

struct Held {
    key: Key,
    holder: Box<dyn Holder>,
}

impl Signer {
    /// A key that somebody else holds, under a name for messages.
    pub fn held(name: String, holder: Box<dyn Holder>) -> Result<Self, PublishError> {
        let Some(key) = of_public_key(holder.public_key()) else {
            return Err(PublishError::KeyKind { name });
        };
        Ok(Self::new(name, Box::new(Held { key, holder })))
    }
}

#[async_trait]
impl Sign for Held {
    fn tuf_key(&self) -> Key {
        self.key.clone()
    }

    async fn sign(
        &self,
        message: &[u8],
        _: &(dyn SecureRandom + Sync),
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        self.holder.sign(message)
    }
}
