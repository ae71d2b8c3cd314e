//! Where credentials come from.

use futures_util::future::BoxFuture;
use sealift_config::RoleAlias;

use crate::Credentials;

/// What fetches credentials.
pub trait CredentialSource: Send + Sync {
    /// Credentials of `role`, or of the role of `[credentials]`. `held` is the access key id of those that
    /// are to be replaced, so that a source that keeps credentials does not answer with the same ones.
    ///
    /// At most one fetch for each role is under way. The future is dropped if it takes more than a minute,
    /// or when what it fetches is no longer wanted.
    fn fetch<'a>(
        &'a self,
        role: Option<&'a RoleAlias>,
        held: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credentials, FetchError>>;
}

/// There are no credentials. SDKs show the message to their user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// What failed, why, and what to do about it. No secret.
    pub message: String,
    /// The status that AWS answered with, if it answered.
    pub status: Option<u16>,
    /// Whether the same may succeed in a while without anybody's help.
    pub retryable: bool,
}
