//! A file that changes while it is sent does not become an object.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use sealift_tests::{Cloud, Outcome, Program, Relay};

/// More than the kernel keeps for a connection, so that the end has not been read when the beginning was sent.
const SIZE: u64 = 32 << 20;

/// How much is sent before the change.
const BEGINNING: u64 = 1 << 20;

/// `sealift put` of a large file that `change` meets in the middle.
fn put(cloud: &Cloud, change: impl FnOnce(&Path) + Send + 'static) -> Outcome {
    let path = cloud.file("growing.log", "");
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(SIZE)
        .unwrap();
    let store = cloud
        .s3_endpoint()
        .trim_start_matches("https://")
        .parse()
        .unwrap();
    let changed = path.clone();
    let relay = Relay::start(store, BEGINNING, move || change(&changed));
    let program = Program::on(cloud).env("SEALIFT_S3_ENDPOINT", relay.url());
    program
        .arg("put")
        .arg(path)
        .arg("s3://demo/growing.log")
        .run()
}

/// The upload fails for now, says of which file and why, and nothing is stored.
#[track_caller]
fn refused(change: impl FnOnce(&Path) + Send + 'static, why: &str) {
    let cloud = Cloud::start();
    let outcome = put(&cloud, change);
    outcome.failed(75, &["growing.log", why]);
    assert_eq!(outcome.stdout, "");
    assert!(cloud.object("demo", "growing.log").is_none());
    assert_eq!(cloud.counts().objects_put, 0);
}

fn overwrite(path: &Path, offset: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(b"x", offset).unwrap();
}

fn open(path: &Path) -> File {
    File::options().append(true).open(path).unwrap()
}

#[test]
fn one_that_stays_as_it_is_arrives() {
    let cloud = Cloud::start();
    put(&cloud, |_| {}).done();
    assert_eq!(
        cloud.object("demo", "growing.log").unwrap().len() as u64,
        SIZE
    );
}

#[test]
fn one_that_is_appended_to() {
    refused(
        |path| open(path).write_all(b"one more line\n").unwrap(),
        "size",
    );
}

#[test]
fn one_that_is_truncated() {
    refused(|path| open(path).set_len(SIZE / 2).unwrap(), "size");
}

#[test]
fn one_that_is_overwritten_where_it_was_sent_already() {
    refused(|path| overwrite(path, 0), "changed");
}

#[test]
fn one_that_is_overwritten_at_its_end() {
    let change = |path: &Path| overwrite(path, SIZE - 1);
    refused(change, "changed");
}

#[test]
fn one_whose_time_is_set_back_after_a_change() {
    let change = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"x", SIZE / 2).unwrap();
        file.set_modified(before).unwrap();
    };
    refused(change, "changed");
}

#[test]
fn one_that_another_takes_the_place_of() {
    let change = |path: &Path| {
        let other = path.with_extension("new");
        fs::write(&other, "another").unwrap();
        fs::rename(other, path).unwrap();
    };
    refused(change, "growing.log");
}

#[test]
fn one_that_is_deleted() {
    refused(|path| fs::remove_file(path).unwrap(), "growing.log");
}

/// A limit on the size of files stands for a full disk: it needs no privileges.
#[test]
fn a_stream_that_does_not_fit_on_the_disk_leaves_nothing_behind() {
    let cloud = Cloud::start();
    let spool = cloud.path("spool");
    fs::create_dir(&spool).unwrap();
    let program = Program::on(&cloud)
        .args(["put", "-", "s3://demo/stream"])
        .env("SEALIFT_PUT_SPOOL_DIR", &spool)
        .command();
    let mut limited = Command::new("sh");
    // In blocks of 512 bytes. The signal that comes with it would end the program before it can say anything.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"]);
    limited
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear();
    limited
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", "/usr/bin:/bin");
    let mut child = limited
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program stops reading when the disk is full.
    let _ = child.stdin.take().unwrap().write_all(&vec![b'x'; 4 << 20]);
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    outcome.failed(1, &["cannot write a temporary file in", "spool"]);
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 0);
    assert_eq!(cloud.counts().s3_connections, 0);
}
