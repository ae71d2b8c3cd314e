#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const SETTLE: Duration = Duration::from_secs(2);

fn tracker(most: usize) -> Tracker {
    Tracker::new(Patience::new(SETTLE), most)
}

fn state(version: u64) -> Fingerprint {
    format!("{version:x}-1-1-1").parse().unwrap()
}

/// A folder in memory, its writers, and what the tracker made of them.
struct World {
    tracker: Tracker,
    now: Instant,
    files: BTreeMap<PathBuf, File>,
    versions: u64,
    /// Whether the kernel drops its notices at the moment.
    deaf: bool,
    /// Whether it ever did: then nobody can know that a file is open.
    ever_deaf: bool,
    reported: Vec<(PathBuf, Fingerprint)>,
}

#[derive(Clone, Copy)]
struct File {
    state: Fingerprint,
    open: bool,
    written: Instant,
}

#[derive(Clone, Debug)]
enum Act {
    Write(usize),
    Close(usize),
    Rename(usize),
    Touch(usize),
    Delete(usize),
    DeleteAll,
    Wait(u64),
    Scan,
    Deafen,
    Overflow,
}

impl World {
    fn new(most: usize) -> Self {
        Self {
            tracker: tracker(most),
            now: Instant::now(),
            files: BTreeMap::new(),
            versions: 0,
            deaf: false,
            // Notices that there is no room for are as good as dropped.
            ever_deaf: most < 10,
            reported: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Write(file) => self.change(file, true, Event::Written),
            Act::Close(file) => {
                let path = path(file);
                if let Some(file) = self.files.get_mut(&path).filter(|file| file.open) {
                    file.open = false;
                    self.notice(&path, Event::Closed);
                }
            }
            Act::Rename(file) => self.change(file, false, Event::MovedIn),
            Act::Touch(file) => {
                self.versions += 1;
                let path = path(file);
                if let Some(file) = self.files.get_mut(&path) {
                    file.state = state(self.versions);
                    self.notice(&path, Event::Touched);
                }
            }
            Act::Delete(file) => {
                self.files.remove(&path(file));
                self.notice(&path(file), Event::Gone);
            }
            Act::DeleteAll => {
                self.files.clear();
                if !self.deaf {
                    self.tracker.gone_below("d".as_ref());
                }
            }
            Act::Wait(millis) => self.wait(Duration::from_millis(millis)),
            Act::Scan => self.scan(),
            Act::Deafen => (self.deaf, self.ever_deaf) = (true, true),
            Act::Overflow => {
                self.deaf = false;
                self.tracker.overflow();
            }
        }
    }

    fn change(&mut self, file: usize, open: bool, event: Event) {
        self.versions += 1;
        let changed = File {
            state: state(self.versions),
            open,
            written: self.now,
        };
        self.files.insert(path(file), changed);
        self.notice(&path(file), event);
    }

    fn notice(&mut self, path: &Path, event: Event) {
        if !self.deaf {
            self.tracker.handle(path, event, self.now);
        }
    }

    /// Looks through the folder as it is, and waits where there is no room.
    fn scan(&mut self) {
        self.tracker.scan_begins();
        let paths: Vec<_> = self.files.keys().cloned().collect();
        for path in paths {
            while !self.tracker.has_room() {
                let due = self.tracker.next_due().unwrap();
                self.look_at(due);
            }
            let file = self.files[&path];
            self.tracker
                .handle(&path, Event::Seen(file.state), self.now);
        }
        self.tracker.scan_ends();
    }

    /// Lets time pass, with looks and scans when they are due.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            if self.tracker.wants_scan() {
                self.scan();
            }
            match self.tracker.next_due() {
                Some(due) if due <= end => self.look_at(due),
                _ => break,
            }
        }
        self.now = end.max(self.now);
    }

    fn look_at(&mut self, due: Instant) {
        self.now = due.max(self.now);
        let path = self.tracker.due(self.now).unwrap();
        self.look(&path);
    }

    fn look(&mut self, path: &Path) {
        let file = self.files.get(path).copied();
        let state = file.map(|file| file.state);
        if self.tracker.looked(path, state, self.now) == Verdict::Complete {
            let file = file.unwrap();
            let in_peace = self.now.duration_since(file.written);
            assert!(!file.open || self.ever_deaf || in_peace >= 30 * SETTLE);
            self.reported.push((path.to_owned(), file.state));
        }
    }
}

