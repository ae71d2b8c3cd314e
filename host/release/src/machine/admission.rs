//! Which of the offered releases is taken.

use sealift_config::OriginPattern;
use semver::Version;

use super::{Circumstances, Effect, Failure, Refusal, Requester, Stage, State, Step};
use crate::{LARGEST_COMPONENT, Release};

impl Step {
    pub(super) fn offered(
        &mut self,
        releases: Vec<Release>,
        by: Requester,
        circumstances: &Circumstances,
    ) -> Result<(), Refusal> {
        let ordered = self
            .ordered_of(&releases)
            .filter(|_| by == Requester::Schedule);
        let release = choose(&self.state, releases, by, circumstances)?;
        match &self.state.stage {
            Stage::Trial(_) | Stage::RollingBack { .. } => {
                let under_way = self.state.stage.release().unwrap_or(&release);
                return Err(Refusal::TrialUnderWay {
                    version: under_way.version().clone(),
                });
            }
            Stage::Downloading { release: coming } if coming.is(&release) => {
                self.reconsider(circumstances);
                return Ok(());
            }
            Stage::Verified {
                release: coming,
                checks,
            } if coming.is(&release) => {
                // Whoever checked it may be gone. A person knows; others may meet one who is at it.
                if !matches!(by, Requester::Person { .. }) {
                    let version = release.version().clone();
                    return Err(Refusal::UnderWay { version });
                }
                self.check_again(release, *checks);
                return Ok(());
            }
            Stage::Staged { release: coming } if coming.is(&release) => {
                self.reconsider(circumstances);
                let waits = matches!(&self.state.stage, Stage::Staged { .. });
                return if waits {
                    let version = release.version().clone();
                    Err(Refusal::UnderWay { version })
                } else {
                    Ok(())
                };
            }
            Stage::Downloading { .. } | Stage::Verified { .. } | Stage::Staged { .. } => {
                if let Some(version) = ordered {
                    return Err(Refusal::UnderWay { version });
                }
                self.end(Failure::Abandoned);
            }
            Stage::Idle { .. } => self.discard(),
        }
        // Who forces it takes the verdict back.
        self.state.failed.remove(&release.digest);
        self.state.ordered = (by != Requester::Schedule).then_some(release.digest);
        self.effects.push(Effect::Download {
            release: release.clone(),
            slot: self.state.spare,
        });
        self.state.stage = Stage::Downloading { release };
        Ok(())
    }

    /// The version that is on its way because somebody ordered it, if it is among these still.
    fn ordered_of(&self, releases: &[Release]) -> Option<Version> {
        let coming = self.state.stage.release()?;
        let is_there = releases.iter().any(|release| release.is(coming));
        (is_there && self.state.ordered == Some(coming.digest)).then(|| coming.version().clone())
    }
}

/// The newest that may be taken, or why the newest may not. What runs already ends the search: nothing older is
/// looked at.
fn choose(
    state: &State,
    mut releases: Vec<Release>,
    by: Requester,
    circumstances: &Circumstances,
) -> Result<Release, Refusal> {
    if state.hold {
        return Err(Refusal::Held);
    }
    if releases.is_empty() {
        return Err(Refusal::NothingOffered);
    }
    if let Some(pin) = &state.pin {
        releases.retain(|release| release.version() == pin);
        if releases.is_empty() {
            return Err(Refusal::Pinned { pin: pin.clone() });
        }
    }
    releases.sort_by(|one, other| other.version().cmp(one.version()));
    let mut first = None;
    for release in releases {
        if state
            .committed
            .as_ref()
            .is_some_and(|runs| runs.is(&release))
        {
            let version = release.version().clone();
            return Err(first.unwrap_or(Refusal::UpToDate { version }));
        }
        match admit(state, &release, by, circumstances) {
            Ok(()) => return Ok(release),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    Err(first.unwrap_or(Refusal::NothingOffered))
}

fn admit(
    state: &State,
    release: &Release,
    by: Requester,
    circumstances: &Circumstances,
) -> Result<(), Refusal> {
    let version = release.version();
    if let Some(watermark) = state.watermark.as_ref().filter(|mark| version < mark) {
        return Err(Refusal::BelowWatermark {
            version: version.clone(),
            watermark: watermark.clone(),
        });
    }
    let forced = by == Requester::Person { force: true };
    if state.failed.contains(&release.digest) && !forced {
        return Err(Refusal::FailedBefore {
            version: version.clone(),
            digest: release.digest,
        });
    }
    runnable(release, circumstances)?;
    let rollout = release.manifest.rollout;
    if by == Requester::Schedule && !rollout.includes(&circumstances.thing, release) {
        return Err(Refusal::NotYet {
            version: version.clone(),
        });
    }
    Ok(())
}

/// Whether this host with this configuration can run it at all, by what its publisher says.
pub(super) fn runnable(release: &Release, circumstances: &Circumstances) -> Result<(), Refusal> {
    let manifest = &release.manifest;
    let version = || release.version().clone();
    if release.length > LARGEST_COMPONENT {
        return Err(Refusal::TooLarge {
            version: version(),
            length: release.length,
            limit: LARGEST_COMPONENT,
        });
    }
    if manifest.minimum_host_version > circumstances.host_version {
        return Err(Refusal::HostTooOld {
            version: version(),
            needs: manifest.minimum_host_version.clone(),
        });
    }
    if !circumstances.worlds.contains(&manifest.world) {
        return Err(Refusal::OtherWorld {
            version: version(),
            world: manifest.world.clone(),
        });
    }
    let granted = |origin: &&OriginPattern| {
        circumstances
            .grants
            .iter()
            .any(|grant| grant.covers(origin))
    };
    match manifest.origins.iter().find(|origin| !granted(origin)) {
        None => Ok(()),
        Some(origin) => Err(Refusal::NotGranted {
            version: version(),
            origin: origin.clone(),
        }),
    }
}
