//! When a file is complete: a state machine without IO.

mod patience;
mod pending;
mod reported;

use std::path::Path;
use std::time::Instant;

pub(crate) use patience::Patience;
use pending::{Pending, Phase, Waiting};
use reported::Reported;

use crate::Fingerprint;

/// What happened to a file; its path is relative to the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was found in a listing, in this state.
    Seen(Fingerprint),
    /// It was made, empty, or written to: somebody has it open for writing.
    Written,
    /// Somebody who had it open for writing closed it.
    Closed,
    /// It was renamed to this path.
    MovedIn,
    /// Its owner, mode or times were set.
    Touched,
    /// It is no longer at this path.
    Gone,
}

/// What a look at a file that is due tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is complete in the state that was seen, and reported herewith.
    Complete,
    /// It has to be looked at again, or was reported in this state before.
    NotNow,
}

/// The files of one folder that may become complete, and those that were reported.
///
/// It remembers a bounded number of each. Notices of files beyond that are left to another scan,
/// which [`wants_scan`](Tracker::wants_scan) asks for when there is room; reported ones that it could
/// not remember are reported again by every scan.
#[derive(Debug)]
pub(crate) struct Tracker {
    patience: Patience,
    pending: Pending,
    reported: Reported,
    /// Notices were lost, or files left out for want of room.
    missed: Option<Missed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    /// A scan helps at once.
    Notices,
    /// A scan helps once there is room.
    Room,
}

impl Tracker {
    /// A tracker that keeps at most so many files in mind that are not complete, and as many that
    /// were reported.
    pub(crate) fn new(patience: Patience, most: usize) -> Self {
        Self {
            patience,
            pending: Pending::new(most),
            reported: Reported::new(most),
            missed: None,
        }
    }

    /// Takes in what happened to a file.
    pub(crate) fn handle(&mut self, path: &Path, event: Event, now: Instant) {
        let before = self.pending.phase(path);
        match event {
            Event::Seen(state) => self.seen(path, state, now),
            Event::Written => self.wait(path, Phase::Open, now),
            Event::Closed => self.wait(path, Phase::Closed, now),
            Event::MovedIn => self.wait(path, Phase::Moved, now),
            // A program may set times or modes of a file that it goes on writing.
            Event::Touched if before == Some(Phase::Open) => {}
            Event::Touched if before.is_some_and(Phase::is_handed_over) => {
                self.wait(path, Phase::Closed, now);
            }
            Event::Touched => self.wait(path, Phase::Settling(None), now),
            Event::Gone => {
                self.pending.remove(path);
                self.reported.forget(path);
            }
        }
    }

    /// A directory with all that is below it is no longer there.
    pub(crate) fn gone_below(&mut self, directory: &Path) {
        // What was reported is forgotten by the next scan: its state would tell another file that
        // comes to the same path apart.
        self.pending.remove_below(directory);
    }

    /// Notices of the kernel were lost.
    pub(crate) fn overflow(&mut self) {
        self.missed = Some(Missed::Notices);
    }

    /// Whether the folder has to be looked through before its time.
    pub(crate) fn wants_scan(&self) -> bool {
        match self.missed {
            Some(Missed::Notices) => true,
            Some(Missed::Room) => self.pending.has_ample_room(),
            None => false,
        }
    }

    /// Whether another file can be kept in mind. A scan pauses while this is not so: looked through
    /// from the beginning again and again, a large folder would never come to its end.
    pub(crate) fn has_room(&self) -> bool {
        self.pending.has_room()
    }

    /// A look through the whole folder begins, of which each file will be [`Event::Seen`].
    pub(crate) fn scan_begins(&mut self) {
        self.missed = None;
        self.reported.mark();
    }

    /// It ended: what was not seen in it is gone.
    pub(crate) fn scan_ends(&mut self) {
        self.reported.sweep();
    }

    /// Forgets what was reported, so that the next scan reports it again.
    pub(crate) fn forget_reported(&mut self) {
        self.reported.clear();
        self.missed = Some(Missed::Notices);
    }

    /// When a file will be due; ask again after every event.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.pending.next_due()
    }

    /// A file that is due to be looked at; tell [`looked`](Tracker::looked) what is there.
    pub(crate) fn due(&self, now: Instant) -> Option<std::rc::Rc<Path>> {
        self.pending.due(now)
    }

    /// A file that was due is in this state, or is no regular file of that name any more.
    pub(crate) fn looked(
        &mut self,
        path: &Path,
        state: Option<Fingerprint>,
        now: Instant,
    ) -> Verdict {
        let Some(state) = state else {
            self.handle(path, Event::Gone, now);
            return Verdict::NotNow;
        };
        let Some(phase) = self.pending.phase(path) else {
            return Verdict::NotNow;
        };
        if !(phase.is_handed_over() || phase == Phase::Settling(Some(state))) {
            self.wait(path, Phase::Settling(Some(state)), now);
            return Verdict::NotNow;
        }
        self.pending.remove(path);
        if self.reported.has(path, state) {
            return Verdict::NotNow;
        }
        self.reported.add(path, state);
        Verdict::Complete
    }

    fn seen(&mut self, path: &Path, state: Fingerprint, now: Instant) {
        // Asked in any case, for what is asked for is kept in mind.
        let was_reported = self.reported.has(path, state);
        match self.pending.phase(path) {
            // A notice tells more than a listing.
            Some(Phase::Open | Phase::Closed | Phase::Moved) => {}
            Some(Phase::Settling(Some(known))) if known == state => {}
            None if was_reported => {}
            Some(Phase::Settling(_)) | None => {
                self.wait(path, Phase::Settling(Some(state)), now);
            }
        }
    }

    fn wait(&mut self, path: &Path, phase: Phase, now: Instant) {
        let due = now + self.patience.with(phase);
        let waiting = self.pending.put(path, phase, due);
        if waiting == Waiting::NoRoom && self.missed.is_none() {
            self.missed = Some(Missed::Room);
        }
    }
}

#[cfg(test)]
mod tests;
