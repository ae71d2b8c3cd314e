//! Whose the files are that root makes in the state directory of a service.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sealift_state::{Event, JobId, Origin, Place, Sighting, StateDirectory, private};

/// The user and the group whose service it is.
const SERVICE: (u32, u32) = (65534, 65533);

/// A state directory of a service; none where this is not root, who alone can give it one.
fn of_service() -> Option<tempfile::TempDir> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root makes files for others");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    chown(directory.path(), Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    Some(directory)
}

fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

/// All that lies below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

fn job() -> JobId {
    let place = Place {
        endpoint: "https://s3.eu-central-1.amazonaws.com",
        bucket: "bucket",
        key: "key",
        thing: "",
    };
    JobId::new(Origin::Stream, place)
}

fn keep_everything(state: &StateDirectory) {
    let now = SystemTime::now();
    let event = Event::CredentialsHandedOut {
        recipient: "client default".into(),
        program: None,
        role: "role".into(),
        access_key_id: "ASIAEXAMPLE".into(),
        expiration: "2026-01-02T04:04:05Z".into(),
    };
    state.audit().record(&event, now).unwrap();
    let hour = Duration::from_hours(1);
    let mut hints = state.hints("ab");
    hints.put("name".into(), "value".into(), hour, now).unwrap();
    let mut numbers = state.numbers().unwrap();
    numbers.of(&[b"file"]);
    numbers.keep().unwrap();
    let clock = state.clock();
    clock.observe(&Sighting {
        date: "Thu, 01 Jan 2026 00:00:00 GMT",
        aged: false,
        round_trip: Duration::ZERO,
        received: SystemTime::UNIX_EPOCH,
    });
    clock.keep().unwrap();
    state
        .journals()
        .of(&job())
        .append(b"record".to_vec())
        .unwrap();
}

#[test]
fn what_root_keeps_for_a_service_belongs_to_the_service() {
    let Some(directory) = of_service() else {
        return;
    };
    // One that has to be made as well.
    let state = StateDirectory::new(directory.path().join("a/state"));
    keep_everything(&state);
    let found = below(directory.path());
    assert!(found.len() >= 9, "{found:?}");
    for path in found {
        assert_eq!(owner(&path), SERVICE, "{}", path.display());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    // Root goes on with it, and so could the service.
    keep_everything(&state);
    let records = state.journals().of(&job()).load().unwrap();
    assert_eq!(records.component.len(), 2);
}

#[test]
fn what_is_there_already_stays_whose_it_is() {
    let Some(directory) = of_service() else {
        return;
    };
    let (theirs, roots) = (directory.path().join("file"), directory.path().join("dir"));
    fs::write(&theirs, "").unwrap();
    fs::create_dir(&roots).unwrap();
    private::open(&theirs, File::options().append(true)).unwrap();
    private::make_directory(&roots).unwrap();
    assert_eq!((owner(&theirs), owner(&roots)), ((0, 0), (0, 0)));
    // And what root makes in its own directory stays root's.
    private::open(&roots.join("file"), File::options().append(true)).unwrap();
    private::make_directory(&roots.join("dir")).unwrap();
    for path in below(&roots) {
        assert_eq!(owner(&path), (0, 0), "{}", path.display());
    }
}

#[test]
fn no_symbolic_link_of_the_service_has_root_make_or_give_a_file_elsewhere() {
    let Some(directory) = of_service() else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let (precious, absent) = (
        elsewhere.path().join("shadow"),
        elsewhere.path().join("new"),
    );
    fs::write(&precious, "precious").unwrap();
    for target in [&precious, &absent] {
        let link = directory.path().join("audit.jsonl");
        symlink(target, &link).unwrap();
        let options = File::options().append(true).clone();
        assert!(
            private::open(&link, &options).is_err(),
            "{}",
            target.display()
        );
        fs::remove_file(&link).unwrap();
    }
    assert_eq!(owner(&precious), (0, 0));
    assert!(!absent.exists());
    // A directory that is one is used, and stays whose it is.
    symlink(elsewhere.path(), directory.path().join("hints")).unwrap();
    private::make_directory(&directory.path().join("hints")).unwrap();
    assert_eq!(owner(elsewhere.path()), (0, 0));
}
