//! How much an attempt sends, and whether it is still wanted.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealift_payload::Sending;

use crate::gateway::Observer;
use crate::sandbox::{Directive, Step};

/// Watches one attempt.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: Mutex<Sent>,
    cancelled: AtomicBool,
}

/// Bytes, however often they were sent.
#[derive(Debug, Default)]
struct Sent {
    /// Of bodies that came to their end.
    ended: u64,
    under_way: Vec<Sending>,
    /// What was accounted for.
    accounted: u64,
}

impl Meter {
    /// Tells the component to stop at its next step.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Bytes of the file that were handed to the network.
    pub(super) fn sent(&self) -> u64 {
        self.lock().total()
    }

    /// Those that this did not answer before.
    pub(super) fn unaccounted(&self) -> u64 {
        let mut sent = self.lock();
        let total = sent.total();
        let before = std::mem::replace(&mut sent.accounted, total);
        total.saturating_sub(before)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sent {
    fn total(&self) -> u64 {
        let under_way = self.under_way.iter().map(Sending::sent);
        under_way.fold(self.ended, u64::saturating_add)
    }

    fn begin(&mut self, sending: &Sending) {
        // An upload has thousands of parts.
        let has_ended = |sending: &Sending| sending.finished() || sending.failure().is_some();
        let (ended, under_way) = self.under_way.drain(..).partition(has_ended);
        self.under_way = under_way;
        let ended: Vec<Sending> = ended;
        self.ended += ended.iter().map(Sending::sent).sum::<u64>();
        self.under_way.push(sending.clone());
    }
}

impl Observer for Meter {
    fn sending(&self, _range: Range<u64>, sending: &Sending) {
        self.lock().begin(sending);
    }

    fn step(&self, _step: &Step) -> Directive {
        if self.cancelled.load(Ordering::Relaxed) {
            Directive::Stop
        } else {
            Directive::GoOn
        }
    }
}
