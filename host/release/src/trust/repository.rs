//! A look at a repository.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tough::schema::{Root, Signed, Target};
use tough::{ExpirationEnforcement, Limits, RepositoryLoader, TargetName};
use url::Url;

use super::clock::Reading;
use super::error::{Role, TrustError};
use super::kept::Kept;
use super::session::{LARGEST_ROOT, LARGEST_SNAPSHOT, LARGEST_TARGETS, LARGEST_TIMESTAMP, Session};
use super::source::Source;
use crate::store::{Directory, FileSystem};
use crate::{Digest, Manifest, Note, Release, StoreError, TargetFileError};

/// What is not kept on disk.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The TUF root that the device was given: its text.
    pub root: String,
    /// When the host was built: it cannot be earlier.
    pub built: SystemTime,
    /// A check takes no longer.
    pub patience: Duration,
    /// A component comes in no slower, in bytes per second, over all of its time.
    pub slowest: u64,
}

/// A repository, and what is trusted of it.
#[derive(Debug)]
pub struct Repository<F = Directory> {
    pub(super) files: F,
    pub(super) source: Arc<dyn Source>,
    pub(super) settings: Settings,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The components that there are.
    pub releases: Vec<Release>,
    /// Components that this host does not understand: a newer one may. They are no reason to pass over the others.
    pub strange: Vec<Strange>,
    /// What was kept of earlier checks was damaged. The configured root was begun with again, and what guards
    /// against older metadata began anew; the watermark holds.
    pub damaged: bool,
    /// Requests that were made.
    pub requests: u32,
    /// Bytes that came in.
    pub bytes: u64,
}

/// A component that this host does not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strange {
    /// Its name.
    pub name: Note,
    /// What is not understood.
    pub why: Note,
}

/// As many newer roots are followed in one check.
const MOST_ROOTS: u64 = 256;

impl<F: FileSystem> Repository<F> {
    /// The repository behind the source, with what `files` keep of it. Touches neither.
    pub fn new(files: F, source: Arc<dyn Source>, settings: Settings) -> Self {
        Self {
            files,
            source,
            settings,
        }
    }

    /// Fetches what is new, verifies all of it, and keeps it. Blocks for as long as small files take to be read and
    /// written. To be dropped in the middle does no harm.
    pub async fn check(&self, clock: Reading) -> Result<Checked, TrustError> {
        let (kept, damaged) = Kept::read(&self.files, &self.settings.root)?;
        let now = clock.judged(kept.floor(), self.settings.built)?;
        let session = Session::new(Arc::clone(&self.source), kept.clone());
        let datastore = seeded(&kept)?;
        let loaded = self.load(&kept, &session, &datastore).await;
        // A newer root counts whatever comes after it: it is how keys that were stolen are withdrawn.
        let mut next = kept.clone();
        if let Some((root, text)) = newest_root(&datastore) {
            next.follow(&root, text);
        }
        let verdict = loaded.and_then(|repository| {
            expiry(&repository, now)?;
            Ok(repository)
        });
        if verdict.is_ok() {
            let passed = session.passed();
            next.timestamp.clone_from(&passed.timestamp);
            next.snapshot.clone_from(&passed.snapshot);
            next.targets.clone_from(&passed.targets);
            next.set_floor(clock.raised(kept.floor()));
        }
        if next != kept || damaged {
            self.keep(&kept, &next)?;
        }
        let (releases, strange) = releases(&verdict?);
        let passed = session.passed();
        Ok(Checked {
            releases,
            strange,
            damaged,
            requests: passed.requests,
            bytes: passed.bytes,
        })
    }

    /// Writes down what is trusted, unless another process has got further meanwhile: its check counts then.
    fn keep(&self, before: &Kept, next: &Kept) -> Result<(), TrustError> {
        let path = Path::new("release/trust.lock");
        let failed = |doing| {
            let path = path.to_owned();
            move |source| StoreError::Io {
                doing,
                path,
                source,
            }
        };
        self.files
            .make_directory(Path::new("release"))
            .map_err(failed("make the directory of"))?;
        let _lock = self.files.lock(path).map_err(failed("lock"))?;
        let (now, _) = Kept::read(&self.files, &self.settings.root)?;
        if now == *before {
            next.write(&self.files)?;
        }
        Ok(())
    }

