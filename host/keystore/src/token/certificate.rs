//! Certificates on a token.

use std::time::Duration;

use cryptoki::object::{AttributeType, ObjectClass};
use cryptoki::session::Session;
use sealift_config::{CertificateReference, Pkcs11Uri};

use super::TokenSettings;
use super::error::{Found, TokenError};
use super::module::{Library, Module};
use super::search::{Mismatch, Object, Token, bytes, only};
use super::session::Access;
use crate::{Certificate, CertificateChain};

/// How long it may take to read the certificates of a token.
const READING: Duration = Duration::from_secs(20);

/// Reads the certificate that the URI means, and the certificates of its issuers
/// as far as the token has them.
pub(crate) fn chain(
    uri: &Pkcs11Uri,
    settings: &TokenSettings,
) -> Result<CertificateChain, TokenError> {
    let path = settings.module(uri).ok_or(TokenError::NoModule)?;
    let access = Access {
        uri: uri.clone(),
        credentials: settings.credentials_directory.clone(),
        public_key: None,
    };
    let certificates = Module::at(&path)?.call(READING, move |library| {
        let certificates = read(library, &access);
        library.leave_if_idle();
        certificates
    })?;
    let reference = CertificateReference::Pkcs11(uri.clone());
    Ok(CertificateChain::of_token(
        reference,
        certificates.leaf,
        certificates.others,
    ))
}

struct Certificates {
    leaf: Certificate,
    others: Vec<Certificate>,
}

fn read(library: &mut Library, access: &Access) -> Result<Certificates, TokenError> {
    // Certificates are public objects, so a PIN is used only if there is one.
    let (token, session) = access.session(library, access.uri.pin().is_some())?;
    let objects = Object::all(&session, ObjectClass::CERTIFICATE);
    let objects = objects.map_err(|error| library.failed(error))?;
    let mut others = Vec::new();
    for object in objects
        .iter()
        .filter(|object| !object.matches(access.uri.object()))
    {
        // What cannot be read is no issuer of ours.
        others.extend(certificate(library, &session, &token, object).ok());
    }
    let leaf = only(objects, access.uri.object()).map_err(|mismatch| {
        let token = token.label();
        match mismatch {
            Mismatch::None(found) => TokenError::NoCertificate { token, found },
            Mismatch::Several(objects) => TokenError::SeveralCertificates {
                token,
                found: Found::new(objects.iter().map(Object::describe)),
            },
        }
    })?;
    let leaf = certificate(library, &session, &token, &leaf)?;
    Ok(Certificates { leaf, others })
}

fn certificate(
    library: &Library,
    session: &Session,
    token: &Token,
    object: &Object,
) -> Result<Certificate, TokenError> {
    let der = bytes(session, object.handle, AttributeType::Value);
    let der = der
        .map_err(|error| library.failed(error))?
        .unwrap_or_default();
    Certificate::from_der(&der).map_err(|source| TokenError::MalformedCertificate {
        token: token.label(),
        source,
    })
}
