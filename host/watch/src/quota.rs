//! What to delete when a folder holds more than it may.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::SystemTime;

use sealift_config::{Quota, WhenFull};

/// A file in a folder with a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Where it is below the folder.
    pub relative: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// How urgent its upload is or was, the higher the sooner.
    pub priority: u32,
    /// How far its upload is.
    pub standing: Standing,
}

/// How far the upload of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The host saw this very version stored.
    Uploaded,
    /// It waits for its upload, and is lost if it is deleted.
    Waiting,
    /// It is being sent, or is not complete yet: it is never deleted.
    Busy,
}

/// What to do about a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relief {
    /// Which files to delete, as places in the list of occupants, in this order. Those that are
    /// uploaded come first, and suffice if they can.
    pub delete: Vec<usize>,
    /// Whether the folder holds more than it may even without them: no further files are to be
    /// taken until there is room.
    pub is_full: bool,
}

impl Relief {
    /// Those of the files to delete that are lost with it, because they are not uploaded.
    pub fn lost<'r>(&'r self, occupants: &'r [Occupant]) -> impl Iterator<Item = &'r Occupant> {
        let deleted = self.delete.iter().filter_map(|place| occupants.get(*place));
        deleted.filter(|occupant| occupant.standing != Standing::Uploaded)
    }
}

/// What to do about a folder that has a quota and holds these files: no more is deleted than has to
/// be, and nothing with [`WhenFull::Stop`].
pub fn relieve(quota: &Quota, occupants: &[Occupant]) -> Relief {
    let mut load = Load::of(occupants);
    let mut candidates = candidates(quota.when_full, occupants);
    // From the end, which is cheaper to take from.
    candidates.reverse();
    let mut delete = Vec::new();
    while load.exceeds(quota)
        && let Some(place) = candidates.pop()
    {
        load.bytes -= u128::from(occupants[place].size);
        load.files -= 1;
        delete.push(place);
    }
    Relief {
        is_full: load.exceeds(quota),
        delete,
    }
}

/// What may be deleted, what goes first in front.
fn candidates(when_full: WhenFull, occupants: &[Occupant]) -> Vec<usize> {
    let may_go =
        |occupant: &Occupant| when_full != WhenFull::Stop && occupant.standing != Standing::Busy;
    let mut candidates: Vec<_> = (0..occupants.len())
        .filter(|place| may_go(&occupants[*place]))
        .collect();
    candidates.sort_by_key(|place| {
        let occupant = &occupants[*place];
        let priority = match when_full {
            WhenFull::LowestPriority => occupant.priority,
            WhenFull::Oldest | WhenFull::Stop => 0,
        };
        let is_uploaded = occupant.standing == Standing::Uploaded;
        (Reverse(is_uploaded), priority, occupant.modified)
    });
    candidates
}

/// How much a folder holds. The sum of sizes may be more than 64 bits: files can have holes.
struct Load {
    bytes: u128,
    files: usize,
}

impl Load {
    fn of(occupants: &[Occupant]) -> Self {
        Self {
            bytes: occupants
                .iter()
                .map(|occupant| u128::from(occupant.size))
                .sum(),
            files: occupants.len(),
        }
    }

    fn exceeds(&self, quota: &Quota) -> bool {
        let too_many = |most: u32| usize::try_from(most).is_ok_and(|most| self.files > most);
        let too_large = |most: u64| self.bytes > u128::from(most);
        quota.max_files.is_some_and(too_many)
            || quota.max_bytes.is_some_and(|most| too_large(most.bytes()))
    }
}

#[cfg(test)]
mod tests;
