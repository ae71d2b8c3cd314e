//! Why a local cloud did not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a local cloud did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read, written or made.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file is in the way that no local cloud wrote; it may be a real device's key.
    #[error(
        "{} was not written by a local cloud: choose another directory, or move the file away",
        .0.display()
    )]
    Foreign(PathBuf),
    /// Another local cloud uses the directory.
    #[error("{} is in use by another local cloud: stop it, or choose another directory", .0.display())]
    Busy(PathBuf),
    /// A file that an earlier local cloud wrote does not parse.
    #[error("{} is damaged: remove it, or choose another directory", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No port could be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address; port 0 stands for any free port.
        address: SocketAddr,
        /// What the system answered.
        source: io::Error,
    },
    /// A key or certificate could not be made.
    #[error("cannot make the key or certificate of {subject}")]
    Certificate {
        /// Whose.
        subject: String,
        /// Why.
        source: rcgen::Error,
    },
    /// A key has a form that was not expected.
    #[error("the key of {0} is not an RSA key in PKCS#8 form")]
    KeyForm(String),
    /// TLS would not take what was made for it.
    #[error("cannot set up TLS for {listener}")]
    Tls {
        /// Which listener.
        listener: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Wraps an I/O error with what was tried on which file; for `map_err`.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.into(),
            source,
        }
    }
}
