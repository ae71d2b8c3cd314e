//! Making keys on a token, where they stay.

use std::time::Duration;

use aws_lc_rs::rand;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::Pkcs11Uri;
use x509_parser::asn1_rs::{Oid, ToDer};
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384};

use super::TokenSettings;
use super::error::{Found, TokenError};
use super::module::{Library, Module};
use super::public_key::PublicKey;
use super::search::Object;
use super::session::Access;
use crate::KeySpec;

/// How long a token may take to make a key. A TPM takes its time for RSA.
const MAKING: Duration = Duration::from_mins(3);

/// The length of a new key's identifier, in bytes. Drawn at random, so that no two keys share one.
const ID_LENGTH: usize = 8;

/// What a new key does about others that the URI fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// There must be none.
    Refused,
    /// They stay beside it.
    Accepted,
}

/// Makes a key pair on the token, and tells the URI of the new key alone. The private key is marked
/// as one that never leaves the token (PKCS#11 v3.1 §4.9: sensitive, not extractable).
pub(crate) fn generate(
    uri: &Pkcs11Uri,
    settings: &TokenSettings,
    spec: KeySpec,
    others: Others,
) -> Result<Pkcs11Uri, TokenError> {
    let label = uri.object().label.clone().ok_or(TokenError::NamelessKey)?;
    let id = match &uri.object().id {
        Some(id) => id.clone(),
        None => random_id()?,
    };
    let pair = Pair { label, id, spec };
    let made = uri.with_id(&pair.id);
    call(uri, settings, move |library, access| {
        make(library, access, &pair, others)
    })?;
    Ok(made)
}

/// Removes the key that the URI fits and that has this public half, both of its halves.
pub(crate) fn destroy(
    uri: &Pkcs11Uri,
    settings: &TokenSettings,
    public_key: SubjectPublicKeyInfoDer<'static>,
) -> Result<(), TokenError> {
    call(uri, settings, move |library, access| {
        remove(library, access, &public_key)
    })
}

fn call<T: Send + 'static>(
    uri: &Pkcs11Uri,
    settings: &TokenSettings,
    work: impl FnOnce(&mut Library, &Access) -> Result<T, TokenError> + Send + 'static,
) -> Result<T, TokenError> {
    let path = settings.module(uri).ok_or(TokenError::NoModule)?;
    let access = Access {
        uri: uri.clone(),
        credentials: settings.credentials_directory.clone(),
        public_key: None,
    };
    Module::at(&path)?.call(MAKING, move |library| {
        let done = work(library, &access);
        library.leave_if_idle();
        done
    })
}

fn random_id() -> Result<Vec<u8>, TokenError> {
    let mut id = vec![0; ID_LENGTH];
    rand::fill(&mut id).map_err(|_| TokenError::NoRandomNumbers)?;
    Ok(id)
}

/// A key pair to make.
struct Pair {
    label: String,
    id: Vec<u8>,
    spec: KeySpec,
}

fn make(
    library: &mut Library,
    access: &Access,
    pair: &Pair,
    others: Others,
) -> Result<(), TokenError> {
    let (token, session) = access.session_to_write(library)?;
    let keys = Object::all(&session, ObjectClass::PRIVATE_KEY);
    let mut keys = keys.map_err(|error| library.failed(error))?;
    keys.retain(|key| key.matches(access.uri.object()));
    if others == Others::Refused && !keys.is_empty() {
        return Err(TokenError::KeyExists {
            token: token.label(),
            found: Found::new(keys.iter().map(Object::describe)),
        });
    }
    let mechanism = pair.mechanism();
    let context = library.context()?;
    let made = context
        .get_mechanism_info(token.slot, mechanism.mechanism_type())
        .is_ok_and(|info| info.generate_key_pair());
    if !made {
        return Err(TokenError::NotMade {
            token: token.label(),
            spec: pair.spec,
        });
    }
    let generated = session.generate_key_pair(&mechanism, &pair.public(), &pair.private());
    generated.map(drop).map_err(|error| library.failed(error))
}

fn remove(
    library: &mut Library,
    access: &Access,
    public_key: &SubjectPublicKeyInfoDer<'_>,
) -> Result<(), TokenError> {
    let (_, session) = access.session_to_write(library)?;
    let removed = || {
        let keys = Object::all(&session, ObjectClass::PRIVATE_KEY)?;
        for key in keys.iter().filter(|key| key.matches(access.uri.object())) {
            let found = PublicKey::of(&session, key)?;
            if !matches!(found, PublicKey::Known(found) if found == *public_key) {
                continue;
            }
            for half in Object::all(&session, ObjectClass::PUBLIC_KEY)? {
                if !key.id.is_empty() && half.id == key.id {
                    session.destroy_object(half.handle)?;
                }
            }
            session.destroy_object(key.handle)?;
        }
        Ok(())
    };
    removed().map_err(|error| library.failed(error))
}

impl Pair {
    fn mechanism(&self) -> Mechanism<'static> {
        match self.spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Mechanism::RsaPkcsKeyPairGen,
            KeySpec::P256 | KeySpec::P384 => Mechanism::EccKeyPairGen,
        }
    }

    fn public(&self) -> Vec<Attribute> {
        let mut public = vec![
            Attribute::Token(true),
            Attribute::Verify(true),
            Attribute::Label(self.label.clone().into_bytes()),
            Attribute::Id(self.id.clone()),
        ];
        public.extend(match self.spec {
            KeySpec::Rsa2048 => rsa(2048),
            KeySpec::Rsa3072 => rsa(3072),
            KeySpec::Rsa4096 => rsa(4096),
            KeySpec::P256 => curve(&OID_EC_P256),
            KeySpec::P384 => curve(&OID_NIST_EC_P384),
        });
        public
    }

    fn private(&self) -> Vec<Attribute> {
        vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Label(self.label.clone().into_bytes()),
            Attribute::Id(self.id.clone()),
        ]
    }
}

/// An RSA key with so many bits and the exponent 65537.
fn rsa(bits: u64) -> Vec<Attribute> {
    vec![
        Attribute::ModulusBits(bits.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
    ]
}

fn curve(oid: &Oid<'_>) -> Vec<Attribute> {
    // An OID of ours has an encoding.
    vec![Attribute::EcParams(oid.to_der_vec().unwrap_or_default())]
}
