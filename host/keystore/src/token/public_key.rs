//! The public half of a key on a token.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use rustls::sign::public_key_to_spki;
use rustls_pki_types::{AlgorithmIdentifier, SubjectPublicKeyInfoDer, alg_id};
use x509_parser::asn1_rs::{FromDer, OctetString, Oid};
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521};

use super::search::{Object, attribute, bytes};
use crate::der;

/// What a token tells of a private key's public half.
pub(super) enum PublicKey {
    /// All of it.
    Known(SubjectPublicKeyInfoDer<'static>),
    /// Nothing.
    Untold,
    /// That we cannot use it.
    Unsupported(String),
}

impl PublicKey {
    /// Looks at the private key itself, then at the public key with the same id
    /// or, without ids, the same label.
    pub(super) fn of(session: &Session, key: &Object) -> Result<Self, Error> {
        let kind = attribute(session, key.handle, AttributeType::KeyType)?;
        let Some(Attribute::KeyType(kind)) = kind else {
            return Ok(Self::Unsupported("unknown".to_owned()));
        };
        if kind != KeyType::RSA && kind != KeyType::EC {
            return Ok(Self::Unsupported(kind.to_string()));
        }
        let public = Object::all(session, ObjectClass::PUBLIC_KEY)?
            .into_iter()
            .filter(|public| match key.id.as_slice() {
                [] => !key.label.is_empty() && public.label == key.label,
                id => public.id == id,
            })
            .map(|public| public.handle);
        for object in [key.handle].into_iter().chain(public) {
            let found = if kind == KeyType::RSA {
                rsa(session, object)?
            } else {
                ec(session, object)?
            };
            if !matches!(found, Self::Untold) {
                return Ok(found);
            }
        }
        Ok(Self::Untold)
    }
}

fn rsa(session: &Session, object: ObjectHandle) -> Result<PublicKey, Error> {
    let modulus = bytes(session, object, AttributeType::Modulus)?;
    let exponent = bytes(session, object, AttributeType::PublicExponent)?;
    let (Some(modulus), Some(exponent)) = (modulus, exponent) else {
        return Ok(PublicKey::Untold);
    };
    let numbers = der::sequence_of_integers([&modulus, &exponent]);
    Ok(PublicKey::Known(public_key_to_spki(
        &alg_id::RSA_ENCRYPTION,
        numbers,
    )))
}

fn ec(session: &Session, object: ObjectHandle) -> Result<PublicKey, Error> {
    let parameters = bytes(session, object, AttributeType::EcParams)?;
    let point = bytes(session, object, AttributeType::EcPoint)?;
    let (Some(parameters), Some(point)) = (parameters, point) else {
        return Ok(PublicKey::Untold);
    };
    Ok(match curve(&parameters) {
        Ok((algorithm, size)) => match uncompressed(&point, size) {
            Some(point) => PublicKey::Known(public_key_to_spki(&algorithm, point)),
            None => PublicKey::Untold,
        },
        Err(name) => PublicKey::Unsupported(name),
    })
}

/// The curve, and the size in bytes of its field.
fn curve(parameters: &[u8]) -> Result<(AlgorithmIdentifier, usize), String> {
    let Ok((_, oid)) = Oid::from_der(parameters) else {
        return Err("EC with a curve of its own".to_owned());
    };
    if oid == OID_EC_P256 {
        Ok((alg_id::ECDSA_P256, 32))
    } else if oid == OID_NIST_EC_P384 {
        Ok((alg_id::ECDSA_P384, 48))
    } else if oid == OID_NIST_EC_P521 {
        Ok((alg_id::ECDSA_P521, 66))
    } else {
        Err(format!("EC on the curve {oid}"))
    }
}

/// The point, which PKCS#11 wants within an OCTET STRING (v3.1 §6.3.3) and some
/// tokens give bare.
fn uncompressed(point: &[u8], size: usize) -> Option<&[u8]> {
    let fits = |point: &[u8]| point.first() == Some(&4) && point.len() == 1 + 2 * size;
    if fits(point) {
        return Some(point);
    }
    match OctetString::from_der(point) {
        Ok(([], inner)) => {
            // It borrows from `point`, at whose end it is.
            let inner = &point[point.len() - inner.as_ref().len()..];
            fits(inner).then_some(inner)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::uncompressed;

    #[test]
    fn a_point_is_taken_bare_and_in_an_octet_string_but_not_compressed() {
        let mut bare = vec![4; 65];
        assert_eq!(uncompressed(&bare, 32), Some(&bare[..]));
        let wrapped = [&[4, 65], &bare[..]].concat();
        assert_eq!(uncompressed(&wrapped, 32), Some(&bare[..]));
        assert_eq!(uncompressed(&wrapped[..66], 32), None);
        assert_eq!(uncompressed(&bare, 48), None);
        bare[0] = 2;
        assert_eq!(uncompressed(&bare, 32), None);
        assert_eq!(uncompressed(&bare[..33], 32), None);
    }
}
