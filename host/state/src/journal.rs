//! How an upload goes on after a crash: a log of small records, one file for each job.

mod error;
mod file;
mod frame;
mod job_id;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

pub use error::JournalError;
pub use frame::Records;
pub use job_id::{JobId, Origin, Place};

use crate::directory;
use file::{LogFile, busy};
use frame::{Entry, encode, read};

/// The longest record of a component, in bytes.
pub const LONGEST_RECORD: usize = 4096;

/// The largest journal, in bytes: 10,000 parts take about 4 MB.
pub const LARGEST_JOURNAL: u64 = 16 * 1024 * 1024;

/// Journals of unfinished uploads that are kept; with more, the ones not written for longest go.
pub const MOST_JOURNALS: usize = 1000;

/// What the host notes between two records of the component, in bytes: parts that were delivered
/// meanwhile, of which 64 are under way at most, and under 2 KiB each. It goes into one write with
/// the record.
const MOST_NOTED: usize = 128 * 1024;

/// The journals of a state directory.
#[derive(Clone, Debug)]
pub struct Journals {
    directory: PathBuf,
}

/// The records of one job, which is nobody else's while this value exists.
///
/// `load` takes the journal with an exclusive `flock`, if there is one; otherwise the first append
/// makes it. An append is one frame with a length and a checksum, and on disk when it returns. A
/// frame that a crash cut off is cut away; damage before the last frame is an error. When the
/// job has ended well, [`Journal::remove`] is called; an empty journal removes itself. What remains are
/// the journals of uploads that can be continued, [`MOST_JOURNALS`] at most.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    state: State,
    /// What the host notes, until the component's next record.
    noted: Vec<Entry>,
    noted_bytes: usize,
}

#[derive(Debug)]
enum State {
    /// Not looked at yet.
    Untouched,
    /// There was no file.
    Absent,
    /// Ours.
    Held(LogFile),
}

impl Journals {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The journal of a job. To name it touches no disk.
    pub fn of(&self, job: &JobId) -> Journal {
        Journal {
            path: self.directory.join(job.to_string()),
            state: State::Untouched,
            noted: Vec::new(),
            noted_bytes: 0,
        }
    }
}

impl Journal {
    /// Whether there is no journal of this job: the cheap question before [`Journal::load`], one look
    /// at a name. Errors are left to `load`.
    pub fn is_absent(&mut self) -> bool {
        if matches!(self.state, State::Untouched)
            && matches!(self.path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
        {
            self.state = State::Absent;
        }
        matches!(self.state, State::Absent)
    }

    /// All records, in the order in which they were appended. Without a file there are none.
    pub fn load(&mut self) -> Result<Records, JournalError> {
        self.look()?;
        match &mut self.state {
            State::Held(file) => {
                let bytes = file.read_all()?;
                let found = read(&bytes).map_err(|damage| JournalError::Damaged {
                    path: self.path.clone(),
                    offset: damage.offset,
                })?;
                file.cut(found.end)?;
                Ok(found.records)
            }
            State::Untouched | State::Absent => Ok(Records::default()),
        }
    }

    /// Notes a record of the host, which goes to the disk with the component's next one.
    ///
    /// A component that never appends has nothing to go on from, so the notes are bounded: false
    /// when there is no room for this one.
    pub fn note(&mut self, record: Vec<u8>) -> bool {
        let record = Entry::host(record);
        let bytes = self.noted_bytes + record.size();
        if bytes > MOST_NOTED {
            return false;
        }
        self.noted_bytes = bytes;
        self.noted.push(record);
        true
    }

    /// Adds a record of the component. When this returns, it and all that the host noted before are
    /// on disk.
    pub fn append(&mut self, record: Vec<u8>) -> Result<(), JournalError> {
        if record.len() > LONGEST_RECORD {
            return Err(JournalError::RecordTooLong {
                length: record.len(),
            });
        }
        if matches!(self.state, State::Untouched) {
            self.load()?;
        }
        let component = Entry::component(record);
        let frame = encode(self.noted.iter().chain([&component]));
        self.file()?.append(&frame)?;
        self.forget_notes();
        Ok(())
    }

    /// Forgets all records, damaged ones and those that the host noted included. The journal stays ours.
    pub fn reset(&mut self) -> Result<(), JournalError> {
        self.forget_notes();
        self.look()?;
        match &mut self.state {
            State::Held(file) => file.cut(0),
            State::Untouched | State::Absent => Ok(()),
        }
    }

    /// Removes the journal: its job has ended well.
    pub fn remove(&mut self) -> Result<(), JournalError> {
        // A job that never asked for its journal may still have one, of an earlier attempt.
        self.look()?;
        let State::Held(_) = &self.state else {
            return Ok(());
        };
        // While it is locked: who opens it meanwhile finds that it has no name any more.
        std::fs::remove_file(&self.path)
            .and_then(|()| directory::sync(directory::parent(&self.path)))
            .map_err(|source| JournalError::unusable(&self.path, source))?;
        self.state = State::Absent;
        Ok(())
    }

    /// Takes the file, if there is one and nobody looked before.
    fn look(&mut self) -> Result<(), JournalError> {
        if let State::Untouched = self.state {
            self.state = LogFile::open(&self.path)?.map_or(State::Absent, State::Held);
        }
        Ok(())
    }

    /// The file, made if there was none.
    fn file(&mut self) -> Result<&mut LogFile, JournalError> {
        if let State::Untouched | State::Absent = self.state {
            self.state = State::Held(LogFile::create(&self.path)?);
        }
        match &mut self.state {
            State::Held(file) => Ok(file),
            State::Untouched | State::Absent => Err(busy(&self.path)),
        }
    }

    fn forget_notes(&mut self) {
        self.noted.clear();
        self.noted_bytes = 0;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let State::Held(file) = &self.state
            && file.length() == 0
        {
            // What remains if this fails is an empty file, which the next job of the kind removes.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
