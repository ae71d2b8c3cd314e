//! Buckets and objects as files.
//!
//! ```text
//! s3/BUCKET/KEY                          an object, and nothing else
//! .meta/incoming/                        bodies on their way in; emptied at start
//! .meta/buckets/BUCKET/bucket.json       makes it a bucket
//! .meta/buckets/BUCKET/objects/HASH.json what is known of an object
//! .meta/buckets/BUCKET/uploads/ID/       a multipart upload under way
//! ```
//!
//! What is known is also in memory, sorted, and read from there. Nothing is
//! visible before it is complete, whenever the process dies.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use time::OffsetDateTime;

use crate::REGION;
use crate::error::Error;
use crate::files::{Access, make_private_directory, read, write};

mod bucket;
mod keys;
mod object;
mod upload;

pub(super) use bucket::{Bucket, Conditions};
pub(super) use object::{Draft, Object};
pub(super) use upload::{NewUpload, Part, Upload, Uploads};

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("no such bucket")]
    NoSuchBucket,
    #[error("no such key")]
    NoSuchKey,
    #[error("no such multipart upload")]
    NoSuchUpload,
    #[error("a precondition did not hold")]
    PreconditionFailed,
    #[error("the store's files cannot be used")]
    Files(#[from] Error),
}

/// Every bucket of a local cloud.
#[derive(Debug)]
pub(super) struct Store {
    objects: PathBuf,
    buckets_meta: PathBuf,
    incoming: PathBuf,
    buckets: Mutex<BTreeMap<String, Arc<Bucket>>>,
}

impl Store {
    /// Opens what is there, and finishes what a dying process left half done.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let meta = dir.join(".meta");
        let store = Self {
            objects: dir.join("s3"),
            buckets_meta: meta.join("buckets"),
            incoming: meta.join("incoming"),
            buckets: Mutex::default(),
        };
        make_private_directory(&store.buckets_meta)?;
        fs::create_dir_all(&store.objects).map_err(Error::file("make", &store.objects))?;
        match fs::remove_dir_all(&store.incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::file("empty", &store.incoming)(error));
            }
            _ => make_private_directory(&store.incoming)?,
        }
        for meta in entries(&store.buckets_meta)? {
            let about: AboutBucket = match meta.join(ABOUT_BUCKET) {
                path if path.exists() => read_json(&path)?,
                _ => continue,
            };
            let objects = store.objects.join(&about.name);
            let bucket = Bucket::open(about, objects, &meta)?;
            store
                .lock()
                .insert(bucket.name().to_owned(), Arc::new(bucket));
        }
        Ok(store)
    }

    /// Makes a bucket unless it is there; whether it was made. The name must be
    /// a bucket's name.
    pub(super) fn create_bucket(&self, name: &str, now: OffsetDateTime) -> Result<bool, Error> {
        let mut buckets = self.lock();
        if buckets.contains_key(name) {
            return Ok(false);
        }
        let (objects, meta) = (self.objects.join(name), self.buckets_meta.join(name));
        fs::create_dir_all(&objects).map_err(Error::file("make", &objects))?;
        make_private_directory(&meta)?;
        let about = AboutBucket {
            name: name.to_owned(),
            created: now,
            region: home(),
        };
        write_json(&meta.join(ABOUT_BUCKET), &about)?;
        let bucket = Bucket::open(about, objects, &meta)?;
        buckets.insert(name.to_owned(), Arc::new(bucket));
        Ok(true)
    }

    /// Says that a bucket, if there is one of this name, lies in this region.
    pub(super) fn move_bucket(&self, name: &str, region: &str) -> Result<(), Error> {
        let buckets = self.lock();
        let Some(bucket) = buckets.get(name) else {
            return Ok(());
        };
        let about = AboutBucket {
            name: name.to_owned(),
            created: bucket.created(),
            region: region.to_owned(),
        };
        write_json(&self.buckets_meta.join(name).join(ABOUT_BUCKET), &about)?;
        bucket.set_region(region);
        Ok(())
    }

    pub(super) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        self.lock()
            .get(name)
            .cloned()
            .ok_or(StoreError::NoSuchBucket)
    }

    /// Every bucket, in the order of their names.
    pub(super) fn buckets(&self) -> Vec<Arc<Bucket>> {
        self.lock().values().cloned().collect()
    }

    /// A file for a body on its way in. It is gone when it is dropped.
    pub(super) fn incoming(&self) -> Result<NamedTempFile, StoreError> {
        let failed = Error::file("make a file in", &self.incoming);
        Ok(NamedTempFile::new_in(&self.incoming).map_err(failed)?)
    }

    /// The map changes by whole insertions, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Bucket>>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ABOUT_BUCKET: &str = "bucket.json";

#[derive(Serialize, Deserialize)]
struct AboutBucket {
    name: String,
    #[serde(with = "time::serde::timestamp")]
    created: OffsetDateTime,
    #[serde(default = "home")]
    region: String,
}

fn home() -> String {
    REGION.to_owned()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    serde_json::from_str(&read(path)?).map_err(|source| Error::Damaged {
        path: path.to_owned(),
        source: source.into(),
    })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_vec(value)
        .map_err(|source| Error::file("encode", path)(io::Error::other(source)))?;
    write(path, &text, Access::Private)
}

/// What a directory holds; nothing if there is none.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        list => list.map_err(Error::file("list", dir))?,
    };
    list.map(|entry| Ok(entry.map_err(Error::file("list", dir))?.path()))
        .collect()
}
