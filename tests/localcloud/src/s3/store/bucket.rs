//! One bucket.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3s::dto::ETagCondition;
use tempfile::NamedTempFile;
use time::OffsetDateTime;

use super::keys::{self, Place};
use super::object::{Draft, Object, Stamp};
use super::upload::Uploads;
use super::{AboutBucket, StoreError, entries, read_json, write_json};
use crate::error::Error;
use crate::files::make_private_directory;

/// One bucket.
#[derive(Debug)]
pub(in crate::s3) struct Bucket {
    name: String,
    created: OffsetDateTime,
    region: Mutex<String>,
    /// Where objects lie.
    root: PathBuf,
    /// Where what is known of them lies.
    about: PathBuf,
    objects: Mutex<BTreeMap<String, Arc<Object>>>,
    pub(in crate::s3) uploads: Uploads,
}

/// What must hold for an object to be replaced.
#[derive(Debug, Default)]
pub(in crate::s3) struct Conditions {
    pub(in crate::s3) if_match: Option<ETagCondition>,
    /// `If-None-Match: *`, the only form that S3 takes on writes.
    pub(in crate::s3) if_absent: bool,
}

impl Bucket {
    pub(super) fn open(
        about_bucket: AboutBucket,
        root: PathBuf,
        meta: &Path,
    ) -> Result<Self, Error> {
        let about = meta.join("objects");
        make_private_directory(&about)?;
        let uploads = Uploads::open(meta.join("uploads"))?;
        let bucket = Self {
            name: about_bucket.name,
            created: about_bucket.created,
            region: Mutex::new(about_bucket.region),
            root,
            about,
            objects: Mutex::default(),
            uploads,
        };
        bucket.load()?;
        Ok(bucket)
    }

