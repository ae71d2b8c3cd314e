//! Where a repository's files come from.

use std::error::Error;
use std::fmt::Debug;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tough::async_trait;

/// The bytes of a file as they come in.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, FetchError>> + Send + Sync>>;

/// A directory of static files: a web server, a bucket, a USB stick. A port; the host has the one over HTTPS.
#[async_trait]
pub trait Source: Debug + Send + Sync {
    /// The file from this byte on. `path` is `metadata/NAME` or `targets/NAME`. A server that sends all of a file
    /// when it is asked for a part is to be listened to from there.
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError>;
}

/// A file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The repository answers that there is none of this name; a web server by 404 or 410, and S3 by 403 to those who
    /// may not list the bucket. Nothing else is to be told so: it is what ends the search for newer roots.
    #[error("{path} is not there")]
    NotFound {
        /// Which.
        path: String,
    },
    /// Anything else. It may be otherwise the next time.
    #[error("cannot fetch {path}")]
    Failed {
        /// Which.
        path: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A directory on this machine.
#[derive(Clone, Debug)]
pub struct DirectorySource(PathBuf);

/// So much of a file is read at once, in bytes.
const PIECE: usize = 64 * 1024;

impl DirectorySource {
    /// The directory that holds `metadata` and `targets`.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

#[async_trait]
impl Source for DirectorySource {
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError> {
        let failed = |error: io::Error| fetch_error(path, error);
        let mut file = File::open(self.0.join(path)).await.map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        let path = path.to_owned();
        Ok(Box::pin(stream::try_unfold(
            (file, path),
            |(mut file, path)| async move {
                let mut piece = BytesMut::with_capacity(PIECE);
                let read = file.read_buf(&mut piece).await;
                match read.map_err(|error| fetch_error(&path, error))? {
                    0 => Ok(None),
                    _ => Ok(Some((piece.freeze(), (file, path)))),
                }
            },
        )))
    }
}

fn fetch_error(path: &str, error: io::Error) -> FetchError {
    let path = path.to_owned();
    if error.kind() == io::ErrorKind::NotFound {
        FetchError::NotFound { path }
    } else {
        let source = error.into();
        FetchError::Failed { path, source }
    }
}
