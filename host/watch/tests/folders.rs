//! Watchers of real folders.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sealift_config::{Config, Environment, KeyValues, ObjectKeyError};
use sealift_watch::{Disposal, Disposed, Found, Rule, Watcher, dispose, list};
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel, error::TryRecvError};

/// So long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// A rule for a folder, as a configuration has it.
fn rule(path: &Path, more: &str) -> Rule {
    let text = format!(
        r#"
        [device]
        certificate = "c"
        key = "k"
        [credentials]
        endpoint = "localhost:1"
        role_alias = "a"
        [[watch]]
        path = "{}"
        destination = "s3://bucket/{{path}}"
        {more}
        "#,
        path.display()
    );
    let config = Config::parse(&text, "/sealift.toml".as_ref(), &Environment::default());
    config.unwrap().watch.remove(0)
}

/// A watched folder, and what was reported of it.
struct Stage {
    folder: TempDir,
    watcher: Option<Watcher>,
    receiver: Receiver<Found>,
    reported: Vec<Found>,
}

const QUICK: &str = r#"settle = "50ms""#;
/// Long enough for a whole test: only notices of the kernel can make a file complete.
const SLOW: &str = r#"settle = "1h""#;

impl Stage {
    fn prepared(folder: TempDir, more: &str, room: usize) -> Self {
        let (sender, receiver) = channel(room);
        let watcher = Watcher::start(vec![rule(folder.path(), more)], &sender).unwrap();
        Self {
            folder,
            watcher: Some(watcher),
            receiver,
            reported: Vec::new(),
        }
    }

    /// A watcher that is through with its first scan.
    fn new(more: &str) -> Self {
        let mut stage = Self::prepared(TempDir::new().unwrap(), more, 64);
        stage.settle_in();
        stage
    }

    /// Renames a file into the folder until it is reported: from then on notices come.
    fn settle_in(&mut self) {
        let first = self.path("first");
        let mut last = Instant::now();
        self.rename_in(&first);
        self.until(|stage| {
            let seen = stage.paths().contains(&PathBuf::from("first"));
            if !seen && last.elapsed() > Duration::from_millis(100) {
                stage.rename_in(&first);
                last = Instant::now();
            }
            seen
        });
        fs::remove_file(first).unwrap();
        self.reported.clear();
    }

    fn rename_in(&self, to: &Path) {
        let beside = TempDir::new_in(self.folder.path().parent().unwrap()).unwrap();
        fs::write(beside.path().join("x"), "whole").unwrap();
        fs::rename(beside.path().join("x"), to).unwrap();
    }

    fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    fn drain(&mut self) {
        loop {
            match self.receiver.try_recv() {
                Ok(found) => self.reported.push(found),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => panic!("the watcher ended"),
            }
        }
    }

    fn until(&mut self, mut condition: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.drain();
            if condition(self) {
                return;
            }
            assert!(Instant::now() < deadline, "reported: {:?}", self.paths());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn expect(&mut self, relative: &str) -> Found {
        self.until(|stage| stage.paths().contains(&PathBuf::from(relative)));
        let at = self
            .reported
            .iter()
            .rposition(|found| found.relative == Path::new(relative));
        self.reported[at.unwrap()].clone()
    }

    /// A file that comes last is reported: whatever was to be reported before it has been.
    fn expect_nothing_but(&mut self, paths: &[&str]) {
        self.rename_in(&self.path("zz-last"));
        self.expect("zz-last");
        fs::remove_file(self.path("zz-last")).unwrap();
        let mut reported = self.paths();
        reported.retain(|path| path != Path::new("zz-last"));
        reported.sort();
        assert_eq!(
            reported,
            paths.iter().map(PathBuf::from).collect::<Vec<_>>()
        );
    }

    /// A version of a file is its path and fingerprint.
    fn assert_no_version_twice(&self) {
        let mut times = BTreeMap::new();
        for found in &self.reported {
            let version = (&found.relative, found.fingerprint.to_string());
            *times.entry(version).or_insert(0) += 1;
        }
        times.retain(|_, times| *times > 1);
        assert!(times.is_empty(), "{times:?}");
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.reported
            .iter()
            .map(|found| found.relative.clone())
            .collect()
    }
}

#[test]
fn a_file_that_is_renamed_into_the_folder_is_complete_at_once() {
    let mut stage = Stage::new(SLOW);
    stage.rename_in(&stage.path("a"));
    let found = stage.expect("a");
    assert_eq!(found.path, stage.path("a"));
    assert_eq!(found.size, 5);
    let metadata = fs::metadata(stage.path("a")).unwrap();
    assert_eq!(found.modified, metadata.modified().unwrap());
    let source = sealift_payload::Source::open(&found.path).unwrap();
    assert_eq!(
        source.fingerprint().to_string(),
        found.fingerprint.to_string()
    );
    stage.expect_nothing_but(&["a"]);
}

#[test]
fn a_slow_writer_is_not_disturbed_before_it_closes() {
    let mut stage = Stage::new(SLOW);
    let mut file = File::create(stage.path("slow")).unwrap();
    file.write_all(b"one").unwrap();
    stage.expect_nothing_but(&[]);
    file.write_all(b"two").unwrap();
    stage.expect_nothing_but(&[]);
    stage.reported.clear();
    drop(file);
    assert_eq!(stage.expect("slow").size, 6);
}

#[test]
fn a_pause_longer_than_the_window_is_no_end_while_the_file_is_open() {
    let mut stage = Stage::new(r#"settle = "1s""#);
    let mut file = File::create(stage.path("slow")).unwrap();
    file.write_all(b"one").unwrap();
    // A file of which nothing is known but its state is complete after the window; so by then this
    // one would be as well.
    fs::hard_link(stage.path("slow"), stage.path("linked")).unwrap();
    stage.expect("linked");
    assert_eq!(stage.paths(), [PathBuf::from("linked")]);
    file.write_all(b"two").unwrap();
    drop(file);
    assert_eq!(stage.expect("slow").size, 6);
}

#[test]
fn files_that_were_there_before_are_reported_once_and_rescans_add_nothing() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("d/e")).unwrap();
    for path in ["a", "d/b", "d/e/c"] {
        fs::write(folder.path().join(path), path).unwrap();
    }
    let more = r#"settle = "50ms"
        rescan = "20ms""#;
    let mut stage = Stage::prepared(folder, more, 64);
    for path in ["a", "d/b", "d/e/c"] {
        stage.expect(path);
    }
    // A file in a directory that only a scan can have found comes after many scans.
    stage.write("later", "x");
    stage.expect("later");
    stage
        .reported
        .retain(|found| found.relative != Path::new("later"));
    stage.expect_nothing_but(&["a", "d/b", "d/e/c"]);
    stage.reported.clear();
    stage.watcher.as_ref().unwrap().rescan();
    for path in ["a", "d/b", "d/e/c"] {
        stage.expect(path);
    }
}

