//! Making one file of many.

use std::fs::File;
use std::io;

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::s3::store::{Part, StoreError, Upload, Uploads};

/// Puts the parts' bytes one after the other into a file.
pub(super) fn assemble(
    uploads: &Uploads,
    upload: &Upload,
    parts: &[Part],
    mut file: NamedTempFile,
) -> Result<NamedTempFile, StoreError> {
    for part in parts {
        let path = uploads.part_path(upload, part);
        let copied = File::open(&path).and_then(|mut from| {
            // Between two files, the kernel does the copying.
            io::copy(&mut from, file.as_file_mut())
        });
        let copied = match copied {
            Err(_) if uploads.upload(&upload.about.key, &upload.id).is_err() => {
                return Err(StoreError::NoSuchUpload);
            }
            copied => copied.map_err(Error::file("copy", &path))?,
        };
        if copied != part.size {
            let short = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(Error::file("copy", path)(short).into());
        }
    }
    Ok(file)
}
