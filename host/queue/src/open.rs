//! Opening a queue: what is looked at, and in which order.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::check::check;
use crate::place::{Place, open_private, refused};
use crate::schema::{MIGRATIONS, migrate, newest, version};
use crate::store::{connect, connect_reading, connect_with};
use crate::trouble::Trouble;
use crate::usage::{Alone, Entrance, OPENING, Usage, enter};
use crate::{Queue, QueueError, Reader, Report, repair};

/// A queue, and what happened when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The queue.
    pub queue: Queue,
    /// What was wrong with the one that was found, and what became of it: to be told to a person.
    pub repaired: Option<Report>,
}

pub(crate) fn open(directory: &Path) -> Result<Opened, QueueError> {
    let place = Place::new(directory);
    place
        .make()
        .map_err(|source| refused(OPENING, directory, source))?;
    let (usage, repaired) = match enter(&place)? {
        Entrance::Alone(alone) => {
            let report = prepare(&place, &alone)?;
            (alone.share()?, report)
        }
        Entrance::Shared(usage) => (usage, None),
    };
    let connection = connect_and_look(&place, &usage)?;
    Ok(Opened {
        queue: Queue(Reader::new(connection, Some(usage), place)),
        repaired,
    })
}

pub(crate) fn open_read_only(directory: &Path) -> Result<Reader, QueueError> {
    let place = Place::new(directory);
    let path = place.database();
    match File::open(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(QueueError::Absent { path });
        }
        Err(error) => return Err(refused(OPENING, &path, error)),
    }
    let usage = Usage::of_reader(&place)?;
    let found =
        connect_reading(&path).and_then(|connection| Ok((version(&connection)?, connection)));
    let found = match found {
        // Nobody can write there, so there is nothing to agree on with others.
        Err(error) if is_for_want_of_writing(&error) && !place.has_log() => {
            connect_immutable(&path).and_then(|connection| Ok((version(&connection)?, connection)))
        }
        other => other,
    };
    let (found, connection) = found.map_err(|error| explain(error, &place))?;
    expect_newest(found, &place)?;
    Ok(Reader::new(connection, usage, place))
}

/// Sees to it that there is a sound database of the newest version, while nobody else has it open.
fn prepare(place: &Place, alone: &Alone) -> Result<Option<Report>, QueueError> {
    if let Some(report) = repair::finish(place)? {
        return Ok(Some(report));
    }
    let path = place.database();
    match path.symlink_metadata() {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return repair::create(place, alone.is_new());
        }
        Err(error) => return Err(refused(OPENING, &path, error)),
    }
    let failed = |source| refused(OPENING, &path, source);
    let file = open_private(&path).map_err(failed)?;
    let in_order = alone.left_in_order();
    if !in_order && !may_be_written(&file).map_err(failed)? {
        let damage = "its first page says that nobody may write to it";
        return repair::repair(place, damage).map(Some);
    }
    match look(place, in_order) {
        Ok(found) => {
            if found > newest() {
                return Err(newer(found, place));
            }
            if found < newest() {
                upgrade(place)?;
            }
            Ok(None)
        }
        Err(trouble) if trouble.is_damage() => repair::repair(place, &trouble.damage()).map(Some),
        Err(trouble) => Err(trouble.explain(OPENING, place)),
    }
}

/// Whether SQLite would write to such a file: the 19th byte is the format that writers have to know, 1 or
/// 2 (<https://sqlite.org/fileformat.html#file_format_version_numbers>). A file too short for one is left to SQLite.
fn may_be_written(file: &File) -> io::Result<bool> {
    let mut format = [0];
    let read = file.read_at(&mut format, 18)?;
    Ok(read == 0 || format[0] <= 2)
}

/// The version of a database that is sound, as far as one has to look. Of one from the future only the
/// version is known.
fn look(place: &Place, in_order: bool) -> Result<i64, Trouble> {
    let connection = connect_reading(&place.database())?;
    let found = version(&connection)?;
    if !in_order && found <= newest() {
        check(&connection, found)?;
    }
    Ok(found)
}

fn upgrade(place: &Place) -> Result<(), QueueError> {
    connect(&place.database())
        .and_then(|mut connection| migrate(&mut connection, MIGRATIONS))
        .map_err(|error| Trouble::from(error).explain("upgrade the queue", place))
}

fn connect_and_look(place: &Place, usage: &Usage) -> Result<Connection, QueueError> {
    let found = connect(&place.database())
        .and_then(|connection| Ok((version(&connection)?, connection)))
        .map_err(|error| {
            let trouble = Trouble::from(error);
            if trouble.is_damage() {
                usage.suspect();
            }
            trouble.explain(OPENING, place)
        });
    let (found, connection) = found?;
    expect_newest(found, place)?;
    Ok(connection)
}

fn expect_newest(found: i64, place: &Place) -> Result<(), QueueError> {
    match found.cmp(&newest()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(newer(found, place)),
        std::cmp::Ordering::Less => Err(QueueError::Older {
            path: place.database(),
            found,
            known: newest(),
        }),
    }
}

fn newer(found: i64, place: &Place) -> QueueError {
    QueueError::Newer {
        path: place.database(),
        found,
        known: newest(),
    }
}

fn explain(error: rusqlite::Error, place: &Place) -> QueueError {
    Trouble::from(error).explain(OPENING, place)
}

/// SQLite keeps shared memory beside a database in WAL mode, and cannot make it there.
fn is_for_want_of_writing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

fn connect_immutable(path: &Path) -> rusqlite::Result<Connection> {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_');
    let path = percent_encode(path.as_os_str().as_bytes(), PLAIN);
    connect_with(
        Path::new(&format!("file:{path}?immutable=1")),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )
}
