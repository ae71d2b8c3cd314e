//! Who has the database open, and how it was left.
//!
//! Everybody who has it open holds a shared `flock` on `queue.lock`; whoever gets an exclusive one is
//! alone, and only then is a database checked, repaired or made. The file says `open`, or, when the
//! last one closed the database in order, what it was like then. So what a loss of power left, and what
//! was changed while nobody was there, is looked at before it is used.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::QueueError;
use crate::place::{Place, open_private, refused};

/// How long somebody else may repair. A hundred thousand jobs take a few seconds.
const LONGEST_REPAIR: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(20);

const OPEN: &str = "open\n";

/// The longest that is written there, in bytes.
const LONGEST_NOTE: u64 = 128;

/// How one comes to a database.
pub(crate) enum Entrance {
    /// Nobody else has it open.
    Alone(Alone),
    /// Others have.
    Shared(Usage),
}

/// Nobody else has the database open, or can open it, while this value exists.
pub(crate) struct Alone {
    file: File,
    place: Place,
}

/// A share of the database. Dropped last of all, it notes how the database was left.
#[derive(Debug)]
pub(crate) struct Usage {
    file: File,
    place: Place,
    /// Whether it is known to be damaged, so that the next one has to look.
    suspect: Cell<bool>,
    writes: bool,
}

/// Comes in.
pub(crate) fn enter(place: &Place) -> Result<Entrance, QueueError> {
    let path = place.lock();
    let failed = |source| refused(OPENING, &path, source);
    let file = open_private(&path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Entrance::Alone(Alone {
            file,
            place: place.clone(),
        })),
        Err(Errno::WOULDBLOCK) => Usage::share(file, place, true).map(Entrance::Shared),
        Err(error) => Err(failed(error.into())),
    }
}

pub(crate) const OPENING: &str = "open the queue";

impl Alone {
    /// Whether the database is as it was when it was last closed in order.
    pub(crate) fn left_in_order(&mut self) -> Result<bool, QueueError> {
        let mut note = String::new();
        let read = (&mut self.file)
            .take(LONGEST_NOTE)
            .read_to_string(&mut note);
        match read {
            Ok(_) => {}
            // Not a text: not what was written.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(refused(OPENING, &self.place.lock(), error)),
        }
        Ok(!self.place.has_log() && closed(&self.place).is_ok_and(|closed| note == closed))
    }

    /// Whether nobody has ever had a database here.
    pub(crate) fn is_new(&self) -> Result<bool, QueueError> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|source| refused(OPENING, &self.place.lock(), source))?;
        Ok(metadata.len() == 0)
    }

    /// Lets others in, with a note that the database is open.
    pub(crate) fn share(mut self) -> Result<Usage, QueueError> {
        write(&mut self.file, OPEN)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| refused(OPENING, &self.place.lock(), source))?;
        Usage::share(self.file, &self.place, true)
    }
}

impl Usage {
    /// A share for somebody who only reads; none where nobody ever wrote, or where it cannot be had.
    pub(crate) fn of_reader(place: &Place) -> Result<Option<Self>, QueueError> {
        match File::open(place.lock()) {
            Ok(file) => Self::share(file, place, false).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(OPENING, &place.lock(), error)),
        }
    }

    /// The database is damaged: whoever is alone with it next has to look.
    pub(crate) fn suspect(&self) {
        self.suspect.set(true);
    }

    /// Waits until nobody is alone with it.
    fn share(file: File, place: &Place, writes: bool) -> Result<Self, QueueError> {
        let deadline = Instant::now() + LONGEST_REPAIR;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => {
                    return Err(QueueError::Busy {
                        doing: OPENING,
                        path: place.lock(),
                    });
                }
                Err(error) => return Err(refused(OPENING, &place.lock(), error.into())),
            }
        }
        Ok(Self {
            file,
            place: place.clone(),
            suspect: Cell::new(false),
            writes,
        })
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        let last = self.writes
            && !self.suspect.get()
            && flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok()
            && !self.place.has_log();
        if last && let Ok(closed) = closed(&self.place) {
            // If this fails, the database is checked once more than necessary.
            let _ = write(&mut self.file, &closed);
        }
    }
}

/// What a database that is closed now is like.
fn closed(place: &Place) -> io::Result<String> {
    let database = place.database().metadata()?;
    Ok(format!(
        "closed inode={} size={} modified={}.{:09}\n",
        database.ino(),
        database.len(),
        database.mtime(),
        database.mtime_nsec()
    ))
}

fn write(file: &mut File, note: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(note.as_bytes())
}
