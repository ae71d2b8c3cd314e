//! Streams, made into files so that they can be measured, checked and sent again.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::spawn_blocking;

use crate::error::{Origin, SpoolError};
use crate::source::{Source, bounded};

/// What is written at once, in bytes.
const STEP: usize = 256 * 1024;

/// Copies a stream to its end into a temporary file of `directory`, of at most `limit` bytes.
///
/// The file has no name (`O_TMPFILE`, or it is deleted at once), so that nothing is left behind:
/// not by an error, not by dropping this future, not by the death of the process.
///
/// To take a long stream piece by piece, pass `(&mut reader).take(length)` with `limit` = `length`;
/// a piece shorter than `length` is the last. Dropping the future loses what it had already read
/// from the stream.
pub async fn spool(
    reader: impl AsyncRead + Unpin,
    directory: &Path,
    limit: u64,
) -> Result<Source, SpoolError> {
    let place = directory.to_owned();
    let file = blocking(move || tempfile::tempfile_in(place))
        .await?
        .map_err(|error| cannot_write(directory, 0, error))?;
    let file = copy(reader, file, directory, limit).await?;
    Ok(Source::from_file(file.into(), Origin::Stream)?)
}

async fn copy(
    mut reader: impl AsyncRead + Unpin,
    mut file: File,
    directory: &Path,
    limit: u64,
) -> Result<File, SpoolError> {
    let mut buffer = Vec::new();
    let mut total = 0;
    loop {
        read_step(&mut reader, &mut buffer, limit - total)
            .await
            .map_err(|source| SpoolError::Read {
                read: total + buffer.len() as u64,
                source,
            })?;
        if buffer.is_empty() {
            return Ok(file);
        }
        let length = buffer.len() as u64;
        if length > limit - total {
            return Err(SpoolError::TooLarge { limit });
        }
        let written;
        (file, buffer, written) = blocking(move || {
            let written = file.write_all(&buffer);
            (file, buffer, written)
        })
        .await?;
        written.map_err(|error| cannot_write(directory, total, error))?;
        total += length;
    }
}

/// Reads a full step, or what there is before the end of the stream, and never more than one byte
/// over `allowed`.
async fn read_step(
    reader: impl AsyncRead + Unpin,
    buffer: &mut Vec<u8>,
    allowed: u64,
) -> io::Result<()> {
    let step = bounded(allowed.saturating_add(1), STEP);
    buffer.clear();
    buffer.reserve(step);
    reader.take(step as u64).read_to_end(buffer).await?;
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SpoolError> {
    spawn_blocking(work)
        .await
        .map_err(|_| SpoolError::Interrupted)
}

fn cannot_write(directory: &Path, written: u64, source: io::Error) -> SpoolError {
    let directory = directory.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            SpoolError::DiskFull { directory, written }
        }
        _ => SpoolError::Write { directory, source },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn a_full_disk_has_its_own_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = copy(&b"data"[..], full, Path::new("/spool"), 100)
            .await
            .unwrap_err();
        assert!(
            matches!(error, SpoolError::DiskFull { directory, written: 0 } if directory == Path::new("/spool"))
        );
    }

    #[tokio::test]
    async fn an_unwritable_file_is_not_called_a_full_disk() {
        let read_only = File::open("/dev/null").unwrap();
        let error = copy(&b"data"[..], read_only, Path::new("/spool"), 100)
            .await
            .unwrap_err();
        assert!(matches!(error, SpoolError::Write { .. }));
    }
}
