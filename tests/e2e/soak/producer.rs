//! The program whose files the gateway uploads.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use sealift_tests::Chance;

use super::file::{Contents, Folder, Place};
use super::ledger::Ledger;

/// Drops files until it is told to stop.
pub(super) struct Producer<'l> {
    ledger: &'l Ledger,
    chance: Chance,
    made: u64,
}

/// How a file comes to its place.
#[derive(Clone, Copy)]
enum Way {
    Renamed,
    /// Written where it stays, with pauses.
    InPieces,
    /// In a directory that is made for it.
    Nested,
    /// Among others in a directory that is renamed into the folder.
    InATree,
    /// A new version takes the place of one that may be under way.
    Replacing,
    /// A file that is kept is written anew where it is.
    Rewritten,
}

impl Way {
    const ALL: [Self; 8] = [
        Self::Renamed,
        Self::Renamed,
        Self::InPieces,
        Self::InPieces,
        Self::Nested,
        Self::InATree,
        Self::Replacing,
        Self::Rewritten,
    ];
}

/// With more files under way than that, it waits: the end of the test has to catch up with it.
const MOST_UNDER_WAY: usize = 200;

impl<'l> Producer<'l> {
    pub(super) fn new(ledger: &'l Ledger, chance: Chance) -> Self {
        Self {
            ledger,
            chance,
            made: 0,
        }
    }

    /// Drops files until the other end of the channel is gone.
    pub(super) fn produce(mut self, over: &Receiver<()>) {
        fs::create_dir_all(self.ledger.folders().outside()).unwrap();
        loop {
            let pause = Duration::from_millis(self.chance.below(200));
            if over.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if self.ledger.under_way().len() < MOST_UNDER_WAY {
                self.drop_something();
            }
        }
    }

    fn drop_something(&mut self) {
        let folder = self.chance.one_of(&Folder::ALL);
        match self.chance.one_of(&Way::ALL) {
            Way::Renamed => self.rename_in(folder),
            Way::InPieces => {
                let path = format!("pieces-{}", self.next());
                self.write(&Place { folder, path });
            }
            Way::Nested => {
                let number = self.next();
                let path = format!("{}/{number}/deep/nested", number % 5);
                self.write(&Place { folder, path });
            }
            Way::InATree => self.rename_tree_in(folder),
            Way::Replacing => self.replace(),
            Way::Rewritten => self.rewrite(),
        }
    }

    fn rename_in(&mut self, folder: Folder) {
        let path = format!("renamed-{}", self.next());
        let place = Place { folder, path };
        let (made, contents) = self.make();
        self.ledger.begin(&place, contents);
        let to = self.ledger.folders().of(&place);
        fs::rename(made, to).unwrap();
        self.ledger.dropped(&place);
    }

    fn rename_tree_in(&mut self, folder: Folder) {
        let name = format!("tree-{}", self.next());
        let tree = self.ledger.folders().outside().join(&name);
        fs::create_dir_all(tree.join("below")).unwrap();
        let places = ["1", "2", "below/3"].map(|file| {
            let (made, contents) = self.make();
            fs::rename(made, tree.join(file)).unwrap();
            let path = format!("{name}/{file}");
            let place = Place { folder, path };
            self.ledger.begin(&place, contents);
            place
        });
        let top = Place { folder, path: name };
        fs::rename(tree, self.ledger.folders().of(&top)).unwrap();
        for place in &places {
            self.ledger.dropped(place);
        }
    }

    /// Writes a file where it stays, piece by piece.
    fn write(&mut self, place: &Place) {
        let contents = Contents::any(&mut self.chance);
        self.ledger.begin(place, contents);
        let path = self.ledger.folders().of(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = contents.bytes();
        let mut file = File::create(path).unwrap();
        for piece in bytes.chunks(bytes.len().div_ceil(3).max(1)) {
            file.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(self.chance.below(50)));
        }
        drop(file);
        self.ledger.dropped(place);
    }

    /// Puts a new version in the place of a file that has not arrived as far as is known.
    fn replace(&mut self) {
        if let Some(place) = self.one_of(self.ledger.under_way()) {
            let (made, contents) = self.make();
            let to = self.ledger.folders().of(&place);
            self.ledger
                .replace(&place, contents, || fs::rename(made, to).unwrap());
        }
    }

    /// Writes a kept file anew. Files that are deleted are not written to: nobody can see a writer who opens one in
    /// the moment of its deletion.
    fn rewrite(&mut self) {
        if let Some(place) = self.one_of(self.ledger.kept()) {
            self.write(&place);
        }
    }

    fn one_of(&mut self, mut places: Vec<Place>) -> Option<Place> {
        let count = u64::try_from(places.len()).unwrap();
        (count > 0).then(|| {
            let place = usize::try_from(self.chance.below(count)).unwrap();
            places.swap_remove(place)
        })
    }

    /// A file outside of the folders.
    fn make(&mut self) -> (PathBuf, Contents) {
        let contents = Contents::any(&mut self.chance);
        let number = self.next();
        let path = self.ledger.folders().outside().join(number.to_string());
        fs::write(&path, contents.bytes()).unwrap();
        (path, contents)
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}
