//! Every file, damaged in every way that comes to mind.

use std::path::{Path, PathBuf};

use sealift_release::{Damage, Settled, Store, StoreError, Verdict};

use super::driver::{Driver, release, runs};
use super::recording::Recording;

/// A device that runs 2.0.0, has 1.0.0 before it, and then one on trial or not.
fn device(on_trial: bool) -> Recording {
    let disk = Recording::new(usize::MAX);
    let host = Driver(Store::new(disk.clone()));
    host.commit(&release("1.0.0", "one")).unwrap();
    host.commit(&release("2.0.0", "two")).unwrap();
    if on_trial {
        host.offer(&release("3.0.0", "three")).unwrap();
    }
    disk
}

type Spoil = (&'static str, fn(&mut Vec<u8>));

const WAYS: [Spoil; 6] = [
    ("emptied", Vec::clear),
    ("cut in half", |contents| {
        contents.truncate(contents.len() / 2);
    }),
    ("one bit flipped", |contents| {
        let middle = contents.len() / 2;
        contents[middle] ^= 1;
    }),
    ("zeros", |contents| contents.fill(0)),
    ("something else", |contents| *contents = b"{}\n".to_vec()),
    ("too long", |contents| contents.resize(300 * 1024, b' ')),
];

#[test]
fn whatever_file_is_damaged_the_device_uploads_says_so_and_takes_the_next_release() {
    for on_trial in [false, true] {
        for file in device(on_trial).files() {
            for (way, spoil) in WAYS {
                let disk = device(on_trial);
                disk.spoil(&file, spoil);
                let told = format!("{} {way}", file.display());
                let (settled, damage) = Store::new(disk.clone()).settled().unwrap();
                assert!(runs(&settled), "{told}");
                // While one is on trial nothing else is kept beside what runs.
                let alone = on_trial && matters(&disk, &file) && !file.starts_with("release");
                assert_eq!(matches!(settled, Settled::Factory), alone, "{told}");
                assert_eq!(
                    !damage.is_empty(),
                    matters(&disk, &file),
                    "{told}: {damage:?}"
                );
                let host = Driver(Store::new(disk));
                host.tell(sealift_release::Event::Started).unwrap();
                host.run_jobs(&Verdict::Succeeded).unwrap();
                host.commit(&release("9.0.0", "good")).unwrap();
                let (_, damage) = host.0.settled().unwrap();
                assert_eq!(damage, [], "{told}");
            }
        }
    }
}

/// Whether a damage to the file can be seen now: in the records, and in what runs.
fn matters(disk: &Recording, file: &Path) -> bool {
    let spare = Driver(Store::new(disk.clone())).state().spare();
    let component = PathBuf::from(format!("slots/{}/component.wasm", spare.other()));
    file.starts_with("release") || *file == component
}

#[test]
fn without_both_records_the_factory_component_runs_and_nothing_older_is_taken() {
    for (_, spoil) in WAYS {
        let disk = device(false);
        disk.spoil(Path::new("release/state-0.json"), spoil);
        disk.spoil(Path::new("release/state-1.json"), spoil);
        let (settled, damage) = Store::new(disk.clone()).settled().unwrap();
        assert!(matches!(settled, Settled::Factory));
        assert_eq!(damage, [Damage::AllRecords]);
        let host = Driver(Store::new(disk));
        let error = host.commit(&release("1.0.0", "one")).unwrap_err();
        assert!(error.to_string().contains("older than 2.0.0"), "{error}");
        host.commit(&release("2.0.0", "two")).unwrap();
    }
}

#[test]
fn a_component_that_was_exchanged_for_another_one_of_ours_does_not_run() {
    let disk = device(false);
    let slot = Driver(Store::new(disk.clone())).state().spare().other();
    let path = PathBuf::from(format!("slots/{slot}/component.wasm"));
    disk.spoil(&path, |contents| *contents = super::driver::bytes("one"));
    let (settled, damage) = Store::new(disk).settled().unwrap();
    let Settled::Component { release, .. } = settled else {
        panic!("the one before is there");
    };
    assert_eq!(release.version().to_string(), "1.0.0");
    assert_eq!(damage, [Damage::Slot { slot }]);
}

#[test]
fn a_record_of_a_newer_host_is_left_alone_and_told() {
    let disk = device(false);
    for file in ["release/state-0.json", "release/state-1.json"] {
        disk.spoil(Path::new(file), |contents| {
            let text = String::from_utf8(contents.split_off(65)).unwrap();
            let newer = text.replace("\"format\":1", "\"format\":2");
            let digest = sealift_release::Digest::of(newer.as_bytes());
            *contents = format!("{digest}\n{newer}").into_bytes();
        });
    }
    let error = Store::new(disk).settled().unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 2, .. }),
        "{error}"
    );
}
