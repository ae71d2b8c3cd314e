//! A device, and an account of its own of what has happened to it.

use std::collections::BTreeSet;

use sealift_release::{
    Choice, Digest, Effect, Event, Failure, Note, Outcome, Requester, Stage, Tally, Turn, Verdict,
};
use semver::Version;

use crate::examples::TRIAL_JOBS;

use super::device::Device;
use super::happening::{Happens, known};

/// The device, and an account of its own of what has happened.
pub(crate) struct History {
    pub(crate) device: Device,
    committed_once: BTreeSet<Version>,
    pub(crate) failed: BTreeSet<Digest>,
    jobs: Tally,
    pub(crate) commits: u32,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            device: Device::new(),
            committed_once: BTreeSet::new(),
            failed: BTreeSet::new(),
            jobs: Tally::default(),
            commits: 0,
        }
    }

    pub(crate) fn happen(&mut self, what: Happens) {
        let mut forced = None;
        let mut by_hand = false;
        let stage = self.device.state.stage().clone();
        let event = match what {
            Happens::Started => Event::Started,
            Happens::Offer(releases, by) => {
                forced = Some(by == Requester::Person { force: true });
                let releases = releases.into_iter().map(known).collect();
                Event::Offered { releases, by }
            }
            Happens::Download(true) => {
                self.device.downloaded();
                return;
            }
            Happens::Download(false) => {
                let Some((release, _)) = self.device.download.take() else {
                    return;
                };
                let (digest, note) = (release.digest, Note::from("gone"));
                Event::NotDownloaded { digest, note }
            }
            Happens::Check(good) => {
                let Stage::Verified { release, .. } = &stage else {
                    return;
                };
                let digest = release.digest;
                let failure = Failure::ProbeFailed { note: "bad".into() };
                if good {
                    Event::Checked { digest }
                } else {
                    Event::CheckFailed { digest, failure }
                }
            }
            Happens::Reconsider(window) => {
                self.device.circumstances.window = window;
                Event::Reconsider
            }
            Happens::JobBegins => {
                let turn = self.device.state.turn(self.device.circumstances.trial);
                let Turn::Trial { digest, .. } = turn else {
                    return;
                };
                Event::TrialJobBegan { digest }
            }
            Happens::JobEnds(verdict) => {
                let Stage::Trial(trial) = &stage else { return };
                let digest = trial.release().digest;
                Event::TrialJobEnded { digest, verdict }
            }
            Happens::BroughtBack => Event::BroughtBack,
            Happens::Damage(slot) => {
                self.device.slots.remove(&(slot as u8));
                Event::Damaged { slot }
            }
            Happens::Told => {
                let Some(last) = self.device.state.last() else {
                    return;
                };
                Event::Told {
                    digest: last.digest,
                }
            }
            Happens::Hold => Event::Hold,
            Happens::Release => Event::Release,
            Happens::Pin(index) => Event::Pin {
                version: known(index).version().clone(),
            },
            Happens::Unpin => Event::Unpin,
            Happens::RollBack(to) => {
                by_hand = true;
                Event::RollBack { to }
            }
            Happens::Stale(index, kind) => {
                let digest = known(index).digest;
                if stage
                    .release()
                    .is_some_and(|release| release.digest == digest)
                {
                    return;
                }
                match kind {
                    0 => Event::Downloaded { digest },
                    1 => Event::Checked { digest },
                    2 => Event::TrialJobEnded {
                        digest,
                        verdict: Verdict::TimedOut,
                    },
                    _ => Event::CheckFailed {
                        digest,
                        failure: Failure::DiedInCheck,
                    },
                }
            }
        };
        self.follow(event, &stage, forced, by_hand);
    }

    fn follow(&mut self, event: Event, before: &Stage, forced: Option<bool>, by_hand: bool) {
        let watermark = self.device.state.watermark().cloned();
        let held = self.device.state.is_held();
        let again = matches!(event, Event::Started);
        let ended = match &event {
            Event::TrialJobEnded { verdict, .. } => Some(verdict.clone()),
            _ => None,
        };
        let jobs_before = match before {
            Stage::Trial(trial) => trial.jobs(),
            _ => Tally::default(),
        };
        if self.device.tell(event).is_err() {
            return;
        }
        self.account(ended.as_ref(), jobs_before, before);
        assert!(
            self.device.state.watermark() >= watermark.as_ref(),
            "the watermark sank"
        );
        for effect in self.device.effects.clone() {
            match effect {
                Effect::Download { release, .. } => {
                    assert!(!held || forced.is_none(), "taken while held");
                    let highest = self.committed_once.last();
                    assert!(highest.is_none_or(|highest| release.version() >= highest));
                    if forced == Some(true) {
                        self.failed.remove(&release.digest);
                    }
                    assert!(
                        !self.failed.contains(&release.digest),
                        "a failed digest again"
                    );
                }
                Effect::Try { release, .. } => {
                    assert!(
                        !self.failed.contains(&release.digest),
                        "a failed digest on trial"
                    );
                    let began = !matches!(before, Stage::Trial(_));
                    assert!(!began || !self.device.state.is_held(), "tried while held");
                }
                Effect::Report(_) if again => {}
                Effect::Report(conclusion) => {
                    self.concluded(&conclusion.outcome, conclusion.digest, by_hand);
                }
                Effect::Run(choice) => assert_eq!(choice, self.device.state.settled()),
                Effect::Discard { .. } | Effect::Check { .. } => {}
            }
        }
    }

    /// Counts the jobs of the trial without the machine's help, and sees what they led to.
    fn account(&mut self, ended: Option<&Verdict>, jobs_before: Tally, before: &Stage) {
        let counted = match (before, ended) {
            (Stage::Trial(_), Some(Verdict::Succeeded)) => 1,
            _ => 0,
        };
        if !matches!(before, Stage::Trial(_)) {
            self.jobs = Tally::default();
        }
        let now = self.device.state.stage();
        let commits = matches!((before, now), (Stage::Trial(trial), Stage::Idle { .. })
            if self.device.state.committed().is_some_and(|runs| runs.is(trial.release())));
        if let (Stage::Trial(_), Stage::Trial(trial)) = (before, now) {
            self.jobs.succeeded += trial.jobs().succeeded - jobs_before.succeeded;
            assert!(trial.jobs().succeeded - jobs_before.succeeded <= counted);
            assert_eq!(trial.jobs().failed, 0, "a failed job that went unnoticed");
        }
        if commits {
            assert_eq!(ended, Some(&Verdict::Succeeded));
            assert_eq!(
                self.jobs.succeeded + 1,
                TRIAL_JOBS,
                "committed after too few good jobs"
            );
            self.commits += 1;
            let version = self.device.state.committed().unwrap().version().clone();
            self.committed_once.insert(version);
        }
    }

    fn concluded(&mut self, outcome: &Outcome, digest: Digest, by_hand: bool) {
        match outcome {
            Outcome::Committed => {
                self.failed.remove(&digest);
            }
            Outcome::FailedWithoutRollback { failure }
            | Outcome::FailedAndRolledBack { failure }
            | Outcome::FailedAndUnableToRollBack { failure } => {
                let told = self.device.state.last().unwrap().digest == digest;
                if failure.is_the_components() && told && !by_hand {
                    self.failed.insert(digest);
                }
            }
        }
    }

    /// What must be so at any time.
    pub(crate) fn check(&self) {
        let Device {
            state,
            circumstances,
            ..
        } = &self.device;
        assert!(
            self.device.holds(state.settled()),
            "what is settled is not there"
        );
        if let Turn::Trial { slot, digest } = state.turn(circumstances.trial) {
            assert!(
                self.device.holds(Choice::Slot { slot, digest }),
                "what is tried is not there"
            );
            assert_eq!(slot, state.spare());
        }
        if let Some(committed) = state.committed() {
            assert!(
                state
                    .watermark()
                    .is_some_and(|mark| mark >= committed.version())
            );
        }
        match state.stage() {
            Stage::Idle {
                previous: Some(release),
            }
            | Stage::Verified { release, .. }
            | Stage::Staged { release } => {
                let (slot, digest) = (state.spare(), release.digest);
                assert!(self.device.holds(Choice::Slot { slot, digest }));
            }
            _ => {}
        }
    }
}
