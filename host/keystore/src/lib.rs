//! The device identity: a certificate, and a private key that only signs.
//!
//! A [`DeviceKey`] is all that the rest of the gateway knows of the private
//! key: its algorithm, its public half, and a way to sign. Nothing here hands
//! out a private key, whether it lies in a file ([`FileKey`]) or on a token that
//! would not hand it out either ([`TokenKey`]).
//!
//! An [`Identity`] is a certificate chain with the key that belongs to it. One
//! exists only if the two belong together and the certificate is valid now. An
//! [`IdentityStore`] keeps the identity of a certificate and a key up to date while a rotation replaces them under our feet, and never publishes
//! half of a rotation.
//!
//! ```no_run
//! use std::time::SystemTime;
//! use sealift_keystore::{IdentityFiles, IdentityStore, hardening};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let config = sealift_config::Config::load(None, &sealift_config::Environment::of_process())?;
//! hardening::keep_memory_private()?;
//! let files = IdentityFiles::from(&config.device);
//! let store = IdentityStore::open(files, SystemTime::now())?;
//! let identity = store.current(SystemTime::now());
//! println!("{}", identity.chain().leaf().fingerprint());
//! # Ok(())
//! # }
//! ```
//!
//! Everything here blocks: on small files, and on the key. Signing takes a
//! millisecond with a file and can take a tenth of a second with a TPM.

pub mod hardening;

mod algorithm;
mod certificate;
mod chain;
mod der;
mod device_key;
mod durable;
mod file_key;
mod generate;
mod hexadecimal;
mod identity;
mod key_spec;
mod pem;
mod private_key;
mod purpose;
mod request;
mod rotation;
mod small_file;
mod store;
mod timestamp;
mod tls;
mod token;

pub use algorithm::KeyAlgorithm;
pub use certificate::{Certificate, Fingerprint, MalformedCertificate};
pub use chain::{CertificateChain, ChainError};
pub use device_key::{DeviceKey, SignError};
pub use file_key::{FileKey, KeyError};
pub use generate::{GenerateError, generate_key};
pub use identity::{Identity, IdentityError, IdentityFiles, open_key};
pub use key_spec::{KeySpec, UnknownKeySpec};
pub use pem::PemError;
pub use purpose::{RolesAnywhere, Unfit};
pub use request::{RequestError, Subject, SubjectError, certificate_request};
pub use rotation::{Candidate, Rotation, RotationError};
pub use small_file::FileError;
pub use store::IdentityStore;
pub use timestamp::Timestamp;
pub use token::{Found, PinOrigin, TokenError, TokenKey, TokenSettings, Tries};

// In what a key is asked, and answers.
pub use rustls::SignatureScheme;
pub use rustls_pki_types::SubjectPublicKeyInfoDer;