fn path(file: usize) -> PathBuf {
    format!("d/{file}").into()
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..4_usize).prop_map(Act::Write),
        3 => (0..4_usize).prop_map(Act::Close),
        2 => (0..4_usize).prop_map(Act::Rename),
        1 => (0..4_usize).prop_map(Act::Touch),
        1 => (0..4_usize).prop_map(Act::Delete),
        1 => Just(Act::DeleteAll),
        6 => prop_oneof![0..300_u64, 1_000..5_000_u64, 20_000..80_000_u64].prop_map(Act::Wait),
        1 => Just(Act::Scan),
        1 => Just(Act::Deafen),
        1 => Just(Act::Overflow),
    ]
}

proptest! {
    #[test]
    fn every_last_version_is_reported_once_whatever_happened(
        acts in prop::collection::vec(act(), 0..80)
    ) {
        let mut world = World::new(100);
        for act in &acts {
            world.act(act);
        }
        world.act(&Act::Overflow);
        world.wait(100 * SETTLE);
        for (path, file) in &world.files {
            let this = (path.clone(), file.state);
            let times = world.reported.iter().filter(|found| **found == this).count();
            prop_assert_eq!(times, 1, "{:?}", this);
        }
        prop_assert_eq!(world.tracker.next_due(), None);
    }

    #[test]
    fn memory_is_bounded_and_a_scan_catches_up(
        acts in prop::collection::vec(act(), 0..80)
    ) {
        let mut world = World::new(2);
        for act in &acts {
            world.act(act);
            prop_assert!(world.tracker.pending.len() <= 2);
            prop_assert!(world.tracker.reported.len() <= 2);
        }
        world.act(&Act::Overflow);
        world.scan();
        world.wait(100 * SETTLE);
        for (path, file) in &world.files {
            prop_assert!(world.reported.contains(&(path.clone(), file.state)));
        }
    }
}

#[test]
fn a_rename_is_complete_at_once_and_a_closed_file_after_a_moment() {
    let mut world = World::new(10);
    world.act(&Act::Rename(1));
    world.wait(Duration::ZERO);
    assert_eq!(world.reported.len(), 1);
    world.act(&Act::Write(2));
    world.act(&Act::Close(2));
    world.wait(Duration::from_millis(99));
    assert_eq!(world.reported.len(), 1);
    world.wait(Duration::from_millis(1));
    assert_eq!(world.reported.len(), 2);
}

#[test]
fn a_pause_of_a_writer_is_no_end() {
    let mut world = World::new(10);
    for _ in 0..10 {
        world.act(&Act::Write(1));
        world.wait(29 * SETTLE);
        world.act(&Act::Scan);
    }
    assert!(world.reported.is_empty());
    world.act(&Act::Close(1));
    world.wait(SETTLE);
    assert_eq!(world.reported.len(), 1);
}

#[test]
fn a_file_without_any_notice_has_to_be_the_same_for_the_whole_window() {
    let mut world = World::new(10);
    world.act(&Act::Deafen);
    for _ in 0..5 {
        world.act(&Act::Write(1));
        world.act(&Act::Scan);
        world.wait(SETTLE / 2);
    }
    assert!(world.reported.is_empty());
    world.act(&Act::Scan);
    world.wait(SETTLE);
    assert_eq!(world.reported.len(), 1);
}

#[test]
fn what_was_reported_is_reported_again_only_when_asked_for() {
    let mut world = World::new(10);
    world.act(&Act::Rename(1));
    world.wait(SETTLE);
    world.scan();
    world.wait(10 * SETTLE);
    assert_eq!(world.reported.len(), 1);
    world.tracker.forget_reported();
    world.wait(10 * SETTLE);
    assert_eq!(world.reported.len(), 2);
}
