//! The journal of an upload: a file with a record in each line, in base64.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealift_core::{Error, ErrorKind};

/// The longest journal that is read, in bytes: 10,000 parts take about two million.
const LONGEST: u64 = 16 << 20;

/// Where an upload's steps are kept, if anywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Journal<'a>(pub(crate) Option<&'a Path>);

impl Journal<'_> {
    /// All records. A line that was torn off, by a loss of power, is none, and goes with what follows it: what is added
    /// would otherwise be part of it.
    pub(crate) fn load(self) -> Result<Vec<Vec<u8>>, Error> {
        let Some(path) = self.0 else {
            return Ok(Vec::new());
        };
        match fs::metadata(path).map(|metadata| metadata.len()) {
            Ok(length) if length > LONGEST => {
                let message = format!("the journal `{}` is too long to be one", path.display());
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(path, &error)),
        }
        let text = fs::read(path).map_err(|error| failed(path, &error))?;
        let (records, whole) = records(&text);
        if whole < text.len() {
            let file = OpenOptions::new().write(true).open(path);
            file.and_then(|file| file.set_len(whole as u64))
                .map_err(|error| failed(path, &error))?;
        }
        Ok(records)
    }

    /// Adds a record; it is on disk afterwards.
    pub(crate) fn append(self, record: &[u8]) -> Result<(), Error> {
        let Some(path) = self.0 else { return Ok(()) };
        let line = format!("{}\n", STANDARD.encode(record));
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_data()
        })
        .map_err(|error| failed(path, &error))
    }

    /// Forgets all records.
    pub(crate) fn reset(self) -> Result<(), Error> {
        let Some(path) = self.0 else { return Ok(()) };
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
            _ => Ok(()),
        }
    }
}

/// The records up to the first line that is none, and how many bytes they are.
fn records(text: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let (mut records, mut whole) = (Vec::new(), 0);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let Some(Ok(record)) = line.strip_suffix(b"\n").map(|line| STANDARD.decode(line)) else {
            break;
        };
        records.push(record);
        whole += line.len();
    }
    (records, whole)
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let message = format!("the journal `{}`: {error}", path.display());
    Error::new(ErrorKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_torn_line_and_what_follows_is_no_record() {
        assert_eq!(records(b""), (vec![], 0));
        assert_eq!(records(b"AQI=\nAw==\n"), (vec![vec![1, 2], vec![3]], 10));
        assert_eq!(records(b"AQI=\nAw=="), (vec![vec![1, 2]], 5));
        assert_eq!(records(b"AQI=\n\xff\nAw==\n"), (vec![vec![1, 2]], 5));
    }

    #[test]
    fn what_is_added_after_a_torn_line_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let journal = Journal(Some(&path));
        journal.append(&[1, 2]).unwrap();
        fs::write(&path, [fs::read(&path).unwrap(), b"AQ".to_vec()].concat()).unwrap();
        assert_eq!(journal.load().unwrap(), [vec![1, 2]]);
        journal.append(&[3]).unwrap();
        assert_eq!(journal.load().unwrap(), [vec![1, 2], vec![3]]);
    }
}
