//! What tells one state of a file from another.

use std::fmt;

use rustix::fs::Stat;

/// The state of a file as `fstat` tells it: two equal fingerprints mean the same bytes, within the
/// limits that the crate's documentation names.
///
/// `ctime` is part of it because a program can set `mtime` back, but not `ctime`. The price is that
/// a rename, a new hard link or a `chmod` counts as a change too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The device that holds the file (`st_dev`).
    pub device: u64,
    /// The file's number on that device (`st_ino`).
    pub inode: u64,
    /// Bytes (`st_size`).
    pub size: u64,
    /// `st_mtime`: when the contents were last written, in nanoseconds since 1970.
    pub modified: i128,
    /// `st_ctime`: when the inode was last changed, in nanoseconds since 1970.
    pub changed: i128,
    /// Whether any name led to the file. False for a spooled stream from its beginning.
    pub linked: bool,
}

impl Fingerprint {
    /// What is different in `now`, the weightiest difference first; `None` if nothing is.
    pub fn change(&self, now: &Self) -> Option<Change> {
        if (self.device, self.inode) != (now.device, now.inode) {
            Some(Change::Replaced)
        } else if self.size != now.size {
            Some(Change::Size {
                from: self.size,
                to: now.size,
            })
        } else if self.modified != now.modified {
            Some(Change::Contents)
        } else if self.linked && !now.linked {
            Some(Change::Vanished)
        } else if self != now {
            Some(Change::Inode)
        } else {
            None
        }
    }
}

/// A text to compare with that of another time. It leaves out the device's number, which can
/// change when the machine starts again, and what only counts while the file is open.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            inode,
            size,
            modified,
            changed,
            ..
        } = self;
        write!(f, "{inode:x}-{size:x}-{modified:x}-{changed:x}")
    }
}

impl From<&Stat> for Fingerprint {
    fn from(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            // The kernel reports no negative size for a regular file.
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
            linked: stat.st_nlink != 0,
        }
    }
}

/// The fields' types differ between architectures; all of them fit.
fn nanoseconds(seconds: impl Into<i128>, fraction: impl Into<i128>) -> i128 {
    seconds.into() * 1_000_000_000 + fraction.into()
}

/// How a file differs from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Another file stands in its place.
    Replaced,
    /// It grew or shrank.
    Size {
        /// Bytes before.
        from: u64,
        /// Bytes now.
        to: u64,
    },
    /// It was written to, with the same size as a result.
    Contents,
    /// Its last name was deleted, or another file was renamed over it.
    Vanished,
    /// Its inode changed: renamed, linked, or given another owner or mode, or its `mtime` was set
    /// back.
    Inode,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced => f.write_str("another file took its place"),
            Self::Size { from, to } => write!(f, "its size went from {from} to {to} bytes"),
            Self::Contents => f.write_str("its contents were modified"),
            Self::Vanished => f.write_str("it was deleted, or another file was renamed over it"),
            Self::Inode => {
                f.write_str("it was renamed, linked, or given another owner, mode or time")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Fingerprint = Fingerprint {
        device: 1,
        inode: 2,
        size: 3,
        modified: 4,
        changed: 5,
        linked: true,
    };

    fn change(now: Fingerprint) -> Option<Change> {
        BEFORE.change(&now)
    }

    #[test]
    fn every_field_counts() {
        assert_eq!(change(BEFORE), None);
        assert_eq!(
            change(Fingerprint {
                device: 9,
                ..BEFORE
            }),
            Some(Change::Replaced)
        );
        assert_eq!(
            change(Fingerprint { inode: 9, ..BEFORE }),
            Some(Change::Replaced)
        );
        assert_eq!(
            change(Fingerprint { size: 9, ..BEFORE }),
            Some(Change::Size { from: 3, to: 9 })
        );
        assert_eq!(
            change(Fingerprint {
                modified: 9,
                ..BEFORE
            }),
            Some(Change::Contents)
        );
        assert_eq!(
            change(Fingerprint {
                changed: 9,
                ..BEFORE
            }),
            Some(Change::Inode)
        );
        assert_eq!(
            change(Fingerprint {
                linked: false,
                ..BEFORE
            }),
            Some(Change::Vanished)
        );
    }

    #[test]
    fn a_file_that_never_had_a_name_has_not_vanished() {
        let spooled = Fingerprint {
            linked: false,
            ..BEFORE
        };
        assert_eq!(spooled.change(&spooled), None);
    }
}