    async fn load(
        &self,
        kept: &Kept,
        session: &Session,
        datastore: &tempfile::TempDir,
    ) -> Result<tough::Repository, TrustError> {
        let loading = RepositoryLoader::new(&kept.root, place("metadata")?, place("targets")?)
            .transport(session.clone())
            .datastore(datastore.path())
            // By one clock, ours: see `expiry`.
            .expiration_enforcement(ExpirationEnforcement::Unsafe)
            .limits(Limits {
                max_root_size: LARGEST_ROOT,
                max_targets_size: LARGEST_TARGETS,
                max_timestamp_size: LARGEST_TIMESTAMP,
                max_snapshot_size: LARGEST_SNAPSHOT,
                max_root_updates: MOST_ROOTS,
            })
            .load();
        let within = self.settings.patience;
        match tokio::time::timeout(within, loading).await {
            Ok(loaded) => Ok(loaded?),
            Err(_) => Err(TrustError::Slow { within }),
        }
    }
}

/// Names a directory of the repository where `tough` wants a URL; [`Session`] looks at the last part of it alone.
fn place(directory: &str) -> Result<Url, TrustError> {
    let unreachable = |error| TrustError::Unreachable(Box::new(error));
    Url::parse(&format!("file:///{directory}/")).map_err(unreachable)
}

/// A directory for one check, which begins with what is trusted. It is not where trust is kept: `tough` writes its files
/// in place, and its own clock into them.
fn seeded(kept: &Kept) -> Result<tempfile::TempDir, TrustError> {
    let directory = tempfile::tempdir().map_err(TrustError::Temporary)?;
    for (name, text) in [
        ("timestamp.json", &kept.timestamp),
        ("snapshot.json", &kept.snapshot),
    ] {
        if let Some(text) = text {
            fs::write(directory.path().join(name), text).map_err(TrustError::Temporary)?;
        }
    }
    Ok(directory)
}

/// The last root that `tough` has verified.
fn newest_root(datastore: &tempfile::TempDir) -> Option<(Signed<Root>, String)> {
    let text = fs::read_to_string(datastore.path().join("root.json")).ok()?;
    Some((serde_json::from_str(&text).ok()?, text))
}

/// TUF 5.3.10, 5.4.4, 5.5.6 and 5.6.6, by one time for all of them.
fn expiry(repository: &tough::Repository, now: SystemTime) -> Result<(), TrustError> {
    let roles = [
        (Role::Root, repository.root().signed.expires.into()),
        (
            Role::Timestamp,
            repository.timestamp().signed.expires.into(),
        ),
        (Role::Snapshot, repository.snapshot().signed.expires.into()),
        (Role::Targets, repository.targets().signed.expires.into()),
    ];
    let expired = roles
        .into_iter()
        .find(|(_, expires): &(Role, SystemTime)| *expires <= now);
    match expired {
        None => Ok(()),
        Some((role, expired)) => Err(TrustError::Expired { role, expired, now }),
    }
}

/// Targets with `custom.sealift` are ours, others somebody else's. Delegated roles have no say in components.
fn releases(repository: &tough::Repository) -> (Vec<Release>, Vec<Strange>) {
    let (mut releases, mut strange) = (Vec::new(), Vec::new());
    for (name, target) in &repository.targets().signed.targets {
        let Some(custom) = target.custom.get("sealift") else {
            continue;
        };
        match release_of(name, target, custom) {
            Ok(release) => releases.push(release),
            Err(why) => strange.push(Strange {
                name: name.raw().into(),
                why,
            }),
        }
    }
    releases.sort_by(|one, other| one.version().cmp(other.version()));
    (releases, strange)
}

/// The release that a target is, or why it is none.
pub(crate) fn release_of(
    name: &TargetName,
    target: &Target,
    custom: &serde_json::Value,
) -> Result<Release, Note> {
    let digest = <[u8; 32]>::try_from(target.hashes.sha256.as_ref());
    Ok(Release {
        file: name
            .raw()
            .parse()
            .map_err(|error: TargetFileError| error.to_string())?,
        digest: digest
            .map(Digest::from_bytes)
            .map_err(|_| "its hash is no SHA-256")?,
        length: target.length,
        manifest: Manifest::from_json(custom).map_err(|error| error.reason())?,
    })
}
