//! Reading a damaged database whose first page cannot be believed.
//!
//! That page holds the header and the definitions, and without them no other can be read. But
//! it is known what it says: the same migrations put the same tables on the same pages. So a copy gets the
//! first page of a new database. Whatever is read by it has a checksum of its own.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;

use crate::QueueError;
use crate::place::{Place, open_private, refused};
use crate::repair::{REPAIRING, write_draft};
use crate::schema::{definitions, expected, newest, version};
use crate::store::connect_reading;
use crate::trouble::Trouble;

/// SQLite's page of a new database, in bytes.
const PAGE: usize = 4096;

/// Where to read a damaged database.
pub(crate) struct Source {
    pub(crate) connection: Connection,
    /// Whether its log is left out: it has a first page of its own, which is as bad.
    pub(crate) without_log: bool,
}

/// The damaged database itself if its definitions are good, else a copy with those that it should have.
pub(crate) fn source(place: &Place) -> Result<Source, QueueError> {
    match connect_reading(&place.database()) {
        Ok(connection) if is_understood(&connection).unwrap_or(false) => Ok(Source {
            connection,
            without_log: false,
        }),
        _ => Ok(Source {
            without_log: place.has_log(),
            connection: copy(place)?,
        }),
    }
}

fn is_understood(connection: &Connection) -> rusqlite::Result<bool> {
    let version = version(connection)?;
    Ok((1..=newest()).contains(&version) && definitions(connection)? == expected(version)?)
}

fn copy(place: &Place) -> Result<Connection, QueueError> {
    let path = place.rescue();
    let failed = |source| refused(REPAIRING, &path, source);
    let explain = |trouble: Trouble| trouble.explain(REPAIRING, place);
    open_private(&path)
        .and_then(|file| file.set_len(0))
        .map_err(failed)?;
    write_draft(&path, |_| Ok(())).map_err(explain)?;
    let mut first = [0; PAGE];
    let new = File::open(&path).map_err(failed)?;
    new.read_exact_at(&mut first, 0).map_err(failed)?;
    let least = new.metadata().map_err(failed)?.len();
    fs::copy(place.database(), &path)
        .and_then(|length| put_first_page(&path, first, length, least))
        .map_err(failed)?;
    match connect_reading(&path).map_err(Trouble::from) {
        // Nothing can be read of it, and nothing of this.
        Err(trouble) if trouble.is_damage() => {
            Connection::open_in_memory().map_err(|error| explain(error.into()))
        }
        other => other.map_err(explain),
    }
}

/// The file gets as many pages as it had, and at least those that the first one speaks of.
/// See <https://sqlite.org/fileformat.html#the_database_header>.
fn put_first_page(path: &Path, mut page: [u8; PAGE], length: u64, least: u64) -> io::Result<()> {
    let size = PAGE as u64;
    let whole = length.max(least) / size;
    let pages = u32::try_from(whole).map_err(io::Error::other)?;
    // How many pages there are, which counts if the two counters of changes are the same.
    page[28..32].copy_from_slice(&pages.to_be_bytes());
    page.copy_within(24..28, 92);
    let file = File::options().write(true).open(path)?;
    // Half a page would pass for a page without entries.
    file.set_len(length / size * size)?;
    file.set_len(whole * size)?;
    file.write_all_at(&page, 0)
}
