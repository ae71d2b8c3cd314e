//! Whatever lies on the disk as the state of releases: it is read or told as damage, and there is something to run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealift_release::{Directory, Store};

fuzz_target!(|records: (&[u8], &[u8])| {
    let directory = tempfile::tempdir().expect("a directory");
    let release = directory.path().join("release");
    std::fs::create_dir(&release).expect("a directory in it");
    std::fs::write(release.join("state-0.json"), records.0).expect("a record");
    std::fs::write(release.join("state-1.json"), records.1).expect("another");
    let store = Store::new(Directory::new(directory.path().to_owned()));
    store.settled().expect("something to run");
});
