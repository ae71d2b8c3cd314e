//! The body of a call.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::cli::{ExitStatus, Failure};

/// The longest body, in bytes (`aws.request` of the contract).
const LIMIT: u64 = 1024 * 1024;

/// Why there is no body to send.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("cannot read the body from {}", named(.path))]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "the body from {} is longer than {LIMIT} bytes, which is as much as a call takes; \
         `sealift put` uploads what is longer to S3",
        named(.path)
    )]
    TooLong { path: PathBuf },
}

/// The bytes of a file, or of standard input for `-`; none without one.
pub(super) async fn of_file(path: Option<PathBuf>) -> Result<Vec<u8>, Failure> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let read = if is_standard_input(&path) {
        all(tokio::io::stdin()).await
    } else {
        match File::open(&path).await {
            Ok(file) => all(file).await,
            Err(error) => Err(error),
        }
    };
    match read {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Failure::new(ExitStatus::Usage, BodyError::TooLong { path })),
        Err(source) => Err(Failure::failed(BodyError::Read { path, source })),
    }
}

/// All there is, unless that is too much.
async fn all(reader: impl AsyncRead + Unpin) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = reader.take(LIMIT + 1).read_to_end(&mut bytes).await?;
    Ok((read as u64 <= LIMIT).then_some(bytes))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn named(path: &Path) -> String {
    if is_standard_input(path) {
        "standard input".to_owned()
    } else {
        format!("`{}`", path.display())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn a_body_has_its_limit_and_not_a_byte_more() {
        let limit = usize::try_from(LIMIT).unwrap();
        let longest = vec![7; limit];
        assert_eq!(all(longest.as_slice()).await.unwrap().unwrap(), longest);
        let longer = vec![7; limit + 1];
        assert_eq!(all(longer.as_slice()).await.unwrap(), None);
    }
}
