//! The journal of an upload: a file with a record in each line, in base64.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealift_core::{Error, ErrorKind};

/// The first line, by which a journal is told from a file that somebody would miss.
const TITLE: &[u8] = b"sealift-command journal 1\n";

/// The longest journal that is read, in bytes: 10,000 parts take about two million.
const LONGEST: u64 = 16 << 20;

/// Where an upload's steps are kept, if anywhere.
#[derive(Debug)]
pub(crate) struct Journal(Option<PathBuf>);

impl Journal {
    /// Begins or takes up the journal in a file, which has to be one, or not to be there.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        if let Some(path) = path {
            begin(path)?;
        }
        Ok(Self(path.map(Path::to_owned)))
    }

    /// All records. A line that was torn off, by a loss of power, is none, and goes with what follows it: what is added
    /// would otherwise be part of it.
    pub(crate) fn load(&self) -> Result<Vec<Vec<u8>>, Error> {
        let Some(path) = &self.0 else {
            return Ok(Vec::new());
        };
        let text = fs::read(path).map_err(|error| failed(path, &error))?;
        let (records, whole) = records(text.strip_prefix(TITLE).unwrap_or_default());
        let whole = TITLE.len() + whole;
        if whole < text.len() {
            let file = OpenOptions::new().write(true).open(path);
            file.and_then(|file| file.set_len(whole as u64))
                .map_err(|error| failed(path, &error))?;
        }
        Ok(records)
    }

    /// Adds a record; it is on disk afterwards.
    pub(crate) fn append(&self, record: &[u8]) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        let line = format!("{}\n", STANDARD.encode(record));
        let file = OpenOptions::new().append(true).open(path);
        file.and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_data()
        })
        .map_err(|error| failed(path, &error))
    }

    /// Forgets all records.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        let file = OpenOptions::new().write(true).open(path);
        file.and_then(|file| file.set_len(TITLE.len() as u64))
            .map_err(|error| failed(path, &error))
    }

    /// The upload has ended: nothing is left to go on with.
    pub(crate) fn remove(self) -> Result<(), Error> {
        let Some(path) = self.0 else { return Ok(()) };
        fs::remove_file(&path).map_err(|error| failed(&path, &error))
    }
}

/// Leaves a file that begins with the title. One that a loss of power left without anything in it is begun anew.
fn begin(path: &Path) -> Result<(), Error> {
    let refused = |error: io::Error| failed(path, &error);
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            file.and_then(titled).map_err(refused)
        }
        Err(error) => Err(refused(error)),
        Ok(file) => {
            let length = file.metadata().map_err(refused)?.len();
            let mut title = Vec::new();
            let mut head = file.take(TITLE.len() as u64);
            head.read_to_end(&mut title).map_err(refused)?;
            if title == TITLE && length <= LONGEST {
                return Ok(());
            }
            // What was torn while it was begun, and nothing else.
            if title.len() as u64 == length
                && title.len() < TITLE.len()
                && TITLE.starts_with(&title)
            {
                let file = OpenOptions::new().write(true).open(path);
                return file.and_then(titled).map_err(refused);
            }
            let message = format!("`{}` is not the journal of an upload", path.display());
            Err(Error::new(ErrorKind::InvalidInput, message)
                .with_cure("name a file that is not there yet with --journal"))
        }
    }
}

fn titled(mut file: File) -> io::Result<()> {
    file.write_all(TITLE)?;
    file.sync_data()
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
        .with_cure("name a file with --journal that the runtime lets the program write")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tempfile::TempDir;

    use super::*;

    fn place() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        (directory, path)
    }

    #[test]
    fn records_are_read_back_until_they_are_forgotten() {
        let (_directory, path) = place();
        let journal = Journal::open(Some(&path)).unwrap();
        assert_eq!(journal.load().unwrap(), Vec::<Vec<u8>>::new());
        journal.append(&[1, 2]).unwrap();
        journal.append(b"").unwrap();
        let journal = Journal::open(Some(&path)).unwrap();
        assert_eq!(journal.load().unwrap(), [vec![1, 2], vec![]]);
        journal.reset().unwrap();
        journal.append(&[3]).unwrap();
        assert_eq!(journal.load().unwrap(), [vec![3]]);
        journal.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_added_after_a_torn_line_is_read_again() {
        let (_directory, path) = place();
        let journal = Journal::open(Some(&path)).unwrap();
        journal.append(&[1, 2]).unwrap();
        // Also one that could be a shorter record.
        for torn in [&b"AQ"[..], b"AQID", b"\xff\n"] {
            fs::write(&path, [fs::read(&path).unwrap(), torn.to_vec()].concat()).unwrap();
            assert_eq!(journal.load().unwrap()[0], [1, 2]);
            journal.append(&[3]).unwrap();
        }
        let expected = [vec![1, 2], vec![3], vec![3], vec![3]];
        assert_eq!(journal.load().unwrap(), expected);
    }

    #[test]
    fn a_title_that_was_torn_is_written_again() {
        for length in 0..=TITLE.len() {
            let (_directory, path) = place();
            fs::write(&path, &TITLE[..length]).unwrap();
            let journal = Journal::open(Some(&path)).unwrap();
            journal.append(&[1]).unwrap();
            assert_eq!(journal.load().unwrap(), [vec![1]], "{length}");
        }
    }

    #[test]
    fn a_file_that_is_no_journal_is_left_alone() {
        let long = [TITLE, &vec![b'A'; 16 << 20]].concat();
        for contents in [
            &b"1,2,3"[..],
            b"sealift-command journal 2\n",
            b"sealift\n",
            &long,
        ] {
            let (_directory, path) = place();
            fs::write(&path, contents).unwrap();
            let refused = Journal::open(Some(&path)).unwrap_err();
            assert!(refused.message.contains("is not the journal"), "{refused}");
            assert!(fs::read(&path).unwrap() == contents);
        }
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_told_in_front() {
        let (directory, path) = place();
        let nowhere = path.join("journal");
        assert!(Journal::open(Some(&nowhere)).is_err());
        assert!(Journal::open(Some(directory.path())).is_err());
    }
}
