//! Why there is no source, and why a file does not come from one.

use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use sealift_config::OriginError;
use sealift_network::NetworkError;
use sealift_release::FetchError;

use crate::sandbox::CallError;
use crate::updates::NoNetwork;

/// There is no source of releases.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The configuration names none.
    #[error("there is no repository to look into; set `repository` and `root` in [release] of {}", .0.display())]
    NotConfigured(PathBuf),
    /// The network that it needs.
    #[error("cannot set up the way to the repository")]
    Network(#[from] NoNetwork),
    /// The store that has the bucket.
    #[error(transparent)]
    Config(#[from] sealift_config::Error),
    /// The bucket has no address in that store.
    #[error("cannot address the bucket of `release.repository`")]
    Bucket(#[from] sealift_core::Error),
    /// The address is none.
    #[error("cannot allow the origin of `release.repository`")]
    Origin(#[from] OriginError),
}

/// Why a file does not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the repository has no file of such a name")]
    Name,
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error(
        "the server answered {0} and points elsewhere, which is not followed; set `release.repository` to where the \
         files are"
    )]
    Redirect(StatusCode),
    #[error("the server sent another part of the file than the one from byte {0} on")]
    OtherPart(u64),
    #[error("the server sent the file in the encoding `{0}`, which was not asked for")]
    Encoded(String),
    #[error("there are no credentials to read the bucket with")]
    Credentials(#[from] Arc<CallError>),
    #[error("{0}{cure}", cure = cure(.0))]
    Refused(sealift_core::Error),
    #[error("cannot make the request")]
    Request(#[from] http::Error),
}

fn cure(error: &sealift_core::Error) -> String {
    let cure = error.cure.as_ref();
    cure.map(|cure| format!("; {cure}")).unwrap_or_default()
}

impl From<sealift_core::Error> for Trouble {
    fn from(error: sealift_core::Error) -> Self {
        Self::Refused(error)
    }
}

impl Trouble {
    pub(super) fn of(self, path: &str) -> FetchError {
        FetchError::Failed {
            path: path.to_owned(),
            source: Box::new(self),
        }
    }
}

pub(super) fn not_found(path: &str) -> FetchError {
    FetchError::NotFound {
        path: path.to_owned(),
    }
}
