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
    /// All records. A line that was torn off, by a loss of power, is none.
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
        Ok(records(&text))
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

/// The records up to the first line that is none.
fn records(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|&byte| byte == b'\n')
        .map_while(|line| STANDARD.decode(line.strip_suffix(b"\n")?).ok())
        .collect()
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let message = format!("the journal `{}`: {error}", path.display());
    Error::new(ErrorKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_and_what_follows_is_no_record() {
        assert_eq!(records(b""), Vec::<Vec<u8>>::new());
        assert_eq!(records(b"AQI=\nAw==\n"), [vec![1, 2], vec![3]]);
        assert_eq!(records(b"AQI=\nAw=="), [vec![1, 2]]);
        assert_eq!(records(b"AQI=\n\xff\nAw==\n"), [vec![1, 2]]);
    }
}
