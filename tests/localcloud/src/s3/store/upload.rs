//! Multipart uploads under way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use time::OffsetDateTime;

use super::{StoreError, entries, read_json, write_json};
use crate::error::Error;
use crate::files::make_private_directory;
use crate::s3::checksum::{Algorithm, Form};
use crate::s3::headers::Headers;

/// What a multipart upload was created with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::s3) struct NewUpload {
    pub(in crate::s3) key: String,
    #[serde(with = "time::serde::timestamp")]
    pub(in crate::s3) initiated: OffsetDateTime,
    pub(in crate::s3) algorithm: Algorithm,
    pub(in crate::s3) form: Form,
    /// Whether the client chose the algorithm itself.
    pub(in crate::s3) explicit: bool,
    pub(in crate::s3) headers: Headers,
}

/// A multipart upload under way.
#[derive(Debug, Clone)]
pub(in crate::s3) struct Upload {
    pub(in crate::s3) id: String,
    pub(in crate::s3) about: NewUpload,
    pub(in crate::s3) parts: BTreeMap<u16, Part>,
}

/// One uploaded part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::s3) struct Part {
    pub(in crate::s3) number: u16,
    pub(in crate::s3) size: u64,
    /// The MD5 of its bytes in hexadecimal.
    pub(in crate::s3) etag: String,
    /// Base64, of the upload's algorithm.
    pub(in crate::s3) checksum: String,
    #[serde(with = "time::serde::timestamp")]
    pub(in crate::s3) modified: OffsetDateTime,
    /// The name of the file with its bytes, in the upload's directory.
    file: String,
}

impl Part {
    pub(in crate::s3) fn new(
        number: u16,
        size: u64,
        etag: String,
        checksum: String,
        modified: OffsetDateTime,
    ) -> Self {
        Self {
            number,
            size,
            etag,
            checksum,
            modified,
            file: String::new(),
        }
    }
}

/// The multipart uploads of a bucket. They belong to the bucket and not to
/// whoever began them, so an upload can go on with new credentials.
#[derive(Debug)]
pub(in crate::s3) struct Uploads {
    dir: PathBuf,
    uploads: Mutex<BTreeMap<String, Upload>>,
}

impl Uploads {
    pub(super) fn open(dir: PathBuf) -> Result<Self, Error> {
        make_private_directory(&dir)?;
        let mut uploads = BTreeMap::new();
        for path in entries(&dir)? {
            match load(&path)? {
                Some(upload) => {
                    uploads.insert(upload.id.clone(), upload);
                }
                // Died while it was made or removed.
                None => fs::remove_dir_all(&path).map_err(Error::file("remove", &path))?,
            }
        }
        Ok(Self {
            dir,
            uploads: Mutex::new(uploads),
        })
    }

    pub(in crate::s3) fn create(&self, id: &str, about: NewUpload) -> Result<(), StoreError> {
        let dir = self.dir.join(id);
        make_private_directory(&dir)?;
        write_json(&dir.join(ABOUT), &about)?;
        let upload = Upload {
            id: id.to_owned(),
            about,
            parts: BTreeMap::new(),
        };
        self.lock().insert(id.to_owned(), upload);
        Ok(())
    }

    /// An upload as it is now, if it is one to this key.
    pub(in crate::s3) fn upload(&self, key: &str, id: &str) -> Result<Upload, StoreError> {
        self.lock()
            .get(id)
            .filter(|upload| upload.about.key == key)
            .cloned()
            .ok_or(StoreError::NoSuchUpload)
    }

    /// Every upload, in the order in which S3 lists them.
    pub(in crate::s3) fn list(&self) -> Vec<Upload> {
        let mut all: Vec<Upload> = self.lock().values().cloned().collect();
        all.sort_by(|one, other| {
            let order = |upload: &Upload| (upload.about.key.clone(), upload.id.clone());
            order(one).cmp(&order(other))
        });
        all
    }

    /// Makes a complete file a part, in place of an earlier one of its number.
    pub(in crate::s3) fn put_part(
        &self,
        id: &str,
        mut part: Part,
        file: NamedTempFile,
    ) -> Result<(), StoreError> {
        let mut uploads = self.lock();
        let upload = uploads.get_mut(id).ok_or(StoreError::NoSuchUpload)?;
        let dir = self.dir.join(id);
        let number = part.number;
        let name = file
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        part.file = format!("{number:05}{name}");
        let path = dir.join(&part.file);
        file.persist(&path)
            .map_err(|error| Error::file("write", &path)(error.error))?;
        write_json(&words(&dir, number), &part)?;
        if let Some(before) = upload.parts.insert(number, part) {
            let path = dir.join(before.file);
            fs::remove_file(&path).map_err(Error::file("remove", path))?;
        }
        Ok(())
    }

    /// Where the bytes of a part lie. They stay until the upload is removed or
    /// the part replaced.
    pub(in crate::s3) fn part_path(&self, upload: &Upload, part: &Part) -> PathBuf {
        self.dir.join(&upload.id).join(&part.file)
    }

    /// Ends an upload, completed or aborted.
    pub(in crate::s3) fn remove(&self, key: &str, id: &str) -> Result<(), StoreError> {
        let mut uploads = self.lock();
        if uploads.get(id).is_none_or(|upload| upload.about.key != key) {
            return Err(StoreError::NoSuchUpload);
        }
        uploads.remove(id);
        let dir = self.dir.join(id);
        // Without this file it is no upload, should the rest not get removed.
        let about = dir.join(ABOUT);
        fs::remove_file(&about).map_err(Error::file("remove", &about))?;
        fs::remove_dir_all(&dir).map_err(Error::file("remove", &dir))?;
        Ok(())
    }

    /// Changes are whole insertions and removals, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Upload>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ABOUT: &str = "upload.json";

fn words(dir: &Path, number: u16) -> PathBuf {
    dir.join(format!("{number:05}.json"))
}

fn load(dir: &Path) -> Result<Option<Upload>, Error> {
    let about = dir.join(ABOUT);
    if !about.exists() {
        return Ok(None);
    }
    let mut parts = BTreeMap::new();
    for path in entries(dir)? {
        let is_part = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if is_part && path != about {
            let part: Part = read_json(&path)?;
            parts.insert(part.number, part);
        }
    }
    let id = dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Some(Upload {
        id,
        about: read_json(&about)?,
        parts,
    }))
}
