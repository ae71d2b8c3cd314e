//! Proof that a key can do what it says: a signature that its public key verifies.

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// What is signed: nothing that could pass for a part of a protocol.
pub(super) const MESSAGE: &[u8] = b"sealift asks whether this key signs for this certificate";

/// Whether that is the signature of [`MESSAGE`] by the key.
pub(super) fn verifies(
    public_key: &SubjectPublicKeyInfoDer<'_>,
    scheme: SignatureScheme,
    signature: &[u8],
) -> bool {
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(public_key) else {
        return false;
    };
    let provider = aws_lc_rs::default_provider();
    let algorithms = provider.signature_verification_algorithms.mapping;
    // In TLS 1.2 an ECDSA scheme leaves the curve open, so it has several algorithms.
    algorithms
        .iter()
        .filter(|(known, _)| *known == scheme)
        .flat_map(|(_, algorithms)| algorithms.iter())
        .any(|algorithm| {
            let key = &key.subject_public_key.data;
            algorithm.verify_signature(key, MESSAGE, signature).is_ok()
        })
}
