//! Why there is no server.

use std::io;

use sealift_config::LoopbackAddress;

use crate::MetricsError;
use crate::accounts::AccountsError;
use crate::socket::SocketError;
use crate::token::NoRandomness;
use crate::token_file::TokenError;

/// The server cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no place for tokens.
    #[error(transparent)]
    Config(#[from] sealift_config::Error),
    /// An address cannot be had.
    #[error(
        "cannot listen on {address}, which is {key}; if another program has that port, use another"
    )]
    Listen {
        /// The address.
        address: LoopbackAddress,
        /// The key of the configuration that says so.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A client's token cannot be had.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Users or groups of the UNIX socket are unknown.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The UNIX socket cannot be had.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// What should be counted cannot be.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}
