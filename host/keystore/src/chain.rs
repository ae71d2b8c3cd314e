//! A device's certificate with those of its issuers.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use sealift_config::CertificateReference;

use crate::pem::{self, PemError};
use crate::small_file::{FileError, SmallFile, Stamp};
use crate::{Certificate, MalformedCertificate, TokenError};

/// A chain of certificates, the device's own first, each of the others the
/// issuer of the one before.
#[derive(Clone, Debug)]
pub struct CertificateChain {
    reference: CertificateReference,
    leaf: Certificate,
    issuers: Vec<Certificate>,
}

impl CertificateChain {
    /// Reads a chain from a PEM file.
    pub fn open(path: &Path) -> Result<Self, ChainError> {
        Self::open_stamped(path).map(|(chain, _)| chain)
    }

    pub(crate) fn open_stamped(path: &Path) -> Result<(Self, Stamp), ChainError> {
        let file = SmallFile::read(path)?;
        let certificates = certificates(&file.content, path)?;
        Ok((Self::link(certificates, path)?, file.stamp))
    }

    /// The chain from a certificate on a token to its root, as far as `others` has
    /// the issuers; the root itself, which servers have, is left out.
    pub(crate) fn of_token(
        reference: CertificateReference,
        leaf: Certificate,
        mut others: Vec<Certificate>,
    ) -> Self {
        others.retain(|certificate| certificate.subject() != certificate.issuer());
        let mut issuers: Vec<Certificate> = Vec::new();
        while issuers.len() + 1 < LONGEST {
            let last = issuers.last().unwrap_or(&leaf);
            let issuer = others
                .iter()
                .position(|other| other.subject() == last.issuer());
            let Some(at) = issuer else { break };
            issuers.push(others.swap_remove(at));
        }
        Self {
            reference,
            leaf,
            issuers,
        }
    }

    /// Where it came from.
    pub fn reference(&self) -> &CertificateReference {
        &self.reference
    }

    /// The device's own certificate.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// The issuers, nearest first; often none.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// The whole chain in DER, the device's own certificate first.
    pub fn der(&self) -> Vec<CertificateDer<'static>> {
        [&self.leaf]
            .into_iter()
            .chain(&self.issuers)
            .map(|certificate| certificate.der().clone())
            .collect()
    }

    fn link(certificates: Vec<Certificate>, path: &Path) -> Result<Self, ChainError> {
        let path = path.to_owned();
        let linked = |certificates: &[Certificate]| {
            certificates
                .windows(2)
                .position(|pair| pair[0].issuer() != pair[1].subject())
        };
        if let Some(at) = linked(&certificates) {
            let reversed: Vec<_> = certificates.iter().rev().cloned().collect();
            return Err(match linked(&reversed) {
                None => ChainError::Reversed { path },
                Some(_) => ChainError::NotLinked {
                    path,
                    position: at + 1,
                    issuer: certificates[at].issuer().to_owned(),
                    next: certificates[at + 1].subject().to_owned(),
                },
            });
        }
        let mut certificates = certificates.into_iter();
        match certificates.next() {
            Some(leaf) => Ok(Self {
                reference: CertificateReference::File(path),
                leaf,
                issuers: certificates.collect(),
            }),
            None => Err(ChainError::Pem {
                path,
                source: PemError::Empty,
            }),
        }
    }
}

/// The most certificates in a chain; AWS's own limit in TLS is 16 KiB of them.
const LONGEST: usize = 10;

fn certificates(content: &[u8], path: &Path) -> Result<Vec<Certificate>, ChainError> {
    let blocks = pem::blocks(content).map_err(|error| ChainError::of_pem(path, error))?;
    if blocks.len() > LONGEST {
        return Err(ChainError::TooLong {
            path: path.to_owned(),
        });
    }
    blocks
        .iter()
        .zip(1..)
        .map(|(block, position)| match block.label.as_str() {
            "CERTIFICATE" => {
                Certificate::from_der(&block.der).map_err(|source| ChainError::Malformed {
                    path: path.to_owned(),
                    position,
                    source,
                })
            }
            label if label.ends_with("PRIVATE KEY") => Err(ChainError::HoldsKey {
                path: path.to_owned(),
            }),
            label => Err(ChainError::NotACertificate {
                path: path.to_owned(),
                found: label.to_owned(),
            }),
        })
        .collect()
}

/// The device's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),

    /// The certificate is on a token and out of reach.
    #[error("the certificate {reference} cannot be used")]
    Token {
        /// The certificate.
        reference: CertificateReference,
        /// Why.
        source: TokenError,
    },

    /// The file is not PEM, or damaged.
    #[error("the certificate {} cannot be used", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it is instead, or where it is damaged.
        source: PemError,
    },

    /// The file is binary.
    #[error(
        "the certificate {0} is in DER, not PEM; convert it with \
         `openssl x509 -inform DER -in {0} -out {0}.pem` and set device.certificate to the new file",
        .path.display()
    )]
    Der {
        /// The file.
        path: PathBuf,
    },

    /// The file also holds a private key.
    #[error(
        "{} holds a private key; certificates are public, so keep the key in a file of its own \
         that device.key names",
        .path.display()
    )]
    HoldsKey {
        /// The file.
        path: PathBuf,
    },

    /// The file holds something else.
    #[error("{} holds a block {found}; device.certificate must name a file with certificates alone", .path.display())]
    NotACertificate {
        /// The file.
        path: PathBuf,
        /// The label of the block.
        found: String,
    },

    /// Too many certificates.
    #[error("{} holds more than 10 certificates; a chain has the device's own and its issuers'", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },

    /// A block that says it is a certificate and is none.
    #[error("certificate {position} of {} is damaged", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        position: usize,
        /// How.
        source: MalformedCertificate,
    },

    /// The issuers come first.
    #[error("the certificates of {} are in reverse order; the device's own must come first", .path.display())]
    Reversed {
        /// The file.
        path: PathBuf,
    },

    /// A certificate is followed by one that is not its issuer's.
    #[error(
        "certificate {position} of {} was issued by `{issuer}`, but is followed by that of `{next}`; \
         the file must hold the device's own certificate, then its issuer's, and so on",
        .path.display()
    )]
    NotLinked {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        position: usize,
        /// Its issuer.
        issuer: String,
        /// The subject of the one that follows.
        next: String,
    },
}

impl ChainError {
    fn of_pem(path: &Path, error: PemError) -> Self {
        let path = path.to_owned();
        match error {
            PemError::IsDer => Self::Der { path },
            source => Self::Pem { path, source },
        }
    }
}
