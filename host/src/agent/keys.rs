//! From a file that is complete to a job.

use std::collections::HashSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use sealift_config::{Disposal, KeyField, KeyValues, ObjectKeyError, WatchRule};
use sealift_payload::{Algorithm, Source, SourceError};
use sealift_queue::{InvalidTask, NewJob, Origin, Settings, Task};
use sealift_state::{Numbers, StateDirectory};
use sealift_watch::{Fingerprint, Found};

use crate::gateway::Gateway;
use crate::report;

/// Files that nobody can name are told once each, if they are not very many.
const MOST_TOLD: usize = 10_000;

/// Makes jobs of files. It remembers what it gave numbers to.
#[derive(Debug)]
pub(super) struct Keys {
    host: String,
    numbers: Numbers,
    told: HashSet<PathBuf>,
}

/// Why no job is made of a file.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it has no key")]
    Key(#[from] ObjectKeyError),
    #[error("the queue does not take it")]
    Task(#[from] InvalidTask),
    #[error("its path cannot be told")]
    Path(#[source] io::Error),
    #[error("its SHA-256 cannot be told")]
    Hash(#[from] SourceError),
    /// The watcher reports it again.
    #[error("it changed meanwhile")]
    Changed,
}

/// Why no file can get a key.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenKeysError {
    #[error("cannot tell the name of this host, which keys may have")]
    Host(#[source] nix::Error),
    #[error("cannot read the numbers of files in {}", state.display())]
    Numbers { state: PathBuf, source: io::Error },
}

impl Keys {
    /// With the numbers that are kept in the state directory; blocks.
    pub(super) fn open(state: &StateDirectory) -> Result<Self, OpenKeysError> {
        // Not from /proc/sys, which a service with `ProcSubset=pid` does not see.
        let host = nix::unistd::gethostname().map_err(OpenKeysError::Host)?;
        let numbers = state.numbers().map_err(|source| OpenKeysError::Numbers {
            state: state.path().to_owned(),
            source,
        })?;
        Ok(Self {
            host: host.to_string_lossy().replace('/', "-"),
            numbers,
            told: HashSet::new(),
        })
    }

    /// Jobs for these files; those of which none can be made are told, and counted. Blocks.
    pub(super) fn jobs(
        &mut self,
        current: &Gateway,
        files: &[Found],
    ) -> io::Result<(Vec<NewJob>, usize)> {
        let mut jobs = Vec::with_capacity(files.len());
        let mut unusable = 0;
        for file in files {
            let rules = &mut current.config().watch.iter();
            // The rule may have gone with a reload.
            let Some(rule) = rules.find(|rule| rule.name == file.rule) else {
                continue;
            };
            match self.job(current, rule, file) {
                Ok(task) => jobs.push(NewJob::from(task)),
                Err(Unusable::Changed) => {}
                Err(error) => {
                    unusable += 1;
                    self.tell(file, &error);
                }
            }
        }
        // Before a number is used.
        self.numbers.keep()?;
        Ok((jobs, unusable))
    }

    fn job(&mut self, current: &Gateway, rule: &WatchRule, file: &Found) -> Result<Task, Unusable> {
        let template = &rule.destination.key;
        let hash = template
            .uses(KeyField::Hash)
            .then(|| hash(file))
            .transpose()?;
        let counter = template
            .uses(KeyField::Counter)
            .then(|| self.number(rule, file));
        let key = template.render(&KeyValues {
            thing: current.config().device.thing_name.as_ref(),
            host: &self.host,
            path: &file.relative,
            modified: file.modified,
            hash: hash.as_ref(),
            counter,
        })?;
        let path = std::path::absolute(&file.path).map_err(Unusable::Path)?;
        Ok(Task {
            source: path.try_into()?,
            fingerprint: Some(file.fingerprint.to_string().try_into()?),
            target: (rule.destination.bucket.as_str(), key.as_str()).try_into()?,
            settings: settings(rule, file)?,
            priority: i8::try_from(rule.priority).unwrap_or(i8::MAX),
            disposal: disposal(&rule.after)?,
            origin: Origin::watch(rule.name.as_str())?,
            size: file.size,
        })
    }

    fn number(&mut self, rule: &WatchRule, file: &Found) -> u64 {
        self.numbers.of(&[
            rule.name.as_str().as_bytes(),
            file.relative.as_os_str().as_bytes(),
            file.fingerprint.to_string().as_bytes(),
        ])
    }

    fn tell(&mut self, file: &Found, error: &Unusable) {
        if self.told.len() >= MOST_TOLD {
            self.told.clear();
        }
        if self.told.insert(file.path.clone()) {
            let path = report::line(&file.path.to_string_lossy());
            tracing::warn!("{path} is left where it is: {}", report::chain(error));
        }
    }
}

fn hash(file: &Found) -> Result<[u8; 32], Unusable> {
    let source = Source::open(&file.path)?;
    if Fingerprint::from(source.fingerprint()) != file.fingerprint {
        return Err(Unusable::Changed);
    }
    let checksum = source.checksum(Algorithm::Sha256, 0..source.len())?;
    checksum
        .as_bytes()
        .try_into()
        .map_err(|_| Unusable::Changed)
}

fn settings(rule: &WatchRule, file: &Found) -> Result<Settings, InvalidTask> {
    let class = rule.storage_class.as_ref().map(ToString::to_string);
    let kind = mime_guess::from_path(&file.path).first_raw();
    let settings = [
        class.map(|class| ("storage-class".to_owned(), class)),
        kind.map(|kind| ("content-type".to_owned(), kind.to_owned())),
    ];
    settings
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .try_into()
}

fn disposal(after: &Disposal) -> Result<sealift_queue::Disposal, Unusable> {
    Ok(match after {
        Disposal::Keep => sealift_queue::Disposal::Keep,
        Disposal::Delete => sealift_queue::Disposal::Delete,
        Disposal::Move(directory) => {
            let directory = std::path::absolute(directory).map_err(Unusable::Path)?;
            sealift_queue::Disposal::move_to(directory)?
        }
    })
}
