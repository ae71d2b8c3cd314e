//! What a host does with a store: tells of events and carries out effects.

use std::fmt::Debug;

use sealift_release::{
    ApplyError, Begun, Damage, Digest, Effect, Event, FileSystem, Refusal, Release, Requester,
    Settled, SlotName, Stage, State, Store, StoreError, Turn, Verdict,
};

use crate::examples::{self, TRIAL_JOBS, circumstances};

/// The bytes of a component.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    name.repeat(100).into_bytes()
}

/// A release of them.
pub(crate) fn release(version: &str, name: &str) -> Release {
    let bytes = bytes(name);
    Release {
        digest: Digest::of(&bytes),
        length: bytes.len() as u64,
        ..examples::release(version, name)
    }
}

/// A host with its disk; an error is a loss of power.
pub(crate) struct Driver<F>(pub(crate) Store<F>);

impl<F: FileSystem<Lock: Debug> + Debug> Driver<F> {
    pub(crate) fn tell(&self, event: Event) -> Result<(), ApplyError> {
        let effects = self.0.apply(event, &circumstances())?;
        self.carry_out(effects)
    }

    fn carry_out(&self, effects: Vec<Effect>) -> Result<(), ApplyError> {
        for effect in effects {
            match effect {
                Effect::Download { release, slot } => {
                    let digest = release.digest;
                    if let Begun::Partial(mut incoming) = self.0.incoming(&release, slot)? {
                        let there = usize::try_from(incoming.length()).unwrap();
                        let whole = bytes_of(&release);
                        for chunk in whole[there..].chunks(60) {
                            incoming.write(chunk)?;
                        }
                        incoming.finish()?;
                    }
                    self.tell(Event::Downloaded { digest })?;
                }
                Effect::Check { release, slot } => {
                    let digest = release.digest;
                    if self.is_whole(slot, digest)? {
                        self.tell(Event::Checked { digest })?;
                    }
                }
                Effect::Run(_) => {
                    let (settled, damage) = self.0.settled()?;
                    assert!(runs(&settled));
                    if let Some(Damage::Slot { slot }) = damage.last() {
                        let slot = *slot;
                        self.tell(Event::Damaged { slot })?;
                    }
                    self.tell(Event::BroughtBack)?;
                }
                Effect::Report(conclusion) => {
                    let digest = conclusion.digest;
                    self.tell(Event::Told { digest })?;
                }
                Effect::Try { .. } | Effect::Discard { .. } => {}
            }
        }
        Ok(())
    }

    /// Whether the component can be loaded; if not, the machine is told.
    fn is_whole(&self, slot: SlotName, digest: Digest) -> Result<bool, ApplyError> {
        match self.0.component(slot, digest) {
            Ok(_) => Ok(true),
            Err(StoreError::DamagedSlot { slot }) => {
                self.tell(Event::Damaged { slot })?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.0.read().unwrap().state
    }

    /// Offers the release; that it is there or on its way already is well.
    pub(crate) fn offer(&self, release: &Release) -> Result<(), ApplyError> {
        let by = Requester::Person { force: true };
        let releases = vec![release.clone()];
        match self.tell(Event::Offered { releases, by }) {
            Err(ApplyError::Refused(refusal)) if is_well(&refusal) => Ok(()),
            done => done,
        }
    }

    /// Runs jobs that all end so until no trial wants one.
    pub(crate) fn run_jobs(&self, verdict: &Verdict) -> Result<(), ApplyError> {
        for _ in 0..=TRIAL_JOBS {
            let state = self.0.read()?.state;
            let Turn::Trial { slot, digest } = state.turn(circumstances().trial) else {
                return Ok(());
            };
            self.tell(Event::TrialJobBegan { digest })?;
            if !self.is_whole(slot, digest)? {
                return Ok(());
            }
            let verdict = verdict.clone();
            self.tell(Event::TrialJobEnded { digest, verdict })?;
        }
        Ok(())
    }

    /// From wherever it is to a committed release.
    pub(crate) fn commit(&self, release: &Release) -> Result<(), ApplyError> {
        self.tell(Event::Started)?;
        self.offer(release)?;
        self.run_jobs(&Verdict::Succeeded)?;
        self.offer(release)?;
        self.run_jobs(&Verdict::Succeeded)?;
        let state = self.0.read()?.state;
        assert!(
            state.committed().is_some_and(|runs| runs.is(release)),
            "{state:?}"
        );
        assert!(matches!(state.stage(), Stage::Idle { .. }), "{state:?}");
        Ok(())
    }
}

fn is_well(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::UpToDate { .. } | Refusal::UnderWay { .. } | Refusal::TrialUnderWay { .. }
    )
}

/// What a repository would give.
fn bytes_of(release: &Release) -> Vec<u8> {
    ["one", "two", "three", "bad", "good"]
        .map(bytes)
        .into_iter()
        .find(|bytes| Digest::of(bytes) == release.digest)
        .unwrap()
}

/// Whether it can upload: the factory component can, and one as it was signed.
pub(crate) fn runs(settled: &Settled) -> bool {
    match settled {
        Settled::Factory => true,
        Settled::Component { release, bytes } => Digest::of(bytes) == release.digest,
    }
}
