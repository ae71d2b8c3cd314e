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

/// Somebody has it open, or did not live to close it.
const OPEN: &str = "open\n";
/// Somebody is alone with it and looks at it, or did not live to finish.
const LOOKING: &str = "looking\n";

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
    /// What the file said.
    note: String,
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
    let deadline = Instant::now() + LONGEST_REPAIR;
    let mut file = open_private(&path).map_err(failed)?;
    loop {
        if locked(&file, FlockOperation::NonBlockingLockExclusive).map_err(failed)? {
            return Alone::with(file, place)
                .map_err(failed)
                .map(Entrance::Alone);
        }
        if locked(&file, FlockOperation::NonBlockingLockShared).map_err(failed)? {
            // If it says anything else, whoever was alone with it has gone without a look to the end.
            if read(&mut file).map_err(failed)? == OPEN {
                let usage = Usage::new(file, place, true);
                return Ok(Entrance::Shared(usage));
            }
            flock(&file, FlockOperation::Unlock).map_err(|error| failed(error.into()))?;
        }
        pause_until(deadline, place)?;
    }
}

/// Whether the lock could be taken.
fn locked(file: &File, operation: FlockOperation) -> io::Result<bool> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn pause_until(deadline: Instant, place: &Place) -> Result<(), QueueError> {
    if Instant::now() < deadline {
        std::thread::sleep(PAUSE);
        return Ok(());
    }
    Err(QueueError::Busy {
        doing: OPENING,
        path: place.lock(),
    })
}

pub(crate) const OPENING: &str = "open the queue";

impl Alone {
    fn with(mut file: File, place: &Place) -> io::Result<Self> {
        let note = read(&mut file)?;
        if note == OPEN {
            write(&mut file, LOOKING)?;
        }
        Ok(Self {
            file,
            note,
            place: place.clone(),
        })
    }

    /// Whether the database is as it was when it was last closed in order.
    pub(crate) fn left_in_order(&self) -> bool {
        !self.place.has_log() && closed(&self.place).is_ok_and(|closed| self.note == closed)
    }

    /// Whether nobody has ever had a database here.
    pub(crate) fn is_new(&self) -> bool {
        self.note.is_empty()
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
    /// A share for somebody who only reads; none where nobody ever wrote.
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
        let shared = FlockOperation::NonBlockingLockShared;
        while !locked(&file, shared).map_err(|source| refused(OPENING, &place.lock(), source))? {
            pause_until(deadline, place)?;
        }
        Ok(Self::new(file, place, writes))
    }

    fn new(file: File, place: &Place, writes: bool) -> Self {
        Self {
            file,
            place: place.clone(),
            suspect: Cell::new(false),
            writes,
        }
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

/// What the file says. Something that is no text is something else than any of the notes.
fn read(file: &mut File) -> io::Result<String> {
    let mut note = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LONGEST_NOTE).read_to_end(&mut note)?;
    Ok(String::from_utf8_lossy(&note).into_owned())
}

fn write(file: &mut File, note: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(note.as_bytes())
}
