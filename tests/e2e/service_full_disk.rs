//! `sealift run` while its disk is full.

use sealift_queue::State;
use sealift_tests::{Cloud, Service, SmallDisk, among_own_mounts, soon, until};

const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/"
    after = "delete"
"#;

/// What the log has when something could not be written down.
const IN_VAIN: &str = "the queue does not answer as it should";

/// At which a file of a MiB is under way for some seconds.
const SLOW: &str = "[network]\nlimit_rate = \"256KiB\"\n";

fn on_a_small_disk() -> (Cloud, SmallDisk) {
    let cloud = Cloud::start();
    let disk = SmallDisk::mount(&cloud.path("state"), 4);
    (cloud, disk)
}

#[test]
fn no_file_goes_before_it_is_on_record_and_all_goes_on_when_there_is_room() {
    if among_own_mounts(
        module_path!(),
        "no_file_goes_before_it_is_on_record_and_all_goes_on_when_there_is_room",
    ) {
        return;
    }
    let (cloud, disk) = on_a_small_disk();
    Service::configure(&cloud, RULE);
    Service::configure_more(&cloud, SLOW);
    let service = Service::start(&cloud);
    let under_way = cloud.file("out/under-way", vec![1; 1 << 20]);
    until("it is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });
    disk.fill();
    let late = ["a", "b", "c"].map(|name| cloud.file(&format!("out/{name}"), name));
    assert_eq!(cloud.awaited_object("under-way").len(), 1 << 20);
    until(
        "it was tried again and again to write that down",
        soon(),
        || {
            let log = service.log();
            let after = log.split_once("INFO uploaded").map(|(_, after)| after);
            after.is_some_and(|after| after.matches(IN_VAIN).count() >= 5)
        },
    );
    assert!(
        under_way.exists(),
        "nobody would know any more that it is uploaded"
    );
    assert!(late.iter().all(|file| file.exists()));
    for name in ["a", "b", "c"] {
        assert!(
            cloud.object("demo", name).is_none(),
            "{name} is not in the queue"
        );
    }

    disk.empty();
    service.wait_for_jobs(4, State::Done);
    for name in ["a", "b", "c"] {
        assert_eq!(cloud.object("demo", name).unwrap(), name.as_bytes());
    }
    assert!(!under_way.exists() && late.iter().all(|file| !file.exists()));
    assert_eq!(
        cloud.counts().objects_put,
        4,
        "what was stored was sent again"
    );
    service.stop();
}

#[test]
fn a_service_whose_disk_is_full_ends_when_it_is_told_and_the_next_goes_on() {
    const FILES: usize = 12;
    if among_own_mounts(
        module_path!(),
        "a_service_whose_disk_is_full_ends_when_it_is_told_and_the_next_goes_on",
    ) {
        return;
    }
    let (cloud, disk) = on_a_small_disk();
    Service::configure(&cloud, &format!("[service]\ndrain = \"1s\"\n{RULE}"));
    Service::configure_more(&cloud, SLOW);
    let names = || (0..FILES).map(|number| format!("out/{number}"));
    for name in names() {
        cloud.file(&name, vec![2; 2 << 20]);
    }
    let service = Service::start(&cloud);
    until("some are claimed that are not under way", soon(), || {
        let jobs = service.jobs();
        let claimed = jobs.iter().filter(|job| job.state() == State::Running);
        claimed.count() > 4
    });
    disk.fill();
    service.stop();
    assert!(names().all(|name| cloud.path(&name).exists()));

    disk.empty();
    let fast = std::fs::read_to_string(&cloud.paths().config).unwrap();
    std::fs::write(&cloud.paths().config, fast.replace("256KiB", "none")).unwrap();
    let service = Service::start(&cloud);
    service.wait_for_jobs(FILES, State::Done);
    assert!(names().all(|name| !cloud.path(&name).exists()));
    service.stop();
}

#[test]
fn a_service_that_cannot_start_for_want_of_room_says_so_and_starts_when_there_is_some() {
    if among_own_mounts(
        module_path!(),
        "a_service_that_cannot_start_for_want_of_room_says_so_and_starts_when_there_is_some",
    ) {
        return;
    }
    let (cloud, disk) = on_a_small_disk();
    Service::configure(&cloud, RULE);
    Service::start(&cloud).stop();
    let file = cloud.file("out/a", "a");
    disk.fill();
    let told = ["no room is left", "make room on this file system"];
    Service::start_unready(&cloud, |program| program)
        .end()
        .failed(1, &told);
    assert!(file.exists());
    disk.empty();
    let service = Service::start(&cloud);
    assert_eq!(cloud.awaited_object("a"), b"a");
    until("it is gone", soon(), || !file.exists());
    service.stop();
}
