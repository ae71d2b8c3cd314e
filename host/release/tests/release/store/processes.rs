//! A real directory, and more than one process at it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::thread;

use sealift_release::{Begun, Directory, Effect, Event, Requester, Store, StoreError, Verdict};

use super::driver::{Driver, bytes, release};
use crate::examples::circumstances;

fn offered(store: &Store) -> (sealift_release::Release, sealift_release::SlotName) {
    let releases = vec![release("1.0.0", "one")];
    let by = Requester::Schedule;
    let event = Event::Offered { releases, by };
    let effects = store.apply(event, &circumstances()).unwrap();
    let [Effect::Download { release, slot }] = &effects[..] else {
        panic!("{effects:?}");
    };
    (release.clone(), *slot)
}

#[test]
fn a_real_directory_serves_the_whole_story_and_belongs_to_this_user_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/state");
    let host = Driver(Store::new(Directory::new(path.clone())));
    host.commit(&release("1.0.0", "one")).unwrap();
    host.commit(&release("2.0.0", "two")).unwrap();
    host.offer(&release("2.1.0", "bad")).unwrap();
    host.run_jobs(&Verdict::TimedOut).unwrap();
    let mode = |path: &str| {
        fs::metadata(directory.path().join(path))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("deep/state/slots/a") & 0o777, 0o700);
    assert_eq!(mode("deep/state/release/state-0.json") & 0o777, 0o600);
    let component = format!(
        "deep/state/slots/{}/component.wasm",
        host.state().spare().other()
    );
    assert_eq!(mode(&component) & 0o777, 0o600);
}

/// Asserts that all below the directory is this user's, and answers how many there are.
fn belong_to(user: u32, directory: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let owner = fs::symlink_metadata(&path).unwrap().uid();
        assert_eq!(owner, user, "{}", path.display());
        count += 1;
        if path.is_dir() {
            count += belong_to(user, &path);
        }
    }
    count
}

/// `sudo sealift component install`, say: the service that runs as another user goes on with it.
#[test]
fn what_root_commits_in_the_directory_of_a_service_is_the_services() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root makes files for others");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    chown(directory.path(), Some(65534), Some(65534)).unwrap();
    let host = Driver(Store::new(Directory::new(directory.path().to_owned())));
    host.commit(&release("1.0.0", "one")).unwrap();
    assert!(belong_to(65534, directory.path()) > 4);
}

#[test]
fn a_download_goes_on_where_it_was_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Directory::new(directory.path().to_owned()));
    let (release, slot) = offered(&store);
    let whole = bytes("one");
    let Begun::Partial(mut incoming) = store.incoming(&release, slot).unwrap() else {
        panic!("it is not there yet");
    };
    incoming.write(&whole[..100]).unwrap();
    drop(incoming);
    let Begun::Partial(mut incoming) = store.incoming(&release, slot).unwrap() else {
        panic!("it is not there yet");
    };
    assert_eq!(incoming.length(), 100);
    incoming.write(&whole[100..]).unwrap();
    incoming.finish().unwrap();
    assert!(matches!(
        store.incoming(&release, slot).unwrap(),
        Begun::Whole
    ));
    assert_eq!(store.component(slot, release.digest).unwrap(), whole);
}

#[test]
fn bytes_that_were_not_signed_are_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Directory::new(directory.path().to_owned()));
    let (release, slot) = offered(&store);
    let begin = || match store.incoming(&release, slot).unwrap() {
        Begun::Partial(incoming) => incoming,
        Begun::Whole => panic!("it was not signed"),
    };
    for wrong in [bytes("two"), bytes("bad"), Vec::new()] {
        let mut incoming = begin();
        assert_eq!(incoming.length(), 0);
        incoming.write(&wrong).unwrap();
        let error = incoming.finish().unwrap_err();
        assert!(matches!(error, StoreError::NotAsSigned), "{error}");
    }
    let mut incoming = begin();
    let error = incoming.write(&bytes("one, and endless data")).unwrap_err();
    assert!(matches!(error, StoreError::NotAsSigned), "{error}");
    assert_eq!(incoming.length(), 0);
    drop(incoming);
    let error = store.component(slot, release.digest).unwrap_err();
    assert!(matches!(error, StoreError::DamagedSlot { .. }), "{error}");
}

#[test]
fn a_release_that_was_given_up_meanwhile_does_not_get_into_its_slot() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Directory::new(directory.path().to_owned()));
    let (release, slot) = offered(&store);
    let Begun::Partial(mut incoming) = store.incoming(&release, slot).unwrap() else {
        panic!("it is not there yet");
    };
    incoming.write(&bytes("one")).unwrap();
    let version = semver::Version::new(7, 0, 0);
    store
        .apply(Event::Pin { version }, &circumstances())
        .unwrap();
    assert!(incoming.finish().is_err());
    let error = store.incoming(&release, slot).unwrap_err();
    assert!(matches!(error, StoreError::Overtaken), "{error}");
}

#[test]
fn no_event_is_lost_where_many_processes_tell_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let store = || Store::new(Directory::new(directory.path().to_owned()));
    let tellers: Vec<_> = (0..4_u64)
        .map(|teller| {
            let store = store();
            thread::spawn(move || {
                for number in 0..20 {
                    let version = semver::Version::new(teller, number, 0);
                    store
                        .apply(Event::Pin { version }, &circumstances())
                        .unwrap();
                }
            })
        })
        .collect();
    for teller in tellers {
        teller.join().unwrap();
    }
    let names =
        ["state-0.json", "state-1.json"].map(|name| directory.path().join("release").join(name));
    let newest = names
        .map(|name| fs::read_to_string(name).unwrap())
        .into_iter()
        .max_by_key(|text| {
            let record: serde_json::Value = serde_json::from_str(&text[65..]).unwrap();
            record["sequence"].as_u64().unwrap()
        });
    assert!(newest.unwrap().contains("\"sequence\":80,"));
    assert_eq!(store().read().unwrap().damage, []);
}
