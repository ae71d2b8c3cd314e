//! A publisher's repository of releases, made by `sealift release`, and a device that looks at one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealift::factory;
use sealift_release::{
    Begun, Checked, Circumstances, Directory, DirectorySource, Effect, Event, Reading, Release,
    Requester, Store, Tally, TrialRule, TrustError, TrustSettings, Turn, Verdict, Window,
};
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::Program;

/// A directory for `sealift release`.
pub struct Repository {
    directory: TempDir,
}

impl Repository {
    /// An empty repository, made with these options of `init`.
    pub fn new(options: &[&str]) -> Self {
        let repository = Self::nowhere();
        repository.release(&["init"]).args(options).run().done();
        repository
    }

    /// A directory without a repository, `DIR`, and room for others beside it.
    pub fn nowhere() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    /// Its directory.
    pub fn directory(&self) -> PathBuf {
        self.path("repository")
    }

    /// A path beside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// `sealift release` in it.
    pub fn release(&self, arguments: &[&str]) -> Program {
        let program = Program::new().arg("release").args(arguments);
        program.arg("--repo").arg(self.directory())
    }

    /// The factory's component in a file.
    pub fn component(&self) -> PathBuf {
        let path = self.path("uploader.wasm");
        fs::write(&path, factory::COMPONENT).unwrap();
        path
    }

    /// `add` of that component.
    pub fn add(&self, version: &str) -> Program {
        let program = self.release(&["add", "--version", version]);
        program.arg(self.component())
    }

    /// `sign` with all keys of these roles that are here.
    pub fn sign(&self, roles: &[&str]) -> Program {
        let keys = roles.iter().flat_map(|role| self.keys(role));
        self.sign_with(keys)
    }

    /// `sign` with these keys.
    pub fn sign_with<T: AsRef<std::ffi::OsStr>>(
        &self,
        keys: impl IntoIterator<Item = T>,
    ) -> Program {
        keys.into_iter()
            .fold(self.release(&["sign"]), |program, key| {
                program.arg("--key").arg(key)
            })
    }

    /// The private keys of a role.
    pub fn keys(&self, role: &str) -> Vec<PathBuf> {
        let Ok(listing) = fs::read_dir(self.directory().join("keys")) else {
            return Vec::new();
        };
        let mut keys: Vec<_> = listing.map(|entry| entry.unwrap().path()).collect();
        keys.retain(|key| {
            let name = key.file_name().unwrap().to_string_lossy();
            name.starts_with(&format!("{role}-"))
        });
        keys.sort();
        keys
    }

    /// What a holder of a key is sent: all but the private keys.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::nowhere();
        copy.take_from(self);
        copy
    }

    /// Takes over what another copy of it has, but for private keys.
    pub fn take_from(&self, other: &Self) {
        let draft = self.directory().join("draft");
        if draft.exists() {
            fs::remove_dir_all(draft).unwrap();
        }
        for part in ["metadata", "targets", "draft"] {
            let from = other.directory().join(part);
            let Ok(listing) = fs::read_dir(from) else {
                continue;
            };
            let to = self.directory().join(part);
            fs::create_dir_all(&to).unwrap();
            for entry in listing {
                let entry = entry.unwrap();
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }

    /// The root that devices are given.
    pub fn root(&self) -> PathBuf {
        self.directory().join("metadata/1.root.json")
    }

    /// Whether anything waits for a signature.
    pub fn has_drafts(&self) -> bool {
        self.directory().join("draft").exists()
    }

    /// What a device finds in it that knows its first root alone.
    pub fn found(&self) -> Result<Checked, TrustError> {
        let state = tempfile::tempdir().unwrap();
        Looker::new(state.path(), &self.directory()).look()
    }

    /// The versions that such a device finds.
    pub fn versions(&self) -> Vec<String> {
        let releases = self.found().unwrap().releases;
        let versions = releases.iter().map(Release::version);
        versions.map(ToString::to_string).collect()
    }
}

/// A device that takes releases from a directory.
pub struct Looker {
    state: PathBuf,
    repository: sealift_release::Repository,
}

impl Looker {
    /// A device with this state directory, which was given the first root of this repository.
    pub fn new(state: &Path, repository: &Path) -> Self {
        let settings = TrustSettings {
            root: fs::read_to_string(repository.join("metadata/1.root.json")).unwrap(),
            built: SystemTime::UNIX_EPOCH,
            patience: Duration::from_mins(1),
            slowest: 1024,
        };
        let source = Arc::new(DirectorySource::new(repository.to_owned()));
        let files = Directory::new(state.to_owned());
        Self {
            state: state.to_owned(),
            repository: sealift_release::Repository::new(files, source, settings),
        }
    }

    /// What it finds.
    pub fn look(&self) -> Result<Checked, TrustError> {
        block_on(self.repository.check(Reading {
            time: SystemTime::now(),
            authenticated: true,
        }))
    }

    /// Takes the newest release that it finds, down to the jobs that commit it.
    pub fn install(&self) {
        let store = Store::new(Directory::new(self.state.clone()));
        let releases = self.look().unwrap().releases;
        let by = Requester::Person { force: false };
        let mut events = vec![Event::Offered { releases, by }];
        while let Some(event) = events.pop() {
            for effect in store.apply(event, &circumstances()).unwrap() {
                match effect {
                    Effect::Download { release, slot } => {
                        let digest = release.digest;
                        let Begun::Partial(mut incoming) = store.incoming(&release, slot).unwrap()
                        else {
                            panic!("it is there already");
                        };
                        block_on(self.repository.fetch(&release, &mut incoming)).unwrap();
                        incoming.finish().unwrap();
                        events.push(Event::Downloaded { digest });
                    }
                    Effect::Check { release, .. } => {
                        let digest = release.digest;
                        events.push(Event::Checked { digest });
                    }
                    Effect::Try { release, .. } => {
                        let digest = release.digest;
                        let verdict = Verdict::Succeeded;
                        events.push(Event::TrialJobEnded { digest, verdict });
                        events.push(Event::TrialJobBegan { digest });
                    }
                    Effect::Run(_) | Effect::Discard { .. } | Effect::Report(_) => {}
                }
            }
        }
        let state = store.read().unwrap().state;
        assert!(
            matches!(state.turn(circumstances().trial), Turn::Settled(_)),
            "{state:?}"
        );
    }
}

/// Of a device that takes a release after one good job.
fn circumstances() -> Circumstances {
    let once = 1.try_into().unwrap();
    Circumstances {
        host_version: env!("CARGO_PKG_VERSION").parse().unwrap(),
        worlds: vec![sealift::sandbox::WORLD.parse().unwrap()],
        grants: vec!["https://*.granted.example".parse().unwrap()],
        thing: "thing_x".into(),
        window: Window::Open,
        trial: TrialRule {
            jobs: once,
            deaths: once,
        },
        settled: Tally::default(),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
