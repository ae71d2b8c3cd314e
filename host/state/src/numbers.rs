//! Numbers of files, for keys with `{counter}`.
//!
//! The same version of a file has the same number however often it is found, or a restart would upload
//! all that is kept in a folder again. So numbers are kept with what they were given to, in a file to
//! which lines are appended: 32 hexadecimal digits and the number.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{directory, private};

/// So many files are remembered. Of more, the first are given new numbers
/// when they are found again.
const REMEMBERED: usize = 100_000;

/// Numbers that were given.
#[derive(Debug)]
pub struct Numbers {
    path: PathBuf,
    file: File,
    given: HashMap<Mark, u64>,
    next: u64,
    /// Lines that are not in the file yet.
    unkept: String,
}

/// What tells the version of a file from others.
type Mark = [u8; 16];

impl Numbers {
    /// Those in this file, which is made if it is missing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let file = append_to(path)?;
        // A line that a loss of power or a full disk cut off was not used. What is left of it may look like a
        // whole one, with a number that another file has.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |end| end + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
            bytes.truncate(whole);
        }
        let text = String::from_utf8_lossy(&bytes);
        let given: HashMap<Mark, u64> = text.lines().filter_map(parse).collect();
        let next = given.values().max().map_or(1, |last| last + 1);
        Ok(Self {
            path: path.to_owned(),
            file,
            given,
            next,
            unkept: String::new(),
        })
    }

    /// The number of the version of a file that all of these parts tell from others. It is kept only when
    /// [`Numbers::keep`] is called.
    pub fn of(&mut self, parts: &[&[u8]]) -> u64 {
        self.of_mark(mark(parts))
    }

    fn of_mark(&mut self, mark: Mark) -> u64 {
        if let Some(number) = self.given.get(&mark) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.given.insert(mark, number);
        // Writing to a string does not fail.
        let _ = writeln!(self.unkept, "{:032x} {number}", u128::from_be_bytes(mark));
        number
    }

    /// Makes the numbers that were given outlast a loss of power.
    pub fn keep(&mut self) -> io::Result<()> {
        if self.unkept.is_empty() {
            return Ok(());
        }
        self.file.write_all(self.unkept.as_bytes())?;
        self.file.sync_data()?;
        self.unkept.clear();
        if self.given.len() > 2 * REMEMBERED {
            self.shorten()?;
        }
        Ok(())
    }

    /// Forgets the first half.
    fn shorten(&mut self) -> io::Result<()> {
        let first = self.next.saturating_sub(REMEMBERED as u64);
        self.given.retain(|_, number| *number >= first);
        let mut text = String::new();
        for (mark, number) in &self.given {
            let _ = writeln!(text, "{:032x} {number}", u128::from_be_bytes(*mark));
        }
        directory::replace(&self.path, text.as_bytes())?;
        self.file = append_to(&self.path)?;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    private::make_directory(directory::parent(path))?;
    private::open(path, File::options().append(true))
}

fn parse(line: &str) -> Option<(Mark, u64)> {
    let (mark, number) = line.split_once(' ')?;
    if mark.len() != 32 {
        return None;
    }
    let mark = u128::from_str_radix(mark, 16).ok()?.to_be_bytes();
    Some((mark, number.parse().ok()?))
}

fn mark(parts: &[&[u8]]) -> Mark {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [mark @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest;
    mark
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn named(name: &str) -> Mark {
        mark(&[name.as_bytes()])
    }

    #[test]
    fn a_file_has_the_same_number_after_a_restart_and_the_next_has_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("numbers");
        let mut numbers = Numbers::open(&path).unwrap();
        assert_eq!(numbers.of_mark(named("a")), 1);
        assert_eq!(numbers.of_mark(named("b")), 2);
        assert_eq!(numbers.of_mark(named("a")), 1);
        numbers.keep().unwrap();
        let mut numbers = Numbers::open(&path).unwrap();
        assert_eq!(numbers.of_mark(named("b")), 2);
        assert_eq!(numbers.of_mark(named("c")), 3);
    }

    #[test]
    fn a_line_that_was_cut_off_anywhere_spoils_no_other_and_gives_no_number_twice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("numbers");
        let mut numbers = Numbers::open(&path).unwrap();
        for name in 1..=12 {
            numbers.of_mark(named(&name.to_string()));
        }
        numbers.keep().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        for end in last..text.len() {
            std::fs::write(&path, &text[..end]).unwrap();
            for _ in 0..2 {
                let mut numbers = Numbers::open(&path).unwrap();
                assert_eq!(numbers.of_mark(named("11")), 11);
                assert_eq!(numbers.of_mark(named("12")), 12, "{}", &text[last..end]);
                assert_eq!(numbers.of_mark(named("13")), 13);
                numbers.keep().unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(line in "[0-9a-f]{0,40} ?[0-9]{0,25}|.*") {
            let _: Option<(Mark, u64)> = parse(&line);
        }
    }
}
