//! The core's types and the contract's.

use std::time::Duration;

use sealift_core::checksum::{Algorithm, Digest};
use sealift_core::credentials::Credentials;
use sealift_core::upload::{Outcome, Uploaded};
use sealift_core::{Error, ErrorKind, Settings};

use crate::bindings::exports::sealift::gateway::transfer;
use crate::bindings::types;

/// The settings of a list from the host.
pub(crate) fn settings(
    lists: impl IntoIterator<Item = Vec<types::Setting>>,
) -> Result<Settings, Error> {
    let pairs = lists
        .into_iter()
        .flatten()
        .map(|setting| (setting.name, setting.value));
    Settings::new(pairs.collect())
}

/// Credentials from the host's vault.
pub(crate) fn credentials(given: types::AwsCredentials) -> Result<Credentials, Error> {
    Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        given.session_token,
        Some(given.expiration),
    )
}

/// A checksum that the host computed.
pub(crate) fn digest(given: types::Checksum) -> Result<Digest, Error> {
    Digest::from_bytes(core_algorithm(given.algorithm), given.digest)
}

fn checksum(digest: &Digest) -> types::Checksum {
    types::Checksum {
        algorithm: algorithm(digest.algorithm()),
        digest: digest.as_bytes().to_vec(),
    }
}

/// How an upload ended.
pub(crate) fn outcome(outcome: Outcome) -> transfer::Outcome {
    let uploaded = |uploaded: Uploaded| transfer::Uploaded {
        etag: uploaded.etag.trim_matches('"').to_owned(),
        checksum: uploaded.checksum.as_ref().map(checksum),
        version_id: uploaded.version_id,
        attempts: uploaded.attempts,
        reasons: uploaded
            .failures
            .into_iter()
            .map(|failure| failure.message)
            .collect(),
    };
    match outcome {
        Outcome::Stored(object) => transfer::Outcome::Stored(uploaded(object)),
        Outcome::AlreadyThere(object) => transfer::Outcome::AlreadyThere(uploaded(object)),
    }
}

pub(crate) fn algorithm(algorithm: Algorithm) -> types::Algorithm {
    match algorithm {
        Algorithm::Crc64Nvme => types::Algorithm::Crc64nvme,
        Algorithm::Crc32 => types::Algorithm::Crc32,
        Algorithm::Crc32C => types::Algorithm::Crc32c,
        Algorithm::Sha1 => types::Algorithm::Sha1,
        Algorithm::Sha256 => types::Algorithm::Sha256,
    }
}

fn core_algorithm(algorithm: types::Algorithm) -> Algorithm {
    match algorithm {
        types::Algorithm::Crc64nvme => Algorithm::Crc64Nvme,
        types::Algorithm::Crc32 => Algorithm::Crc32,
        types::Algorithm::Crc32c => Algorithm::Crc32C,
        types::Algorithm::Sha1 => Algorithm::Sha1,
        types::Algorithm::Sha256 => Algorithm::Sha256,
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        let milliseconds = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            kind: error.kind.into(),
            message: error.message,
            cure: error.cure,
            status: error.status,
            code: error.code,
            request_id: error.request_id,
            retry_after: error.retry_after.map(milliseconds),
        }
    }
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self {
            kind: error.kind.into(),
            message: error.message,
            cure: error.cure,
            status: error.status,
            code: error.code,
            request_id: error.request_id,
            retry_after: error.retry_after.map(Duration::from_millis),
        }
    }
}

/// The two enumerations have the same cases, so that nothing is lost between them.
macro_rules! same_kinds {
    ($($kind:ident),* $(,)?) => {
        impl From<ErrorKind> for types::ErrorKind {
            fn from(kind: ErrorKind) -> Self {
                match kind { $(ErrorKind::$kind => Self::$kind),* }
            }
        }

        impl From<types::ErrorKind> for ErrorKind {
            fn from(kind: types::ErrorKind) -> Self {
                match kind { $(types::ErrorKind::$kind => Self::$kind),* }
            }
        }
    };
}

same_kinds! {
    InvalidInput, Unsupported, Unavailable, Denied, NotFound, Conflict, PreconditionFailed, ExpiredCredentials,
    ClockSkew, Throttled, Server, Network, Timeout, Protocol, TooLarge, Integrity, SourceChanged, Cancelled, Internal,
}
