//! The account of credentials that were handed out.

use std::fmt::{self, Display, Formatter};
use std::time::SystemTime;

use sealift_config::{ClientName, RoleAlias};

/// Where it is kept on record to whom credentials were handed out.
pub trait Audit: Send + Sync {
    /// Records it, before the credentials leave. On an error they do not. May block; it is called on a
    /// thread for that.
    fn handed_out(&self, handout: &Handout) -> Result<(), AuditError>;
}

/// Credentials that are about to be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handout {
    /// To whom.
    pub recipient: Recipient,
    /// The role alias of the client; none: that of `[credentials]`.
    pub role: Option<RoleAlias>,
    /// Which credentials.
    pub access_key_id: String,
    /// When they end.
    pub expiration: SystemTime,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// Somebody with the token of a client.
    Client(ClientName),
    /// A user of this machine, through the UNIX socket.
    User {
        /// The user's number.
        uid: u32,
    },
    /// A local program, through the emulated instance metadata service.
    Imds,
}

impl Display for Recipient {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(name) => write!(f, "client {name}"),
            Self::User { uid } => write!(f, "user {uid}"),
            Self::Imds => f.write_str("imds"),
        }
    }
}

/// It could not be recorded. The message is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuditError(pub String);
