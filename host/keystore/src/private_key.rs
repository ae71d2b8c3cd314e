//! What kind of private key some DER is, for messages about one that is refused.

use rustls_pki_types::PrivateKeyDer;
use x509_parser::asn1_rs::{Any, FromDer, Integer, OctetString, Oid, Sequence};
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION};
use x509_parser::x509::AlgorithmIdentifier;

use crate::algorithm::bit_length;

/// The kind of a private key, such as `RSA-1024` or `X25519`; none if the DER is
/// damaged.
pub(crate) fn kind(key: &PrivateKeyDer<'_>) -> Option<String> {
    match key {
        PrivateKeyDer::Pkcs1(der) => rsa(der.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(der) => sec1(der.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
        _ => None,
    }
}

/// `OneAsymmetricKey` (RFC 5958 §2).
fn pkcs8(der: &[u8]) -> Option<String> {
    let (_, fields) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&fields.content).ok()?;
    let (rest, algorithm) = AlgorithmIdentifier::from_der(rest).ok()?;
    let (_, key) = OctetString::from_der(rest).ok()?;
    if algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
        return rsa(key.as_ref());
    }
    if algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        return match algorithm.parameters?.as_oid() {
            Ok(curve) => Some(format!("EC on the curve {}", name(&curve))),
            Err(_) => Some("EC with a curve of its own".to_owned()),
        };
    }
    Some(name(&algorithm.algorithm))
}

/// `RSAPrivateKey` (RFC 8017 §A.1.2).
fn rsa(der: &[u8]) -> Option<String> {
    let (_, fields) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&fields.content).ok()?;
    let (_, modulus) = Integer::from_der(rest).ok()?;
    Some(format!("RSA-{}", bit_length(modulus.as_ref())))
}

/// `ECPrivateKey` (RFC 5915 §3).
fn sec1(der: &[u8]) -> Option<String> {
    let (_, fields) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&fields.content).ok()?;
    let (rest, _key) = OctetString::from_der(rest).ok()?;
    let (_, parameters) = Any::from_der(rest).ok()?;
    match Oid::from_der(parameters.data) {
        Ok((_, curve)) => Some(format!("EC on the curve {}", name(&curve))),
        Err(_) => Some("EC with a curve of its own".to_owned()),
    }
}

fn name(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    NAMES
        .iter()
        .find(|(known, _)| *known == id)
        .map_or(id, |(_, name)| (*name).to_owned())
}

/// Algorithms and curves that keys are made with and that we do not sign with,
/// or only in some encodings.
const NAMES: [(&str, &str); 14] = [
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.3.132.0.33", "P-224"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
];
