//! The identity as rustls wants it.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::SubjectPublicKeyInfoDer;

use crate::{DeviceKey, Identity};

pub(crate) fn resolver(identity: &Identity) -> Arc<dyn ResolvesClientCert> {
    let key = Arc::new(HandshakeKey(identity.key().clone()));
    Arc::new(Resolver(Arc::new(CertifiedKey::new(
        identity.chain().der(),
        key,
    ))))
}

/// Presents the same certificate to every server that asks for one.
#[derive(Debug)]
struct Resolver(Arc<CertifiedKey>);

impl ResolvesClientCert for Resolver {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        // The hints are not looked at: servers leave out authorities that they
        // accept, AWS IoT among them, and we have no other certificate anyway.
        let usable = self.0.key.choose_scheme(schemes).is_some();
        usable.then(|| self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct HandshakeKey(Arc<dyn DeviceKey>);

impl SigningKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self
            .0
            .schemes()
            .iter()
            .find(|ours| offered.contains(ours))?;
        Some(Box::new(HandshakeSigner {
            key: self.0.clone(),
            scheme: *scheme,
        }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.0.public_key().as_ref()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm().tls()
    }
}

#[derive(Debug)]
struct HandshakeSigner {
    key: Arc<dyn DeviceKey>,
    scheme: SignatureScheme,
}

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.key
            .sign(self.scheme, message)
            .map_err(|error| OtherError(Arc::new(error)).into())
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
