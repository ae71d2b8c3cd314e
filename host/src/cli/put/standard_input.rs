//! Standard input as the bytes of an object.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
use sealift_config::{Config, Environment};
use sealift_payload::{SpoolError, Stream};

use super::item_error::ItemError;

/// Standard input, through the spool directory of the configuration.
pub(super) async fn stream(config: &Config) -> Result<Stream, ItemError> {
    if is_closed(io::stdin()) {
        return Err(ItemError::NoStandardInput);
    }
    let directory = config.spool_dir(&Environment::of_process())?;
    make_private(&directory).map_err(|source| SpoolError::Write {
        directory: directory.clone(),
        source,
    })?;
    let limit = config.put.spool_limit.bytes();
    Ok(Stream::open(tokio::io::stdin(), &directory, limit).await?)
}

/// Whether standard input was closed when the program began (`<&-`). Rust opens `/dev/null` in its
/// place then, for reading and writing; what a user redirects from there is open for reading alone.
fn is_closed(input: impl AsFd) -> bool {
    let (Ok(input_status), Ok(null)) = (fstat(&input), stat("/dev/null")) else {
        return true;
    };
    let both_ways = fcntl_getfl(&input).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    input_status.st_rdev == null.st_rdev && input_status.st_mode == null.st_mode && both_ways
}

/// Makes a directory if it is missing, for this user alone.
fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::File;

    use super::*;

    #[test]
    fn what_stands_in_for_a_closed_input_is_told_from_an_empty_one() {
        let open = |write| File::options().read(true).write(write).open("/dev/null");
        assert!(is_closed(open(true).unwrap()));
        assert!(!is_closed(open(false).unwrap()));
        assert!(!is_closed(tempfile::tempfile().unwrap()));
    }
}