#[test]
fn files_in_directories_that_are_made_with_them_are_found() {
    let mut stage = Stage::new(QUICK);
    for number in 0..20 {
        let directory = format!("n{number}/deep/er");
        fs::create_dir_all(stage.path(&directory)).unwrap();
        stage.write(&format!("{directory}/file"), "x");
        stage.write(&format!("n{number}/file"), "y");
    }
    for number in 0..20 {
        stage.expect(&format!("n{number}/deep/er/file"));
        stage.expect(&format!("n{number}/file"));
    }
    stage.assert_no_version_twice();
}

#[test]
fn a_directory_that_is_renamed_is_heard_of_by_its_new_name() {
    let mut stage = Stage::new(QUICK);
    fs::create_dir(stage.path("old")).unwrap();
    stage.write("old/a", "x");
    stage.expect("old/a");
    fs::rename(stage.path("old"), stage.path("new")).unwrap();
    stage.expect("new/a");
    stage.write("new/b", "x");
    stage.expect("new/b");
    assert!(!stage.paths().contains(&PathBuf::from("old/b")));
}

#[test]
fn a_file_that_is_replaced_or_written_again_is_reported_as_a_new_version() {
    let mut stage = Stage::new(SLOW);
    stage.rename_in(&stage.path("a"));
    let first = stage.expect("a");
    stage.reported.clear();
    stage.rename_in(&stage.path("a"));
    let second = stage.expect("a");
    assert_ne!(first.fingerprint, second.fingerprint);
    stage.reported.clear();
    stage.write("a", "written in place");
    let third = stage.expect("a");
    assert_ne!(second.fingerprint, third.fingerprint);
    assert_eq!(third.size, 16);
}

#[test]
fn what_is_no_regular_file_is_ignored_and_no_link_is_followed() {
    let secret = TempDir::new().unwrap();
    fs::write(secret.path().join("key"), "secret").unwrap();
    let mut stage = Stage::new(QUICK);
    symlink(secret.path().join("key"), stage.path("link")).unwrap();
    symlink(secret.path(), stage.path("directory")).unwrap();
    symlink(".", stage.path("loop")).unwrap();
    let fifo = stage.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let _socket = UnixListener::bind(stage.path("socket")).unwrap();
    // The link is put in the place of a file by a rename too.
    symlink(secret.path().join("key"), stage.path("x")).unwrap();
    fs::rename(stage.path("x"), stage.path("renamed")).unwrap();
    stage.watcher.as_ref().unwrap().rescan();
    stage.write("real", "x");
    stage.expect("real");
    stage.expect_nothing_but(&["real"]);
}

