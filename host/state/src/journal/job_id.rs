//! Which journal belongs to a job.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a job uploads from where to where, as a name: the SHA-256 of all of it.
///
/// The same `put` again has the same id, and so finds the journal of the one that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId([u8; 32]);

/// Where a job's bytes come from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A file, by its absolute path.
    File(&'a Path),
    /// A stream. The next one to the same place cannot continue it, but finds what it left.
    Stream,
}

/// Where a job's bytes go, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Of the store, such as `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The object's key.
    pub key: &'a str,
    /// The device's thing, empty without one.
    pub thing: &'a str,
}

impl JobId {
    /// The id of a job.
    pub fn new(origin: Origin<'_>, place: Place<'_>) -> Self {
        let Place {
            endpoint,
            bucket,
            key,
            thing,
        } = place;
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            // With its length in front, no field can pass for the beginning of the next.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        match origin {
            Origin::File(path) => {
                field(b"file");
                field(path.as_os_str().as_bytes());
            }
            Origin::Stream => field(b"stream"),
        }
        for text in [endpoint, bucket, key, thing] {
            field(text.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        endpoint: "https://s3.example",
        bucket: "bucket",
        key: "key",
        thing: "thing",
    };

    #[test]
    fn everything_about_a_job_counts_and_no_field_runs_into_the_next() {
        let file = Origin::File(Path::new("/data/file"));
        let ids = [
            JobId::new(file, PLACE),
            JobId::new(Origin::File(Path::new("/data/other")), PLACE),
            JobId::new(Origin::Stream, PLACE),
            JobId::new(
                file,
                Place {
                    endpoint: "https://s3.exampl",
                    bucket: "ebucket",
                    ..PLACE
                },
            ),
            JobId::new(
                file,
                Place {
                    bucket: "bucketk",
                    key: "ey",
                    ..PLACE
                },
            ),
            JobId::new(
                file,
                Place {
                    key: "keyt",
                    thing: "hing",
                    ..PLACE
                },
            ),
            JobId::new(file, Place { thing: "", ..PLACE }),
        ];
        for (position, id) in ids.iter().enumerate() {
            assert!(!ids[..position].contains(id), "{position}");
        }
        assert_eq!(JobId::new(file, PLACE), ids[0]);
        assert_eq!(ids[0].to_string().len(), 64);
    }
}
