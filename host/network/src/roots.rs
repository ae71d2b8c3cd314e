//! The certificate authorities that may vouch for a server.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::error::Error;
use crate::settings::Roots;

/// The largest file of roots, in bytes; Mozilla's whole list is a quarter of this.
const MAX_FILE: u64 = 1 << 20;

pub(crate) fn load(roots: &Roots) -> Result<RootCertStore, Error> {
    match roots {
        Roots::System => system(),
        Roots::File(path) => file(path),
    }
}

/// The system's roots. Single unusable ones are common in system stores, and no reason to fail.
fn system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a system root certificate could not be read");
    }
    let mut store = RootCertStore::empty();
    let (added, ignored) = store.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, "system roots");
    if store.is_empty() {
        Err(Error::NoSystemRoots)
    } else {
        Ok(store)
    }
}

/// The roots in a file. The operator chose each of them, so each must be usable.
fn file(path: &Path) -> Result<RootCertStore, Error> {
    let pem = read(path).map_err(|source| Error::RootsUnreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|source| Error::RootsNotPem {
            path: path.to_owned(),
            source,
        })?;
        store
            .add(certificate)
            .map_err(|source| Error::RootInvalid {
                path: path.to_owned(),
                source,
            })?;
    }
    if store.is_empty() {
        Err(Error::NoRoots {
            path: path.to_owned(),
        })
    } else {
        Ok(store)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut pem)?;
    if pem.len() as u64 > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than 1 MiB",
        ));
    }
    Ok(pem)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write as _;

    use super::*;

    fn load_text(text: &[u8]) -> Result<RootCertStore, Error> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        load(&Roots::File(file.path().to_owned()))
    }

    #[test]
    fn each_way_a_file_of_roots_can_be_wrong() {
        let missing = load(&Roots::File("/nonexistent/roots.pem".into()));
        assert!(matches!(missing, Err(Error::RootsUnreadable { .. })));
        assert!(matches!(load_text(b""), Err(Error::NoRoots { .. })));
        assert!(matches!(
            load_text(b"no PEM at all"),
            Err(Error::NoRoots { .. })
        ));
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(load_text(cut), Err(Error::RootsNotPem { .. })));
        let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(load_text(garbage), Err(Error::RootInvalid { .. })));
        assert!(matches!(
            load_text(&vec![b'x'; 2 << 20]),
            Err(Error::RootsUnreadable { .. })
        ));
    }
}
