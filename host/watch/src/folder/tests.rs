#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

use super::*;
use crate::test_rule::rule;

/// A folder whose watcher has no thread of its own, so that a test can come in between.
struct Stage {
    path: TempDir,
    folder: Folder,
    receiver: Receiver<Found>,
}

impl Stage {
    fn new() -> Self {
        let path = TempDir::new().unwrap();
        let rule = rule(path.path(), "settle = \"20ms\"");
        let (sender, receiver) = channel(64);
        let folder = Folder::new(rule, sender, Arc::new(Signal::new().unwrap()));
        let mut stage = Self {
            path,
            folder,
            receiver,
        };
        stage.rest();
        stage
    }

    fn turn(&mut self) {
        assert!(self.folder.turn().is_continue());
    }

    /// Goes on until nothing is left to do before the next scan.
    fn rest(&mut self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        self.turn();
        while self.folder.timeout(Instant::now()) < Duration::from_mins(1) {
            assert!(Instant::now() < deadline);
            self.folder.sleep();
            self.turn();
        }
    }

    /// What the kernel has to tell goes nowhere.
    fn lose_notices(&mut self) -> usize {
        let Folder { opened, told, .. } = &mut self.folder;
        opened.as_mut().unwrap().notices(told).len()
    }

    fn drop_file(&self, name: &str) {
        fs::write(self.path.path().join(name), "x").unwrap();
    }

    fn found(&mut self) -> Vec<PathBuf> {
        std::iter::from_fn(|| self.receiver.try_recv().ok())
            .map(|found| found.relative)
            .collect()
    }
}

#[test]
fn after_an_overflow_a_scan_finds_what_was_not_heard_of() {
    let mut stage = Stage::new();
    stage.drop_file("lost");
    fs::create_dir(stage.path.path().join("d")).unwrap();
    stage.drop_file("d/below");
    assert!(stage.lose_notices() >= 3);
    stage.rest();
    assert_eq!(stage.found(), [] as [PathBuf; 0]);
    let root = Directory::open(stage.path.path()).unwrap();
    stage.folder.take(Notice::Overflow, &root, Instant::now());
    drop(root);
    stage.rest();
    let mut found = stage.found();
    found.sort();
    assert_eq!(found, [PathBuf::from("d/below"), PathBuf::from("lost")]);
    // The directory that was not heard of is watched from now on.
    stage.drop_file("d/heard");
    stage.rest();
    assert_eq!(stage.found(), [PathBuf::from("d/heard")]);
}

#[test]
fn an_idle_watcher_sleeps_until_the_next_scan() {
    let stage = Stage::new();
    let timeout = stage.folder.timeout(Instant::now());
    assert!(timeout > Duration::from_secs(200), "{timeout:?}");
}

#[test]
fn a_watcher_of_nothing_looks_for_its_folder_now_and_then() {
    let mut stage = Stage::new();
    fs::remove_dir(stage.path.path()).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while stage.folder.opened.is_some() {
        assert!(Instant::now() < deadline);
        stage.folder.sleep();
        stage.turn();
    }
    stage.folder.sleep();
    stage.turn();
    let timeout = stage.folder.timeout(Instant::now());
    assert!(timeout > RETRY / 2 && timeout <= RETRY, "{timeout:?}");
    fs::create_dir(stage.path.path()).unwrap();
    stage.drop_file("a");
    stage.folder.next_try = Instant::now();
    stage.rest();
    assert_eq!(stage.found(), [PathBuf::from("a")]);
}

#[test]
fn another_directory_at_the_same_path_is_seen_without_a_notice() {
    let mut stage = Stage::new();
    // As when something is mounted over the folder, of which inotify tells nothing.
    let away = TempDir::new().unwrap();
    fs::rename(stage.path.path(), away.path().join("x")).unwrap();
    fs::create_dir(stage.path.path()).unwrap();
    stage.drop_file("a");
    stage.lose_notices();
    stage.rest();
    assert_eq!(stage.found(), [PathBuf::from("a")]);
    stage.drop_file("b");
    stage.rest();
    assert_eq!(stage.found(), [PathBuf::from("b")]);
}

#[test]
fn a_full_channel_loses_nothing_and_wakes_the_watcher_when_it_has_room() {
    let mut stage = Stage::new();
    for number in 0..100 {
        stage.drop_file(&format!("f{number}"));
    }
    stage.rest();
    assert!(stage.folder.is_blocked);
    let first = stage.found();
    assert_eq!(first.len(), 64);
    let woken = stage.folder.sleep.moment(Duration::from_mins(5));
    assert_eq!(woken, Ok(()));
    stage.rest();
    let mut all = [first, stage.found()].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 100);
}
