//! Where compiled code lies, and who may have written it.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::load::{self, OwnCode};
use crate::{Digest, entry, heap};

/// Compiled code of the factory component is about 2 MB; this is beyond any sensible one.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// The component that runs, the one before it, one on trial and the factory component, of this build of the program and
/// of the last: more than these are of no use to anybody.
const MOST_FILES: usize = 8;

/// A directory of compiled components, one file for each component and engine.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
}

/// Why a directory cannot be used as a cache. None of them is fatal: without a cache,
/// components are compiled at each start.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It could not be made or looked at.
    #[error("cannot use {path} for compiled components")]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could put code there.
    #[error("{path} is not used for compiled components: {reason}")]
    Untrusted {
        /// The directory.
        path: PathBuf,
        /// Who may write it.
        reason: &'static str,
    },
}

impl Cache {
    /// Opens the cache in `directory`, which is made (0700) if it is missing.
    pub fn open(directory: &Path) -> Result<Self, CacheError> {
        let unusable = |source| CacheError::Unusable {
            path: directory.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(unusable)?;
        let metadata = fs::symlink_metadata(directory).map_err(unusable)?;
        let untrusted = |reason| CacheError::Untrusted {
            path: directory.to_owned(),
            reason,
        };
        if !metadata.is_dir() {
            return Err(untrusted(
                "it is not a directory (a symbolic link is not followed)",
            ));
        }
        if let Some(reason) = distrust(&metadata) {
            return Err(untrusted(reason));
        }
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// The component `bytes`, from the cache or else compiled and then kept there.
    ///
    /// # Errors
    /// The bytes are not a component that the engine accepts. Troubles with the cache
    /// itself are logged, not returned: the component is usable without it.
    pub fn component(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
        let path = self.path(engine, bytes);
        if let Some(component) = Self::load(engine, &path) {
            return Ok(component);
        }
        let component = Component::new(engine, bytes)?;
        if let Err(error) = self.keep(&path, &component.serialize()?) {
            tracing::warn!(path = %path.display(), %error, "compiled component not kept; the next start compiles it again");
        }
        heap::give_back();
        Ok(component)
    }

    /// The file's name says what was compiled and for which engine: code of an older build
    /// of this program is not found rather than refused.
    fn path(&self, engine: &Engine, bytes: &[u8]) -> PathBuf {
        let mut compatibility = Fnv::default();
        engine
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        let name = format!(
            "{}-{:016x}.cwasm",
            Digest::of(bytes),
            compatibility.finish()
        );
        self.directory.join(name)
    }

    fn load(engine: &Engine, path: &Path) -> Option<Component> {
        let file = match read_own(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled component not read");
                return None;
            }
        };
        let Some(code) = entry::open(&name_of(path), &file) else {
            tracing::warn!(path = %path.display(), "compiled component is damaged; compiling it again");
            return None;
        };
        touch(path);
        load::load(engine, &OwnCode::vouched_for(code))
            .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "compiled component not accepted; compiling it again"))
            .ok()
    }

    fn keep(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(&entry::seal(&name_of(path), code))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        self.clear_away()?;
        File::open(&self.directory)?.sync_all()
    }

    /// Removes what was used longest ago: code of components that are gone, or of older builds of this program.
    fn clear_away(&self) -> io::Result<()> {
        let used = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.metadata()?.modified()?, entry.path()))
        };
        let files = fs::read_dir(&self.directory)?.map(used);
        let mut files = files.collect::<io::Result<Vec<_>>>()?;
        files.sort_unstable();
        let too_many = files.len().saturating_sub(MOST_FILES);
        for (_, path) in files.drain(..too_many) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                // Another process was quicker.
                _ => {}
            }
        }
        Ok(())
    }
}

fn name_of(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Takes down that a file was used. Where that cannot be, it only may be compiled again one day.
fn touch(path: &Path) {
    let touched = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(path = %path.display(), %error, "use of a compiled component not taken down");
    }
}

/// The file's bytes, if nobody else could have written them.
fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let flags =
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?);
    let metadata = file.metadata()?;
    if let Some(reason) = distrust(&metadata) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a file of compiled code",
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why code in this file or directory could be somebody else's.
fn distrust(metadata: &fs::Metadata) -> Option<&'static str> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        Some("it belongs to another user")
    } else if metadata.mode() & 0o022 != 0 {
        Some("others may write to it (chmod go-w)")
    } else {
        None
    }
}

/// FNV-1a: unlike the standard library's hasher, the same on every start and in every build.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn files(directory: &Path) -> Vec<PathBuf> {
        fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let parent = tempfile::tempdir().unwrap();
        let cache = Cache::open(&parent.path().join("compiled")).unwrap();
        (parent, cache)
    }

    #[test]
    fn compiled_once_and_loaded_the_second_time() {
        let (_parent, cache) = cache();
        let engine = Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = files(&cache.directory).try_into().unwrap();
        assert!(Cache::load(&engine, &file).is_some());
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        assert_eq!(files(&cache.directory), [file]);
    }

    #[test]
    fn what_was_used_longest_ago_goes_when_there_is_too_much() {
        let (_parent, cache) = cache();
        let engine = Engine::default();
        let component = |number: u8| [EMPTY_COMPONENT, &[0, 3, 1, b'n', number]].concat();
        let of = |number: u8| cache.path(&engine, &component(number));
        let most = u8::try_from(MOST_FILES).unwrap();
        for number in 0..most {
            cache.component(&engine, &component(number)).unwrap();
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(number.into());
            let file = File::open(of(number)).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        // The oldest is used again, so that it is not the next to go.
        cache.component(&engine, &component(0)).unwrap();
        cache.component(&engine, &component(most)).unwrap();
        assert_eq!(files(&cache.directory).len(), MOST_FILES);
        assert!(of(0).exists() && !of(1).exists() && of(2).exists());
    }

    #[test]
    fn a_damaged_file_is_compiled_again_and_replaced() {
        let (_parent, cache) = cache();
        let engine = Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = files(&cache.directory).try_into().unwrap();
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        assert!(Cache::load(&engine, &file).is_none());
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        assert_eq!(fs::read(&file).unwrap(), whole);
    }

    #[test]
    fn code_that_others_may_have_written_is_not_loaded() {
        let (_parent, cache) = cache();
        let engine = Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = files(&cache.directory).try_into().unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(Cache::load(&engine, &file).is_none());
    }

    #[test]
    fn a_link_to_code_elsewhere_is_not_followed() {
        let (parent, cache) = cache();
        let engine = Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = files(&cache.directory).try_into().unwrap();
        let elsewhere = parent.path().join("elsewhere.cwasm");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert!(Cache::load(&engine, &file).is_none());
    }

    #[test]
    fn a_directory_that_others_may_write_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("shared");
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            Cache::open(&directory),
            Err(CacheError::Untrusted { .. })
        ));
    }

    #[test]
    fn bytes_that_are_no_component_are_an_error_and_leave_nothing() {
        let (_parent, cache) = cache();
        assert!(
            cache
                .component(&Engine::default(), b"\0asm\x01\0\0\0")
                .is_err()
        );
        assert!(files(&cache.directory).is_empty());
    }
}
