//! What goes wrong inside a transaction, before it has the name of the file.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_READ, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHORT_READ};

use crate::place::Place;
use crate::row::Damage;
use crate::{QueueError, Refusal};

/// Why a step fails.
#[derive(Debug)]
pub(crate) enum Trouble {
    Database(rusqlite::Error),
    Damage(Damage),
    Refused(Refusal),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Damage> for Trouble {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Trouble {
    /// Whether the file is not what was written, or cannot be read: what repairing is for.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damage(_) => true,
            Self::Refused(_) => false,
            Self::Database(error) => match error.sqlite_error() {
                Some(error) => {
                    matches!(
                        error.code,
                        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
                    ) || matches!(
                        error.extended_code,
                        SQLITE_IOERR_READ | SQLITE_IOERR_SHORT_READ
                    )
                }
                // A value of another type than the schema says, or a table that is not there.
                None => true,
            },
        }
    }

    /// What is damaged.
    pub(crate) fn damage(&self) -> String {
        match self {
            Self::Damage(Damage(damage)) => damage.clone(),
            Self::Database(error) => error.to_string(),
            Self::Refused(refusal) => refusal.to_string(),
        }
    }

    /// The error for the caller.
    pub(crate) fn explain(self, doing: &'static str, place: &Place) -> QueueError {
        let path = place.database();
        if self.is_damage() {
            let damage = self.damage();
            return QueueError::Damaged {
                doing,
                path,
                damage,
            };
        }
        let error = match self {
            Self::Refused(refusal) => return refusal.into(),
            // Only damage is left there, and that is done with.
            Self::Damage(Damage(damage)) => {
                return QueueError::Damaged {
                    doing,
                    path,
                    damage,
                };
            }
            Self::Database(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => QueueError::DiskFull { doing, path },
            Some(ErrorCode::ReadOnly) => QueueError::ReadOnly { doing, path },
            Some(ErrorCode::PermissionDenied) => QueueError::Permission { doing, path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                QueueError::Busy { doing, path }
            }
            Some(ErrorCode::SystemIoFailure) if is_full(&error, place) => {
                QueueError::DiskFull { doing, path }
            }
            _ => QueueError::Database {
                doing,
                path,
                source: error,
            },
        }
    }
}

/// SQLite reports a full disk as an I/O error where it makes room for the shared memory of the WAL, and
/// a quota nearly everywhere.
fn is_full(error: &rusqlite::Error, place: &Place) -> bool {
    /// What the shared memory takes at a time.
    const LITTLE: u64 = 32 * 1024;
    let of_room = error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE);
    of_room
        || rustix::fs::statvfs(place.directory())
            .is_ok_and(|file_system| file_system.f_bavail * file_system.f_frsize < LITTLE)
}
