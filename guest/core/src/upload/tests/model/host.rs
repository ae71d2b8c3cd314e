//! A host with a disk, a vault and a pipe that fail at times.

use std::ops::Range;

use super::chance::Chance;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::upload::Event;

/// What outlives a process.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) journal: Vec<Vec<u8>>,
    /// Reads and writes of a hundred that fail.
    pub(super) fails: u8,
}

/// Where credentials come from.
#[derive(Debug, Default)]
pub(super) struct Vault {
    renewals: u32,
}

/// A stream's bytes, and which of them are held.
#[derive(Debug)]
pub(super) struct Pipe {
    left: u64,
    taken: u64,
    room: u64,
    released: Vec<Range<u64>>,
}

impl Disk {
    pub(super) fn load(&self, chance: &mut Chance) -> Event {
        Event::Journal(if chance.in_hundred(self.fails) {
            Err(unavailable("the journal cannot be read"))
        } else {
            Ok(self.journal.clone())
        })
    }

    pub(super) fn append(&mut self, entry: Vec<u8>, chance: &mut Chance) -> Event {
        if chance.in_hundred(self.fails) {
            return Event::Written(Err(unavailable("the disk is full")));
        }
        self.journal.push(entry);
        Event::Written(Ok(()))
    }

    pub(super) fn reset(&mut self) -> Event {
        self.journal.clear();
        Event::Written(Ok(()))
    }
}

impl Vault {
    /// `trouble` is in hundredths.
    pub(super) fn credentials(
        &mut self,
        rejected: Option<String>,
        trouble: u8,
        chance: &mut Chance,
    ) -> Event {
        if chance.in_hundred(trouble) {
            return Event::Credentials(Err(unavailable("no credentials for now")));
        }
        if rejected.is_some_and(|id| id == format!("A{}", self.renewals)) {
            self.renewals += 1;
        }
        let id = format!("A{}", self.renewals);
        Event::Credentials(Credentials::new(id, "s".to_owned(), None, None))
    }
}

impl Pipe {
    pub(super) fn new(length: u64, room: u64) -> Self {
        Self {
            left: length,
            taken: 0,
            room,
            released: Vec::new(),
        }
    }

    pub(super) fn acquire(&mut self, length: u64, trouble: u8, chance: &mut Chance) -> Event {
        if chance.in_hundred(trouble) {
            return Event::Acquired(Err(unavailable("the pipe broke")));
        }
        let length = length.min(self.left);
        let released: u64 = self.released.iter().map(|it| it.end - it.start).sum();
        let held = self.taken - released;
        if held + length > self.room {
            let error = Error::new(ErrorKind::TooLarge, "no room for more");
            return Event::Acquired(Err(error));
        }
        let start = self.taken;
        self.left -= length;
        self.taken += length;
        Event::Acquired(Ok((length > 0).then_some(start..self.taken)))
    }

    pub(super) fn release(&mut self, range: Range<u64>) {
        assert!(self.holds(&range), "{range:?} is released and not held");
        self.released.push(range);
    }

    /// Whether these bytes can be read.
    pub(super) fn holds(&self, range: &Range<u64>) -> bool {
        let apart = |it: &Range<u64>| it.end <= range.start || range.end <= it.start;
        range.end <= self.taken && self.released.iter().all(apart)
    }
}

fn unavailable(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, why)
}
