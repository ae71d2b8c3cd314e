//! `sealift run` on a queue that was damaged while nobody had it open.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use sealift_queue::{Disposal, NewJob, Origin, Queue, Settings, Task};
use sealift_tests::{Cloud, Service, soon, until};

const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/out/"
    after = "delete"
"#;

const FILES: usize = 40;

fn names() -> impl Iterator<Item = String> {
    (0..FILES).map(|number| format!("out/{number}"))
}

/// A service that was stopped with files in its queue, one of them put there by hand.
fn stopped_with_a_full_queue() -> Cloud {
    let cloud = Cloud::start();
    Service::configure(&cloud, RULE);
    for name in names() {
        cloud.file(&name, &name);
    }
    let by_hand = cloud.file("by-hand", "by hand");
    cloud.set_faults(vec!["PutObject:status=503".parse().unwrap()]);
    let service = Service::start(&cloud);
    let mut queue = Queue::open(&Service::state(&cloud)).unwrap().queue;
    let task = Task {
        source: by_hand.try_into().unwrap(),
        fingerprint: None,
        target: ("demo", "by-hand").try_into().unwrap(),
        settings: Settings::default(),
        priority: 0,
        disposal: Disposal::Keep,
        origin: Origin::Command,
        size: 7,
    };
    queue.add(&NewJob::from(task), SystemTime::now()).unwrap();
    drop(queue);
    until("all are queued", soon(), || {
        service.jobs().len() == FILES + 1
    });
    service.stop();
    cloud.set_faults(Vec::new());
    cloud
}

fn damage(cloud: &Cloud, change: impl FnOnce(&mut Vec<u8>)) {
    let path = Service::state(cloud).join("queue.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[track_caller]
fn all_arrive(cloud: &Cloud, service: &Service) {
    service.wait_for_log("the queue was damaged");
    for name in names() {
        assert_eq!(cloud.awaited_object(&name), name.as_bytes());
    }
    until("all files are dealt with", soon(), || {
        names().all(|name| !cloud.path(&name).exists())
    });
}

fn is_kept_aside(state: &Path) -> bool {
    let mut names = fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names.any(|name| name.to_string_lossy().contains("damaged"))
}

#[test]
fn a_queue_that_lost_a_page_is_saved_with_the_jobs_that_only_it_knows() {
    let cloud = stopped_with_a_full_queue();
    damage(&cloud, |bytes| bytes[..4096].fill(0xa5));
    let service = Service::start(&cloud);
    all_arrive(&cloud, &service);
    assert_eq!(cloud.awaited_object("by-hand"), b"by hand");
    assert!(is_kept_aside(&Service::state(&cloud)));
    service.stop();
}

#[test]
fn files_of_a_queue_that_is_beyond_saving_are_found_again() {
    let cloud = stopped_with_a_full_queue();
    damage(&cloud, |bytes| bytes.fill(0xa5));
    let service = Service::start(&cloud);
    all_arrive(&cloud, &service);
    assert!(is_kept_aside(&Service::state(&cloud)));
    assert!(cloud.path("by-hand").exists());
    service.stop();
}