#[test]
fn a_folder_that_is_missing_removed_and_made_again_is_waited_for() {
    let above = TempDir::new().unwrap();
    let folder = above.path().join("mnt");
    let (sender, receiver) = channel(64);
    let watcher = Watcher::start(vec![rule(&folder, QUICK)], &sender).unwrap();
    let mut stage = Stage {
        folder: above,
        watcher: Some(watcher),
        receiver,
        reported: Vec::new(),
    };
    for round in 0..3 {
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(format!("a{round}")), "x").unwrap();
        stage.expect(&format!("a{round}"));
        fs::write(folder.join(format!("b{round}")), "x").unwrap();
        stage.expect(&format!("b{round}"));
        if round == 1 {
            // As a mount would: another directory at the same path.
            fs::rename(&folder, stage.path("away")).unwrap();
        } else {
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}

#[test]
fn only_files_that_the_patterns_take_are_reported() {
    let mut stage = Stage::new(
        r#"settle = "50ms"
        include = ["*.csv", "first", "zz-last"]
        exclude = ["tmp/*"]"#,
    );
    fs::create_dir(stage.path("tmp")).unwrap();
    stage.write("tmp/a.csv", "x");
    stage.write("a.txt", "x");
    stage.write("a.csv", "x");
    stage.expect("a.csv");
    stage.expect_nothing_but(&["a.csv"]);
}

#[test]
fn a_file_that_is_moved_aside_within_the_folder_is_not_reported_again() {
    let folder = TempDir::new().unwrap();
    let sent = folder.path().join("sent");
    let more = format!(
        "settle = \"50ms\"\nrescan = \"50ms\"\nafter = \"move:{}\"",
        sent.display()
    );
    let mut stage = Stage::prepared(folder, &more, 64);
    stage.write("a", "x");
    let found = stage.expect("a");
    let disposed = dispose(
        stage.folder.path(),
        &found.relative,
        found.fingerprint,
        &Disposal::Move(sent.clone()),
    );
    assert_eq!(disposed.unwrap(), Disposed::Moved(sent.join("a")));
    stage.write("b", "x");
    stage.expect("b");
    stage.expect_nothing_but(&["a", "b"]);
}

#[test]
fn ten_thousand_files_at_once_are_each_reported_once_also_through_a_narrow_channel() {
    let mut stage = Stage::prepared(TempDir::new().unwrap(), QUICK, 16);
    for number in 0..10_000 {
        stage.write(&format!("f{number}"), "x");
    }
    let (mut distinct, mut looked_at) = (BTreeSet::new(), 0);
    stage.until(|stage| {
        let new = &stage.reported[looked_at..];
        distinct.extend(new.iter().map(|found| found.relative.clone()));
        looked_at = stage.reported.len();
        distinct.len() >= 10_000
    });
    stage.rename_in(&stage.path("last"));
    stage.expect("last");
    stage.assert_no_version_twice();
}

#[test]
fn a_watcher_stops_at_once_also_when_nobody_takes_its_files() {
    let mut stage = Stage::prepared(TempDir::new().unwrap(), QUICK, 1);
    for number in 0..100 {
        stage.write(&format!("f{number}"), "x");
    }
    let deadline = Instant::now() + DEADLINE;
    while stage.receiver.is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    stage.watcher.take().unwrap().stop();
    assert!(stage.receiver.try_recv().is_ok());
    while stage.receiver.try_recv().is_ok() {}
    assert_eq!(stage.receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_watcher_that_is_dropped_lets_go_of_its_channel() {
    let stage = Stage::new(QUICK);
    let Stage {
        watcher,
        mut receiver,
        folder,
        ..
    } = stage;
    drop(watcher);
    let deadline = Instant::now() + DEADLINE;
    while receiver.try_recv() != Err(TryRecvError::Disconnected) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(folder);
}

#[test]
fn a_name_that_is_not_text_is_reported_and_has_no_key() {
    let mut stage = Stage::new(QUICK);
    let name = OsStr::from_bytes(b"\xff.csv");
    fs::write(stage.path(name), "x").unwrap();
    stage.until(|stage| !stage.reported.is_empty());
    let found = &stage.reported[0];
    assert_eq!(found.relative, Path::new(name));
    let values = KeyValues {
        thing: None,
        host: "gateway",
        path: &found.relative,
        modified: found.modified,
        hash: None,
        counter: None,
    };
    let key = rule(stage.folder.path(), QUICK)
        .destination
        .key
        .render(&values);
    let not_text = ObjectKeyError::NotUtf8 { path: name.into() };
    assert_eq!(key, Err(not_text));
}

#[test]
fn a_listing_has_the_files_of_the_rule_and_says_when_it_is_not_all() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("d")).unwrap();
    fs::create_dir_all(folder.path().join("sent")).unwrap();
    for path in ["a.csv", "d/b.csv", "c.txt", "sent/old.csv"] {
        fs::write(folder.path().join(path), path).unwrap();
    }
    symlink("a.csv", folder.path().join("l.csv")).unwrap();
    let sent = folder.path().join("sent");
    let more = format!("include = [\"*.csv\"]\nafter = \"move:{}\"", sent.display());
    let rule = rule(folder.path(), &more);
    let listing = list(&rule, 10).unwrap();
    let mut paths: Vec<_> = listing.files.iter().map(|(path, _)| path.clone()).collect();
    paths.sort();
    assert_eq!(paths, [PathBuf::from("a.csv"), PathBuf::from("d/b.csv")]);
    assert!(listing.is_complete);
    let part = list(&rule, 1).unwrap();
    assert_eq!((part.files.len(), part.is_complete), (1, false));
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(list(&rule, 1).is_err());
}