    pub(in crate::s3) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::s3) fn created(&self) -> OffsetDateTime {
        self.created
    }

    pub(in crate::s3) fn region(&self) -> String {
        self.lock_region().clone()
    }

    pub(super) fn set_region(&self, region: &str) {
        region.clone_into(&mut self.lock_region());
    }

    /// An object and its bytes. One whose file somebody removed does not exist.
    pub(in crate::s3) fn object(&self, key: &str) -> Result<(Arc<Object>, File), StoreError> {
        let mut objects = self.lock();
        let object = objects.get(key).cloned().ok_or(StoreError::NoSuchKey)?;
        let path = self.path(object.place, key);
        match File::open(&path) {
            Ok(file) => Ok((object, file)),
            Err(error) if is_absent(&error) => {
                self.forget(&mut objects, key)?;
                Err(StoreError::NoSuchKey)
            }
            Err(error) => Err(Error::file("open", path)(error).into()),
        }
    }

    /// The objects from a key on, in the order of their keys, while `visit` says so.
    pub(in crate::s3) fn scan(&self, from: &str, mut visit: impl FnMut(&Arc<Object>) -> bool) {
        for object in self
            .lock()
            .range(from.to_owned()..)
            .map(|(_, object)| object)
        {
            if !visit(object) {
                break;
            }
        }
    }

    /// Makes a complete file the object of a key, unless a condition forbids it.
    pub(in crate::s3) fn put(
        &self,
        draft: Draft,
        file: NamedTempFile,
        conditions: &Conditions,
    ) -> Result<Arc<Object>, StoreError> {
        let mut objects = self.lock();
        let before = objects
            .get(&draft.key)
            .filter(|object| self.file_exists(object));
        conditions.check(before.map(AsRef::as_ref))?;
        let place = match before {
            Some(object) => object.place,
            None => self.choose_place(&draft.key),
        };
        let object = Arc::new(self.store(draft, file, place)?);
        objects.insert(object.key.clone(), Arc::clone(&object));
        Ok(object)
    }

    /// Removes an object, if there is one and the condition holds.
    pub(in crate::s3) fn delete(
        &self,
        key: &str,
        if_match: Option<&ETagCondition>,
    ) -> Result<(), StoreError> {
        let mut objects = self.lock();
        let Some(object) = objects.get(key).cloned() else {
            return if_match.map_or(Ok(()), |_| Err(StoreError::NoSuchKey));
        };
        if if_match.is_some_and(|condition| !matches(condition, &object)) {
            return Err(StoreError::PreconditionFailed);
        }
        let path = self.path(object.place, key);
        remove(&path)?;
        self.forget(&mut objects, key)?;
        // Directories that became empty; the first that did not ends it.
        let parents = path.ancestors().skip(1).take_while(|dir| *dir != self.root);
        for dir in parents {
            if fs::remove_dir(dir).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The words go down first under a provisional name, then the bytes take
    /// their place, then the words. A crash in between leaves either the old
    /// object or, after [`load`](Self::load), the new one.
    fn store(&self, draft: Draft, file: NamedTempFile, place: Place) -> Result<Object, Error> {
        let target = self.path(place, &draft.key);
        let words = self.words(&draft.key);
        let provisional = words.with_extension(PROVISIONAL);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(Error::file("make", parent))?;
        }
        let stamp = Stamp::of(file.path()).map_err(Error::file("inspect", file.path()))?;
        let object = Object::new(draft, place, stamp);
        write_json(&provisional, &object)?;
        file.persist(&target)
            .map_err(|error| Error::file("write", &target)(error.error))?;
        fs::rename(&provisional, &words).map_err(Error::file("write", &words))?;
        Ok(object)
    }

    fn load(&self) -> Result<(), Error> {
        for path in entries(&self.about)? {
            if path
                .extension()
                .is_some_and(|extension| extension == PROVISIONAL)
            {
                self.settle(&path)?;
            }
        }
        let mut objects = self.lock();
        for path in entries(&self.about)? {
            if path.extension().is_some_and(|extension| extension == FINAL) {
                let object: Object = read_json(&path)?;
                objects.insert(object.key.clone(), Arc::new(object));
            }
        }
        Ok(())
    }

    /// Finishes or takes back what a dying process was doing.
    fn settle(&self, provisional: &Path) -> Result<(), Error> {
        let stored = read_json::<Object>(provisional)
            .is_ok_and(|object| object.describes(&self.path(object.place, &object.key)));
        if stored {
            let words = provisional.with_extension(FINAL);
            fs::rename(provisional, &words).map_err(Error::file("write", &words))
        } else {
            remove(provisional)
        }
    }

    fn path(&self, place: Place, key: &str) -> PathBuf {
        self.root.join(place.path(key))
    }

    fn words(&self, key: &str) -> PathBuf {
        self.about.join(keys::digest(key)).with_extension(FINAL)
    }

    fn file_exists(&self, object: &Object) -> bool {
        self.path(object.place, &object.key).exists()
    }

    /// Plain, unless the key is no plain path or another object is in the way.
    fn choose_place(&self, key: &str) -> Place {
        let free = || {
            let target = self.path(Place::Plain, key);
            let mut parents = target
                .ancestors()
                .skip(1)
                .take_while(|dir| *dir != self.root);
            let is = |path: &Path, wanted: fn(&fs::Metadata) -> bool| {
                fs::symlink_metadata(path).map_or_else(|error| is_absent(&error), |it| wanted(&it))
            };
            parents.all(|dir| is(dir, fs::Metadata::is_dir)) && is(&target, fs::Metadata::is_file)
        };
        if keys::is_plain(key) && free() {
            Place::Plain
        } else {
            Place::Escaped
        }
    }

    fn forget(&self, objects: &mut BTreeMap<String, Arc<Object>>, key: &str) -> Result<(), Error> {
        objects.remove(key);
        remove(&self.words(key))
    }

    /// Nothing panics while it is held.
    fn lock_region(&self) -> MutexGuard<'_, String> {
        self.region.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The map changes by whole insertions, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Object>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conditions {
    fn check(&self, before: Option<&Object>) -> Result<(), StoreError> {
        match (&self.if_match, before) {
            (Some(_), None) => Err(StoreError::NoSuchKey),
            (Some(condition), Some(object)) if !matches(condition, object) => {
                Err(StoreError::PreconditionFailed)
            }
            (_, Some(_)) if self.if_absent => Err(StoreError::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

const FINAL: &str = "json";
const PROVISIONAL: &str = "next";

fn matches(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.as_strong() == Some(object.etag.as_str()),
    }
}

/// Also when a directory on the way is a file by now.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
