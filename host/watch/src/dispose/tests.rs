#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::stat;
use tempfile::TempDir;

use super::*;

/// A folder with a file `d/a` in it, and a place to move files to.
struct Stage {
    folder: TempDir,
    sent: TempDir,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            folder: TempDir::new().unwrap(),
            sent: TempDir::new().unwrap(),
        };
        fs::create_dir(stage.folder.path().join("d")).unwrap();
        fs::write(stage.file(), "uploaded").unwrap();
        stage
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("d/a")
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from(&stat(self.file()).unwrap())
    }

    fn dispose(&self, uploaded: Fingerprint, disposal: &Disposal) -> Disposed {
        dispose(self.folder.path(), "d/a".as_ref(), uploaded, disposal).unwrap()
    }

    fn moving(&self) -> Disposal {
        Disposal::Move(self.sent.path().to_owned())
    }
}

#[test]
fn a_file_is_kept_deleted_or_moved_and_a_second_time_it_is_gone() {
    let stage = Stage::new();
    let uploaded = stage.fingerprint();
    assert_eq!(stage.dispose(uploaded, &Disposal::Keep), Disposed::Kept);
    assert_eq!(
        stage.dispose(uploaded, &Disposal::Delete),
        Disposed::Deleted
    );
    assert!(!stage.file().exists());
    assert_eq!(stage.dispose(uploaded, &Disposal::Delete), Disposed::Gone);

    let stage = Stage::new();
    let uploaded = stage.fingerprint();
    let to = stage.sent.path().join("d/a");
    assert_eq!(
        stage.dispose(uploaded, &stage.moving()),
        Disposed::Moved(to.clone())
    );
    assert_eq!(fs::read_to_string(to).unwrap(), "uploaded");
    assert_eq!(stage.dispose(uploaded, &stage.moving()), Disposed::Gone);
    fs::remove_dir(stage.folder.path().join("d")).unwrap();
    assert_eq!(stage.dispose(uploaded, &stage.moving()), Disposed::Gone);
}

#[test]
fn a_file_that_changed_or_was_replaced_is_left_alone() {
    for disposal in [Disposal::Delete, Stage::new().moving()] {
        let stage = Stage::new();
        let uploaded = stage.fingerprint();
        fs::write(stage.file(), "another").unwrap();
        assert_eq!(stage.dispose(uploaded, &disposal), Disposed::Changed);
        assert_eq!(fs::read_to_string(stage.file()).unwrap(), "another");

        let stage = Stage::new();
        let uploaded = stage.fingerprint();
        fs::rename(stage.file(), stage.folder.path().join("old")).unwrap();
        fs::write(stage.file(), "uploaded").unwrap();
        assert_eq!(stage.dispose(uploaded, &disposal), Disposed::Changed);
        assert!(stage.file().exists());
    }
}

#[test]
fn no_link_leads_to_a_file_elsewhere() {
    let stage = Stage::new();
    let uploaded = stage.fingerprint();
    // The very file that was uploaded, but by way of a link in place of its directory …
    fs::rename(stage.folder.path().join("d"), stage.folder.path().join("e")).unwrap();
    symlink("e", stage.folder.path().join("d")).unwrap();
    assert_eq!(stage.dispose(uploaded, &Disposal::Delete), Disposed::Gone);
    // … or in place of itself.
    let direct = dispose(
        stage.folder.path(),
        "l".as_ref(),
        uploaded,
        &Disposal::Delete,
    );
    assert_eq!(direct.unwrap(), Disposed::Gone);
    symlink("e/a", stage.folder.path().join("l")).unwrap();
    let linked = dispose(
        stage.folder.path(),
        "l".as_ref(),
        uploaded,
        &Disposal::Delete,
    );
    assert_eq!(linked.unwrap(), Disposed::Changed);
    assert!(stage.folder.path().join("e/a").exists());
    for path in ["../x", "/etc/passwd", ""] {
        let refused = dispose(
            stage.folder.path(),
            path.as_ref(),
            uploaded,
            &Disposal::Delete,
        );
        assert!(matches!(refused, Err(DisposeError::Look { .. })), "{path}");
    }
}

