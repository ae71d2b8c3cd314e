//! From a repository to a trial.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealift_release::{
    Begun, Checked, Directory, Effect, Event, Note, Reading, Refusal, Release, Repository,
    Requester, SlotName, StoreError, TrustError, TrustSettings, Window,
};
use semver::Version;

use super::error::UpdateError;
use super::examination::examine;
use super::releases::{Releases, ReleasesError};
use super::source::source;
use super::{circumstances, record, report::report};
use crate::gateway::Gateway;

/// A look at a repository takes no longer, and its first byte of a component neither.
const PATIENCE: Duration = Duration::from_mins(2);

/// A component comes in at so many bytes per second at least: a bad link's.
const SLOWEST: u64 = 250;

/// No root is longer, in bytes.
const LONGEST_ROOT: u64 = 1024 * 1024;

/// What brings releases as far as their trial.
#[derive(Debug)]
pub struct Updater {
    gateway: Arc<Gateway>,
    releases: Arc<Releases>,
    /// With its connections, once it was needed.
    repository: OnceLock<Repository>,
}

/// What a look at the repository has found.
#[derive(Debug)]
pub struct Found {
    /// What is there.
    pub checked: Checked,
    /// The release that would be taken, or why none would be.
    pub choice: Result<Release, Refusal>,
}

impl Updater {
    /// For this gateway's device.
    pub fn new(gateway: Arc<Gateway>, releases: Arc<Releases>) -> Self {
        Self {
            gateway,
            releases,
            repository: OnceLock::new(),
        }
    }

    /// Looks what the repository has, and takes nothing.
    pub async fn check(&self, by: Requester) -> Result<Found, UpdateError> {
        let checked = self.repository()?.check(self.reading()).await?;
        let state = self.releases.look().await?.state;
        let circumstances = self
            .releases
            .circumstances(self.gateway.config(), Window::Open);
        let offered = Event::Offered {
            releases: checked.releases.clone(),
            by,
        };
        let choice = state.step(offered, &circumstances).map(|step| {
            let release = step.state.stage().release().cloned();
            release.ok_or(Refusal::NothingOffered)
        });
        let choice = choice.and_then(|release| release);
        Ok(Found { checked, choice })
    }

    /// Looks what the repository has, and brings the newest release that this device takes as far as its trial.
    pub async fn update(&self, by: Requester) -> Result<(), UpdateError> {
        self.update_to(None, by).await
    }

    /// Like [`Updater::update`], to this version or to the newest.
    pub async fn update_to(
        &self,
        wanted: Option<&Version>,
        by: Requester,
    ) -> Result<(), UpdateError> {
        let checked = self.repository()?.check(self.reading()).await?;
        for strange in &checked.strange {
            tracing::warn!(
                "the release {} is not understood: {}",
                strange.name,
                strange.why
            );
        }
        if checked.damaged {
            tracing::warn!(
                "what was kept of the repository was damaged; the configured root was begun with again"
            );
        }
        let mut releases = checked.releases;
        releases.retain(|release| wanted.is_none_or(|wanted| release.version() == wanted));
        let told = self.tell(Event::Offered { releases, by }, by).await;
        match told {
            Err(UpdateError::Refused(refusal @ Refusal::NotGranted { .. })) => {
                self.releases.record_refusal(&refusal)?;
                Err(UpdateError::Refused(refusal))
            }
            Err(error) => Err(error),
            Ok(effects) => self.carry_out(effects, by).await,
        }
    }

    /// Goes on with what is on its way.
    pub async fn go_on(&self, by: Requester) -> Result<(), UpdateError> {
        let effects = self.tell(Event::Reconsider, by).await?;
        self.carry_out(effects, by).await
    }

