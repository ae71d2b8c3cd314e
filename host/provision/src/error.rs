//! Why something of an account could not be read, made or unmade.

use std::io;
use std::path::PathBuf;

use sealift_keystore::{ChainError, GenerateError, KeyError, RequestError};

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused the action.
    #[error("{action} was refused with {status} {code}: {message}{}", cure(.code, .action))]
    Refused {
        /// The action by its IAM name, such as `iam:CreateRole`.
        action: &'static str,
        /// The HTTP status.
        status: u16,
        /// The service's word for it; empty if it gave none.
        code: String,
        /// What the service said.
        message: String,
    },
    /// The service did not answer.
    #[error("{action} got no answer from {host}")]
    Unanswered {
        /// The action by its IAM name.
        action: &'static str,
        /// Who was asked.
        host: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The answer is not what the service promises.
    #[error("the answer to {action} has no `{missing}`")]
    Malformed {
        /// The action by its IAM name.
        action: &'static str,
        /// What was looked for.
        missing: &'static str,
    },
    /// The request could not be signed.
    #[error("cannot sign {action}: {}", .source.message)]
    Unsigned {
        /// The action by its IAM name.
        action: &'static str,
        /// Why.
        source: Box<sealift_core::Error>,
    },
    /// A file of the device.
    #[error("cannot {what} {}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The certificate of a device's directory is none.
    #[error(transparent)]
    Certificate(#[from] ChainError),
    /// The certificate of a device's directory is not one of this account.
    #[error(
        "the certificate in {} is not one of account {account} in {region}; name another directory with --out, or remove it",
        .path.display()
    )]
    Elsewhere {
        /// The file.
        path: PathBuf,
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// The device's key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The device's key cannot be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The request for a certificate cannot be made.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl Error {
    /// Whether the thing asked for is not there.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if *status == 404
            || matches!(code.as_str(), "NoSuchEntity" | "ResourceNotFoundException" | "NoSuchBucket"))
    }

    /// Whether it says so.
    pub(crate) fn has_code(&self, expected: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == expected)
    }
}

fn cure(code: &str, action: &str) -> String {
    match code {
        code if code.starts_with("AccessDenied") || code == "UnauthorizedException" => {
            format!("; the administrator's policy has to allow {action}")
        }
        "InvalidClientTokenId" | "ExpiredToken" | "ExpiredTokenException" => {
            "; the administrator's credentials are not good any more: get new ones".to_owned()
        }
        _ => String::new(),
    }
}