#[test]
fn a_link_in_the_place_that_files_are_moved_to_is_not_followed() {
    let stage = Stage::new();
    let elsewhere = TempDir::new().unwrap();
    symlink(elsewhere.path(), stage.sent.path().join("d")).unwrap();
    let uploaded = stage.fingerprint();
    let refused = dispose(
        stage.folder.path(),
        "d/a".as_ref(),
        uploaded,
        &stage.moving(),
    );
    assert!(matches!(refused, Err(DisposeError::Move { .. })));
    assert!(stage.file().exists());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_moved_file_replaces_none() {
    let stage = Stage::new();
    fs::create_dir(stage.sent.path().join("d")).unwrap();
    fs::write(stage.sent.path().join("d/a"), "first").unwrap();
    fs::write(stage.sent.path().join("d/a.1"), "second").unwrap();
    let to = stage.sent.path().join("d/a.2");
    assert_eq!(
        stage.dispose(stage.fingerprint(), &stage.moving()),
        Disposed::Moved(to.clone())
    );
    assert_eq!(fs::read_to_string(to).unwrap(), "uploaded");
    let first = fs::read_to_string(stage.sent.path().join("d/a")).unwrap();
    assert_eq!(first, "first");
}

/// A directory on another file system than the temporary ones, if this machine has one.
fn another_file_system(than: &Path) -> Option<TempDir> {
    let directory = TempDir::new_in("/dev/shm").ok()?;
    let device = |path: &Path| stat(path).unwrap().st_dev;
    (device(directory.path()) != device(than)).then_some(directory)
}

#[test]
fn a_move_to_another_file_system_keeps_contents_time_and_mode() {
    let stage = Stage::new();
    let Some(far) = another_file_system(stage.folder.path()) else {
        return;
    };
    let uploaded = stage.fingerprint();
    let before = stat(stage.file()).unwrap();
    let moving = Disposal::Move(far.path().to_owned());
    let to = far.path().join("d/a");
    assert_eq!(
        stage.dispose(uploaded, &moving),
        Disposed::Moved(to.clone())
    );
    assert!(!stage.file().exists());
    assert_eq!(fs::read_to_string(&to).unwrap(), "uploaded");
    let after = stat(&to).unwrap();
    assert_eq!(after.st_mode, before.st_mode);
    assert_eq!(
        (after.st_mtime, after.st_mtime_nsec),
        (before.st_mtime, before.st_mtime_nsec)
    );
    assert_eq!(fs::read_dir(far.path().join("d")).unwrap().count(), 1);
}

#[test]
fn a_crash_between_copying_and_deleting_leaves_one_copy() {
    let stage = Stage::new();
    let Some(far) = another_file_system(stage.folder.path()) else {
        return;
    };
    let moving = Disposal::Move(far.path().to_owned());
    let saved = stage.folder.path().join("saved");
    fs::hard_link(stage.file(), &saved).unwrap();
    let first = stage.dispose(stage.fingerprint(), &moving);
    assert_eq!(first, Disposed::Moved(far.path().join("d/a")));
    // As it would be without the deletion.
    fs::rename(&saved, stage.file()).unwrap();
    let second = stage.dispose(stage.fingerprint(), &moving);
    assert_eq!(second, Disposed::Moved(far.path().join("d/a")));
    assert!(!stage.file().exists());
    // A file of the same size and time with other contents is another one.
    fs::write(stage.file(), "UPLOADED").unwrap();
    let times = fs::File::open(far.path().join("d/a")).unwrap();
    let modified = times.metadata().unwrap().modified().unwrap();
    let again = fs::File::options().write(true).open(stage.file()).unwrap();
    again.set_modified(modified).unwrap();
    // Half of a copy of it lies about.
    let file = stat(stage.file()).unwrap();
    let partial = format!(".sealift-{:x}-{:x}.part", file.st_dev, file.st_ino);
    fs::write(far.path().join("d").join(&partial), "UPL").unwrap();
    let third = stage.dispose(stage.fingerprint(), &moving);
    assert_eq!(third, Disposed::Moved(far.path().join("d/a.1")));
    assert!(!far.path().join("d").join(&partial).exists());
}
