//! `hints`: small facts that outlast a job.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealift_state::{Hints, HintsError};

use super::super::bindings::sealift::gateway::hints::Host;
use super::super::state::State;
use super::super::{Answer, Answered, ErrorKind};

impl Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let (hints, now) = (self.services.hints(), self.services.now());
        // Nobody holds the lock but for a write, which may take as long as a disk does.
        if let Ok(mut hints) = hints.try_lock()
            && hints.at_hand()
        {
            return Ok(hints.value(&name, now));
        }
        let look = move || lock(&hints).value(&name, now);
        Ok(tokio::task::spawn_blocking(look).await?)
    }

    async fn put(
        &mut self,
        name: String,
        value: String,
        seconds: u64,
    ) -> wasmtime::Result<Answered<()>> {
        let (hints, now) = (self.services.hints(), self.services.now());
        let _busy = self.egress.usage().busy();
        let life = Duration::from_secs(seconds);
        let put = move || lock(&hints).put(name, value, life, now);
        Ok(match tokio::task::spawn_blocking(put).await? {
            Ok(()) => Ok(()),
            // It is known until the process ends, which is as much as a component may count on.
            Err(error @ HintsError::Unusable { .. }) => {
                self.services.unkept(&error);
                Ok(())
            }
            Err(error) => Err(Answer::new(ErrorKind::TooLarge, error.to_string())),
        })
    }
}

fn lock(hints: &Mutex<Hints>) -> MutexGuard<'_, Hints> {
    hints.lock().unwrap_or_else(PoisonError::into_inner)
}
