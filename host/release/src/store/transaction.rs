//! An event, from the disk to the disk.

use super::{ApplyError, FileSystem, Store};
use crate::{Circumstances, Effect, Event};

impl<F: FileSystem> Store<F> {
    /// Tells the machine of the event, keeps the new state, and answers what is to be done. Slots to be emptied are
    /// emptied here. Other processes wait meanwhile; each event begins with what is on disk then.
    ///
    /// After an error nothing has happened, or the new state is kept and its effects are still to come:
    /// [`Event::Started`] asks for them again.
    pub fn apply(
        &self,
        event: Event,
        circumstances: &Circumstances,
    ) -> Result<Vec<Effect>, ApplyError> {
        let _lock = self.lock("lock")?;
        let latest = self.latest()?;
        let before = latest.kept.state;
        let step = before.step(event, circumstances)?;
        // A damaged record is written over in any case, so that there are two good ones again.
        if step.state != before || !latest.kept.damage.is_empty() {
            self.keep(&step.state, latest.sequence + 1)?;
        }
        let mut effects = step.effects;
        for effect in &effects {
            if let Effect::Discard { slot } = effect {
                self.discard(*slot)?;
            }
        }
        effects.retain(|effect| !matches!(effect, Effect::Discard { .. }));
        Ok(effects)
    }
}
