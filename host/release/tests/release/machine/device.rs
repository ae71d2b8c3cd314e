//! A device as the machine sees it: a model of its slots, which carries out the effects.

use std::collections::BTreeMap;

use sealift_release::{
    Choice, Circumstances, Digest, Effect, Event, Refusal, Release, Requester, SlotName, State,
    Turn, Verdict,
};

use crate::examples::{TRIAL_JOBS, circumstances};

/// A device with the state and what its slots hold.
pub(crate) struct Device {
    pub(crate) state: State,
    pub(crate) circumstances: Circumstances,
    pub(crate) slots: BTreeMap<u8, Digest>,
    /// The effects of the latest event.
    pub(crate) effects: Vec<Effect>,
    /// What has been asked for and not answered.
    pub(crate) download: Option<(Release, SlotName)>,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self {
            state: State::default(),
            circumstances: circumstances(),
            slots: BTreeMap::new(),
            effects: Vec::new(),
            download: None,
        }
    }

    pub(crate) fn tell(&mut self, event: Event) -> Result<(), Refusal> {
        self.effects.clear();
        let before = self.state.clone();
        let step = self
            .state
            .step(event, &self.circumstances)
            .inspect_err(|_| {
                assert_eq!(self.state, before);
            })?;
        // What is on disk is what goes on.
        let kept = serde_json::to_string(&step.state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&kept).unwrap(), step.state);
        self.state = step.state;
        for effect in &step.effects {
            match effect {
                Effect::Discard { slot } => {
                    self.slots.remove(&(*slot as u8));
                }
                Effect::Download { release, slot } => {
                    self.download = Some((release.clone(), *slot));
                }
                Effect::Check { .. } | Effect::Run(_) | Effect::Try { .. } | Effect::Report(_) => {}
            }
        }
        self.effects = step.effects;
        Ok(())
    }

    pub(crate) fn offer(&mut self, releases: &[Release], by: Requester) -> Result<(), Refusal> {
        let releases = releases.to_vec();
        self.tell(Event::Offered { releases, by })
    }

    /// The download comes to its end.
    pub(crate) fn downloaded(&mut self) {
        let Some((release, slot)) = self.download.take() else {
            return;
        };
        let digest = release.digest;
        self.slots.insert(slot as u8, digest);
        self.tell(Event::Downloaded { digest }).unwrap();
    }

    pub(crate) fn checked(&mut self) {
        if let Some(release) = self.state.stage().release() {
            let digest = release.digest;
            self.tell(Event::Checked { digest }).unwrap();
        }
    }

    /// From the offer to the beginning of the trial.
    pub(crate) fn bring_to_trial(&mut self, release: &Release) {
        let by = Requester::Person { force: false };
        self.offer(std::slice::from_ref(release), by).unwrap();
        self.downloaded();
        self.checked();
    }

    /// One job on trial.
    pub(crate) fn trial_job(&mut self, verdict: Verdict) {
        let Turn::Trial { digest, .. } = self.state.turn(self.circumstances.trial) else {
            panic!("no trial wants a job: {:?}", self.state.stage());
        };
        self.tell(Event::TrialJobBegan { digest }).unwrap();
        self.tell(Event::TrialJobEnded { digest, verdict }).unwrap();
    }

    pub(crate) fn commit(&mut self, release: &Release) {
        self.bring_to_trial(release);
        for _ in 0..TRIAL_JOBS {
            self.trial_job(Verdict::Succeeded);
        }
        assert!(self.state.committed().unwrap().is(release));
    }

    /// Whether what is chosen is there.
    pub(crate) fn holds(&self, choice: Choice) -> bool {
        match choice {
            Choice::Factory => true,
            Choice::Slot { slot, digest } => self.slots.get(&(slot as u8)) == Some(&digest),
        }
    }
}
