//! What was dropped, and what has to be so of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sealift_tests::Cloud;

use super::file::{Contents, Folder, Folders, Place};

/// Every file that was ever dropped.
pub(super) struct Ledger {
    folders: Folders,
    files: Mutex<BTreeMap<Place, File>>,
}

struct File {
    /// Those that were at this place, the last one last.
    versions: Vec<Contents>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its producer is at work.
    BeingWritten,
    /// Its producer wants it uploaded.
    Dropped,
    /// It is in the bucket, and what should become of the file became of it.
    Arrived(Instant),
    /// It arrived, and the test made room: neither object nor file may come again.
    Cleared,
}

/// How long a large object that arrived is kept: who is about to write it again has done so by then.
const KEPT: Duration = Duration::from_secs(10);

impl Ledger {
    pub(super) fn new(folders: Folders) -> Self {
        Self {
            folders,
            files: Mutex::default(),
        }
    }

    pub(super) fn folders(&self) -> &Folders {
        &self.folders
    }

    /// A producer begins to write, without anybody who looks at the same time.
    pub(super) fn begin(&self, place: &Place, contents: Contents) {
        let mut files = self.files();
        let file = files.entry(place.clone()).or_insert(File {
            versions: Vec::new(),
            state: State::BeingWritten,
        });
        file.versions.push(contents);
        file.state = State::BeingWritten;
    }

    /// It is complete.
    pub(super) fn dropped(&self, place: &Place) {
        self.set(place, State::Dropped);
    }

    /// Has a version take the place of another in one step.
    pub(super) fn replace(&self, place: &Place, contents: Contents, deed: impl FnOnce()) {
        let mut files = self.files();
        deed();
        let file = files.get_mut(place).unwrap();
        file.versions.push(contents);
        file.state = State::Dropped;
    }

    /// Files that did not arrive yet.
    pub(super) fn under_way(&self) -> Vec<Place> {
        self.those(|_, file| matches!(file.state, State::BeingWritten | State::Dropped))
    }

    /// Files that stay, arrived or not.
    pub(super) fn kept(&self) -> Vec<Place> {
        self.those(|place, _| place.folder == Folder::Keep)
    }

    fn those(&self, fit: impl Fn(&Place, &File) -> bool) -> Vec<Place> {
        let files = self.files();
        let those = files.iter().filter(|(place, file)| fit(place, file));
        those.map(|(place, _)| place.clone()).collect()
    }

    fn set(&self, place: &Place, state: State) {
        self.files().get_mut(place).unwrap().state = state;
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<Place, File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever looks at any time finds a file at its place, or its last version in the bucket.
    pub(super) fn nothing_went_before_it_arrived(&self, cloud: &Cloud) {
        for (place, file) in self.files().iter_mut() {
            match file.state {
                State::Dropped => self.look_at(place, file, cloud),
                State::Arrived(at) if at.elapsed() > KEPT && file.last().is_large() => {
                    self.clear(place, file, cloud);
                }
                State::Arrived(_) | State::BeingWritten | State::Cleared => {}
            }
        }
    }

    fn look_at(&self, place: &Place, file: &mut File, cloud: &Cloud) {
        let source = self.folders.of(place).exists();
        let last = file.last();
        if place.folder == Folder::Keep {
            assert!(source, "{place} is to be kept, and gone");
            if last.are_those_of(&place.object(cloud)) {
                file.state = State::Arrived(Instant::now());
            }
            return;
        }
        if source {
            return;
        }
        assert!(
            last.are_those_of(&place.object(cloud)),
            "{place} is gone, and {} in the bucket",
            file.what_is_at(place, cloud)
        );
        if place.folder == Folder::Move {
            let sent = self.folders.sent(place, last);
            assert!(sent.is_some(), "{place} is not where it was to be moved");
        }
        file.state = State::Arrived(Instant::now());
    }

    /// Makes room on the test's disk.
    fn clear(&self, place: &Place, file: &mut File, cloud: &Cloud) {
        let last = file.last();
        if place.folder == Folder::Keep {
            return;
        }
        let object = place.object(cloud);
        assert!(last.are_those_of(&object), "{place} changed in the bucket");
        fs::remove_file(object).unwrap();
        if let Some(sent) = self.folders.sent(place, last) {
            fs::write(sent, "").unwrap();
        }
        file.state = State::Cleared;
    }

    /// What did not arrive, for people.
    pub(super) fn missing(&self) -> String {
        let missing = self.under_way();
        let names: Vec<_> = missing.iter().take(10).map(Place::to_string).collect();
        format!("{} files ({})", missing.len(), names.join(", "))
    }

    /// At the end: files and objects are what and where they should be, byte by byte.
    pub(super) fn all_is_in_its_place(&self, cloud: &Cloud) {
        for (place, file) in self.files().iter() {
            let last = file.last();
            let (source, object) = (self.folders.of(place), place.object(cloud));
            if file.state == State::Cleared {
                assert!(!object.exists(), "{place} was uploaded again");
                assert!(!source.exists(), "{place} came again");
                continue;
            }
            assert!(
                last.are_those_of(&object),
                "{} in the bucket for {place}",
                file.what_is_at(place, cloud)
            );
            match place.folder {
                Folder::Keep => assert!(last.are_those_of(&source), "{place} changed"),
                Folder::Delete => assert!(!source.exists(), "{place} is not deleted"),
                Folder::Move => {
                    assert!(!source.exists(), "{place} is not moved");
                    assert!(self.folders.sent(place, last).is_some(), "{place} is lost");
                }
            }
        }
    }
}

impl File {
    fn last(&self) -> Contents {
        *self.versions.last().unwrap()
    }

    /// For people.
    fn what_is_at(&self, place: &Place, cloud: &Cloud) -> String {
        let object = place.object(cloud);
        let found = self
            .versions
            .iter()
            .position(|version| version.are_those_of(&object));
        match (found, fs::metadata(&object)) {
            (Some(version), _) => {
                format!("version {} of {}", version + 1, self.versions.len())
            }
            (None, Ok(stat)) => format!("{} other bytes are", stat.len()),
            (None, Err(_)) => "nothing is".to_owned(),
        }
    }
}

impl Display for Ledger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let files = self.files();
        let versions = files.values().flat_map(|file| &file.versions);
        let (count, bytes) = versions.fold((0, 0), |(count, bytes), contents| {
            (count + 1, bytes + contents.length())
        });
        let mebibytes = bytes >> 20;
        write!(
            f,
            "{} files in {count} versions of {mebibytes} MiB",
            files.len()
        )
    }
}
