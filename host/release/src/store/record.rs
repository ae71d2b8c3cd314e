//! The pair of records that the state is kept in.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Damage, FileSystem, Kept, Store, StoreError, file_system};
use crate::{Digest, SlotName, State};

/// The format that this host writes.
const FORMAT: u32 = 1;

/// No record is longer, in bytes. A whole one has some hundred bytes for what is in it, 70 for each failed digest,
/// and a few thousand for the origins of releases.
const LONGEST: u64 = 256 * 1024;

/// A file is the SHA-256 of its second line, and that line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    sequence: u64,
    state: State,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

/// The latest record, and what was wrong with the others.
pub(super) struct Latest {
    pub(super) sequence: u64,
    pub(super) kept: Kept,
}

enum Found {
    Nothing,
    Damaged,
    Record(Box<Record>),
}

impl<F: FileSystem> Store<F> {
    /// The state, without changing anything on disk.
    pub fn read(&self) -> Result<Kept, StoreError> {
        Ok(self.latest()?.kept)
    }

    /// A newer record that is damaged leaves the one before it: one event is forgotten, and all that was
    /// decided before it holds.
    pub(super) fn latest(&self) -> Result<Latest, StoreError> {
        let mut damage = Vec::new();
        let mut latest: Option<Box<Record>> = None;
        for path in [place(0), place(1)] {
            match self.record(&path)? {
                Found::Nothing => {}
                Found::Damaged => damage.push(Damage::Record { path }),
                Found::Record(record) => {
                    if latest
                        .as_ref()
                        .is_none_or(|known| known.sequence < record.sequence)
                    {
                        latest = Some(record);
                    }
                }
            }
        }
        if let Some(record) = latest {
            let Record {
                sequence, state, ..
            } = *record;
            let kept = Kept { state, damage };
            return Ok(Latest { sequence, kept });
        }
        let newest = SlotName::ALL
            .into_iter()
            .filter_map(|slot| self.described(slot));
        let newest = newest.map(|release| release.manifest.version).max();
        if newest.is_some() || !damage.is_empty() {
            damage = vec![Damage::AllRecords];
        }
        let state = State::rebuilt(newest);
        let kept = Kept { state, damage };
        Ok(Latest { sequence: 0, kept })
    }

    fn record(&self, path: &Path) -> Result<Found, StoreError> {
        let contents = match self.files.read(path, LONGEST) {
            Ok(None) => return Ok(Found::Nothing),
            Ok(Some(contents)) => contents,
            Err(error) if is_damage(&error) => return Ok(Found::Damaged),
            Err(source) => {
                let (doing, path) = ("read", path.to_owned());
                return Err(StoreError::Io {
                    doing,
                    path,
                    source,
                });
            }
        };
        let Some(line) = sealed(&contents) else {
            return Ok(Found::Damaged);
        };
        if let Ok(Header { format }) = serde_json::from_slice(line)
            && format > FORMAT
        {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found: format,
                known: FORMAT,
            });
        }
        let record = serde_json::from_slice(line);
        Ok(record.map_or(Found::Damaged, |record| Found::Record(Box::new(record))))
    }

    /// Writes the state over the older of the two records.
    pub(super) fn keep(&self, state: &State, sequence: u64) -> Result<(), StoreError> {
        let path = place(sequence);
        let record = Record {
            format: FORMAT,
            sequence,
            state: state.clone(),
        };
        serde_json::to_vec(&record)
            .map_err(std::io::Error::from)
            .and_then(|line| file_system::replace(&self.files, &path, &seal(&line)))
            .map_err(|source| StoreError::Io {
                doing: "write",
                path,
                source,
            })
    }
}

/// A disk with bad sectors is a damaged file, and not a reason to run nothing.
pub(crate) fn is_damage(error: &std::io::Error) -> bool {
    let unreadable = rustix::io::Errno::IO.raw_os_error();
    error.kind() == std::io::ErrorKind::FileTooLarge || error.raw_os_error() == Some(unreadable)
}

fn place(sequence: u64) -> PathBuf {
    Path::new("release").join(format!("state-{}.json", sequence % 2))
}

/// The line with its SHA-256 before it, so that damage is not read as something else.
pub(crate) fn seal(line: &[u8]) -> Vec<u8> {
    let mut sealed = Digest::of(line).to_string().into_bytes();
    sealed.push(b'\n');
    sealed.extend_from_slice(line);
    sealed
}

/// The line, if it is as it was sealed.
pub(crate) fn sealed(contents: &[u8]) -> Option<&[u8]> {
    let (seal, line) = contents.split_at_checked(64)?;
    let line = line.strip_prefix(b"\n")?;
    (seal == Digest::of(line).to_string().as_bytes()).then_some(line)
}