    /// Carries out what the machine wants, and what follows from that.
    pub async fn carry_out(&self, effects: Vec<Effect>, by: Requester) -> Result<(), UpdateError> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let event = match effect {
                // Whoever has a gateway follows the state.
                Effect::Discard { .. } | Effect::Run(_) => continue,
                Effect::Download { release, slot } => self.download(&release, slot).await?,
                Effect::Check { release, slot } => self.examine(&release, slot).await?,
                Effect::Try { release, .. } => {
                    tracing::info!("version {} is on trial", release.version());
                    self.releases.record(&record::on_trial(&release))?;
                    continue;
                }
                Effect::Report(conclusion) => report(&self.releases, &conclusion)?,
            };
            effects.extend(self.tell(event, by).await?);
        }
        Ok(())
    }

    /// Takes the bytes of a component from somewhere else than the repository, and brings it as far as its trial.
    pub async fn install(&self, release: Release, bytes: &[u8]) -> Result<(), UpdateError> {
        let by = Requester::Person { force: true };
        let releases = vec![release];
        let effects = self.tell(Event::Offered { releases, by }, by).await?;
        let mut rest = Vec::new();
        for effect in effects {
            let Effect::Download { release, slot } = effect else {
                rest.push(effect);
                continue;
            };
            if let Begun::Partial(mut incoming) = self.releases.store.incoming(&release, slot)? {
                incoming.restart()?;
                incoming.write(bytes)?;
                incoming.finish()?;
            }
            let digest = release.digest;
            rest.extend(self.tell(Event::Downloaded { digest }, by).await?);
        }
        self.carry_out(rest, by).await
    }

    async fn download(&self, release: &Release, slot: SlotName) -> Result<Event, UpdateError> {
        let digest = release.digest;
        match self.fetch(release, slot).await {
            Ok(()) => Ok(Event::Downloaded { digest }),
            Err(
                UpdateError::Trust(TrustError::Store(error @ StoreError::NotAsSigned))
                | UpdateError::Releases(ReleasesError::Store(error @ StoreError::NotAsSigned)),
            ) => {
                let note = Note::from(crate::report::chain(&error));
                Ok(Event::NotDownloaded { digest, note })
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, release: &Release, slot: SlotName) -> Result<(), UpdateError> {
        if let Begun::Partial(mut incoming) = self.releases.store.incoming(release, slot)? {
            if incoming.missing() > 0 {
                self.repository()?.fetch(release, &mut incoming).await?;
            }
            incoming.finish()?;
        }
        Ok(())
    }

    async fn examine(&self, release: &Release, slot: SlotName) -> Result<Event, UpdateError> {
        let digest = release.digest;
        let found = examine(&self.gateway, &self.releases, release, slot).await?;
        Ok(match found {
            Ok(()) => Event::Checked { digest },
            Err(failure) => Event::CheckFailed { digest, failure },
        })
    }

    /// Tells the machine. A person does not wait for the maintenance window.
    async fn tell(&self, event: Event, by: Requester) -> Result<Vec<Effect>, UpdateError> {
        let window = match by {
            Requester::Person { .. } => Window::Open,
            Requester::Schedule | Requester::Message => {
                circumstances::window(self.gateway.config())
            }
        };
        let told = self.releases.tell_in(&self.gateway, event, window).await;
        Ok(told?)
    }

    fn repository(&self) -> Result<&Repository, UpdateError> {
        if let Some(repository) = self.repository.get() {
            return Ok(repository);
        }
        let config = self.gateway.config();
        let repository = config.release.repository.as_ref();
        let repository = repository.ok_or(UpdateError::NoRepository)?;
        let settings = TrustSettings {
            root: root(&repository.root)?,
            built: built(),
            patience: PATIENCE,
            slowest: SLOWEST,
        };
        let files = Directory::new(self.releases.directory().to_owned());
        let made = Repository::new(files, source(&self.gateway)?, settings);
        Ok(self.repository.get_or_init(|| made))
    }

    fn reading(&self) -> Reading {
        Reading {
            time: self.gateway.now(),
            authenticated: self.gateway.clock_is_authentic(),
        }
    }
}

fn root(path: &std::path::Path) -> Result<String, UpdateError> {
    let read = || {
        let file = std::fs::File::open(path)?;
        let mut text = String::new();
        io::Read::read_to_string(&mut io::Read::take(file, LONGEST_ROOT), &mut text)?;
        Ok(text)
    };
    read().map_err(|source| UpdateError::Root {
        path: path.to_owned(),
        source,
    })
}

/// When this host was built: it cannot be earlier.
fn built() -> SystemTime {
    let seconds = env!("SEALIFT_BUILT").parse().unwrap_or(0);
    UNIX_EPOCH + Duration::from_secs(seconds)
}
