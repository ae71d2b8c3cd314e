//! A publisher's yard, and a device that looks at it over a way that others control.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sealift_release::publish::{Lifetimes, Publisher, RoleKeys, Roles, Signer};
use sealift_release::{
    ByteStream, Checked, Directory, DirectorySource, FetchError, Reading, Release, Repository,
    Source, TrustError, TrustSettings,
};
use tough::async_trait;

use crate::examples;

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// 2026-01-01.
pub(crate) fn day(number: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(490_896) + DAY * number
}

/// A repository in a directory of its own.
pub(crate) struct Yard {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) publisher: Publisher,
}

impl Yard {
    /// With an empty repository, made on day 0.
    pub(crate) async fn new() -> Self {
        Self::with(&Roles::default()).await
    }

    /// One whose targets need the signatures of two holders.
    pub(crate) async fn with_two_signers() -> Self {
        let two = RoleKeys {
            keys: 2.try_into().unwrap(),
            threshold: 2.try_into().unwrap(),
        };
        let roles = Roles {
            targets: two,
            ..Roles::default()
        };
        Self::with(&roles).await
    }

    pub(crate) async fn with(roles: &Roles) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let publisher = Publisher::new(directory.path().to_owned(), Lifetimes::default());
        publisher.init(roles, day(0)).await.unwrap();
        Self {
            directory,
            publisher,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn signers(&self, role: &str) -> Vec<Signer> {
        let all = Signer::read_all(&self.path("keys")).unwrap();
        all.into_iter()
            .filter(|signer| signer.name().contains(&format!("/{role}-")))
            .collect()
    }

    pub(crate) fn key_files(&self, role: &str) -> Vec<PathBuf> {
        let names = self
            .signers(role)
            .into_iter()
            .map(|signer| signer.name().into());
        names.collect()
    }

    pub(crate) fn add(&self, version: &str, component: &[u8], now: SystemTime) -> Release {
        let example = examples::release(version, "");
        self.publisher
            .add(&example.file, component, &example.manifest, now)
            .unwrap()
    }

    pub(crate) async fn sign(&self, now: SystemTime) {
        let signers = Signer::read_all(&self.path("keys")).unwrap();
        let signed = self.publisher.sign(&signers, now).await.unwrap();
        assert_eq!(signed.lacking, []);
    }

    /// Adds a release, signs and publishes it.
    pub(crate) async fn publish(
        &self,
        version: &str,
        component: &[u8],
        now: SystemTime,
    ) -> Release {
        let release = self.add(version, component, now);
        self.sign(now).await;
        release
    }

    /// The published files as they are now, for somebody who replays them later.
    pub(crate) fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for part in ["metadata", "targets"] {
            fs::create_dir(copy.path().join(part)).unwrap();
            for entry in fs::read_dir(self.path(part)).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), copy.path().join(part).join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

/// What somebody on the way answers instead of a file.
#[derive(Clone, Debug)]
pub(crate) enum Instead {
    Bytes(Vec<u8>),
    NotFound,
    Fails,
    /// Never ends.
    Endless,
    /// A byte now and then.
    Drips,
    /// Ends early.
    CutAt(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Way {
    pub(crate) instead: BTreeMap<String, Instead>,
    pub(crate) asked: Vec<String>,
    pub(crate) bytes: usize,
}

/// The way to a repository, in somebody's hands.
#[derive(Clone, Debug)]
pub(crate) struct Controlled {
    directory: PathBuf,
    pub(crate) way: Arc<Mutex<Way>>,
}

fn failed(path: &str) -> FetchError {
    let (path, source) = (path.to_owned(), "connection reset".into());
    FetchError::Failed { path, source }
}

#[async_trait]
impl Source for Controlled {
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError> {
        let instead = {
            let mut way = self.way.lock().unwrap();
            way.asked.push(path.to_owned());
            way.instead.get(path).cloned()
        };
        let way = Arc::clone(&self.way);
        let count = move |piece: &Result<Bytes, FetchError>| {
            way.lock().unwrap().bytes += piece.as_ref().map_or(0, Bytes::len);
        };
        let skip = usize::try_from(offset).unwrap();
        let stream: ByteStream = match instead {
            None => {
                DirectorySource::new(self.directory.clone())
                    .open(path, offset)
                    .await?
            }
            Some(Instead::Bytes(bytes)) => {
                Box::pin(stream::iter([Ok(Bytes::from(bytes).slice(skip..))]))
            }
            Some(Instead::NotFound) => {
                return Err(FetchError::NotFound {
                    path: path.to_owned(),
                });
            }
            Some(Instead::Fails) => return Err(failed(path)),
            Some(Instead::Endless) => {
                Box::pin(stream::repeat_with(|| Ok(Bytes::from(vec![b' '; 4096]))))
            }
            Some(Instead::Drips) => Box::pin(stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Some((Ok(Bytes::from_static(b" ")), ()))
            })),
            Some(Instead::CutAt(length)) => {
                let mut bytes = fs::read(self.directory.join(path)).unwrap();
                bytes.truncate(length);
                let whole = Ok(Bytes::from(bytes).slice(skip..));
                Box::pin(stream::iter([whole, Err(failed(path))]))
            }
        };
        Ok(Box::pin(stream.inspect(count)))
    }
}

/// A device with its state directory.
pub(crate) struct Looker {
    pub(crate) state: tempfile::TempDir,
    pub(crate) way: Arc<Mutex<Way>>,
    root: String,
    directory: PathBuf,
}

impl Looker {
    /// A device that was given the first root of the yard.
    pub(crate) fn new(yard: &Yard) -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
            way: Arc::default(),
            root: fs::read_to_string(yard.path("metadata/1.root.json")).unwrap(),
            directory: yard.directory.path().to_owned(),
        }
    }

    /// From now on it is somebody else's copy that it sees.
    pub(crate) fn sees(&mut self, directory: &Path) {
        directory.clone_into(&mut self.directory);
    }

    pub(crate) fn repository(&self) -> Repository {
        let source = Controlled {
            directory: self.directory.clone(),
            way: Arc::clone(&self.way),
        };
        let files = Directory::new(self.state.path().to_owned());
        Repository::new(files, Arc::new(source), self.settings())
    }

    pub(crate) fn settings(&self) -> TrustSettings {
        TrustSettings {
            root: self.root.clone(),
            built: day(0),
            patience: Duration::from_mins(1),
            slowest: 1024,
        }
    }

    pub(crate) async fn check(&self, now: SystemTime) -> Result<Checked, TrustError> {
        let reading = Reading {
            time: now,
            authenticated: true,
        };
        self.way.lock().unwrap().asked.clear();
        self.way.lock().unwrap().bytes = 0;
        self.repository().check(reading).await
    }

    /// The versions that it finds.
    pub(crate) async fn finds(&self, now: SystemTime) -> Vec<String> {
        let checked = self.check(now).await.unwrap();
        checked
            .releases
            .iter()
            .map(|release| release.version().to_string())
            .collect()
    }

    pub(crate) fn instead(&self, path: &str, instead: Instead) {
        self.way
            .lock()
            .unwrap()
            .instead
            .insert(path.to_owned(), instead);
    }

    pub(crate) fn honest(&self) {
        self.way.lock().unwrap().instead.clear();
    }

    pub(crate) fn kept(&self) -> Option<String> {
        fs::read_to_string(self.state.path().join("release/trust.json")).ok()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.way.lock().unwrap().asked.clone()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.way.lock().unwrap().bytes
    }
}
