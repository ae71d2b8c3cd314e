//! `kill -9` at random moments of a multipart upload, under faults. The next run goes on, and in the
//! end the object is whole.
//!
//! `SEALIFT_CRASH_ROUNDS` sets the number of kills; `SEALIFT_CRASH_SEED` repeats a run.

use std::path::Path;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Aws, Chance, Cloud, Program, Running, number, soon, until};

const MIB: u64 = 1024 * 1024;
const SIZE: u64 = 300 * MIB;
const PART: u64 = 8 * MIB;
const AT_ONCE: u64 = 4;

/// Kills of one upload before it is let go through.
const KILLS: u64 = 3;

fn put(cloud: &Cloud, file: &Path, key: &str) -> Program {
    Program::on(cloud)
        .arg("put")
        .arg(file)
        .arg(format!("s3://demo/{key}"))
}

/// Kills the upload once the store has received so many bytes of parts; false if it had ended by then.
fn kill_after(cloud: &Cloud, file: &Path, key: &str, bytes: u64) -> bool {
    let before = cloud.counts().body_bytes(Operation::UploadPart);
    let mut running = Running::start(put(cloud, file, key));
    drop(running.stdin());
    until("the upload is under way, or has ended", soon(), || {
        let sent = cloud.counts().body_bytes(Operation::UploadPart) - before;
        sent >= bytes || running.has_ended()
    });
    if running.has_ended() {
        return false;
    }
    running.signal(Signal::KILL);
    running.end().status == -1
}

#[test]
fn after_any_number_of_kills_the_object_is_whole_and_little_was_sent_twice() {
    let rounds = number("SEALIFT_CRASH_ROUNDS").unwrap_or(6);
    let mut chance = Chance::by("SEALIFT_CRASH_SEED");
    let cloud = Cloud::start_with(|settings| {
        for fault in [
            "UploadPart:status=503,p=0.02,seed=1",
            "UploadPart:reset=100000,p=0.02,seed=2",
            "CompleteMultipartUpload:error-in-200,p=0.2,seed=3",
            "ListParts:status=500,p=0.2,seed=4",
        ] {
            settings.fault(fault).unwrap();
        }
    });
    let contents = chance.bytes(usize::try_from(SIZE).unwrap());
    let file = cloud.file("large", &contents);
    for object in 0..rounds.div_ceil(KILLS) {
        let key = format!("object-{object}");
        cloud.take_counts();
        let mut killed = 0;
        for _ in 0..KILLS {
            let moment = chance.below(SIZE / KILLS);
            killed += u64::from(kill_after(&cloud, &file, &key, moment));
        }
        // Where chance has all attempts of one request fail, the user tries again.
        until("a run goes through", soon(), || {
            put(&cloud, &file, &key).run().status == 0
        });
        assert!(cloud.object("demo", &key).unwrap() == contents, "{key}");
        let counts = cloud.take_counts();
        let sent = counts.body_bytes(Operation::UploadPart);
        let again = (killed * AT_ONCE + counts.faults) * PART;
        // `aws-chunked` adds its framing.
        let most = (SIZE + again) * 1001 / 1000;
        assert!(
            sent <= most,
            "{sent} bytes for {killed} kills, {most} at most"
        );
        std::fs::remove_file(cloud.paths().objects.join("demo").join(&key)).unwrap();
    }
    let left = Aws::on(&cloud).unfinished_uploads();
    assert!(left.is_empty(), "uploads are left over: {left:?}");
}
