//! `sealift run`: a file that is dropped into a folder arrives, and is dealt with.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rustix::process::Signal;
use sealift_queue::{Disposal, NewJob, Origin, Queue, Settings, State, Task};
use sealift_tests::{Cloud, Service, soon, until};

/// A folder of the test's own that is watched, and what becomes of its files.
fn watch(cloud: &Cloud, name: &str, more: &str) {
    fs::create_dir_all(cloud.path(name)).unwrap();
    let rule =
        format!("[[watch]]\npath = \"DIR/{name}\"\ndestination = \"s3://demo/{name}/\"\n{more}\n");
    Service::configure(cloud, &rule);
}

#[track_caller]
fn arrives(cloud: &Cloud, key: &str, contents: &[u8]) {
    assert_eq!(cloud.awaited_object(key), contents);
}

#[track_caller]
fn goes(path: &Path) {
    until("the file is gone", soon(), || !path.exists());
}

#[test]
fn a_dropped_file_arrives_and_is_deleted_and_so_is_one_that_was_there_before() {
    let cloud = Cloud::start();
    watch(&cloud, "out", "after = \"delete\"");
    let early = cloud.file("out/early.csv", "1");
    let service = Service::start(&cloud);
    let late = cloud.file("out/deep/late.csv", "2");
    arrives(&cloud, "out/early.csv", b"1");
    arrives(&cloud, "out/deep/late.csv", b"2");
    goes(&early);
    goes(&late);
    service.wait_for_jobs(2, State::Done);
    service.stop();
}

#[test]
fn a_file_is_moved_where_the_rule_says() {
    let cloud = Cloud::start();
    watch(&cloud, "out", "after = \"move:DIR/sent\"");
    let service = Service::start(&cloud);
    let file = cloud.file("out/a.csv", "a");
    arrives(&cloud, "out/a.csv", b"a");
    goes(&file);
    until("it is there", soon(), || cloud.path("sent/a.csv").exists());
    service.stop();
}

#[test]
fn a_file_that_cannot_be_moved_is_moved_when_it_can_be() {
    let cloud = Cloud::start();
    watch(&cloud, "out", "after = \"move:DIR/sent\"");
    let service = Service::start(&cloud);
    let in_the_way = cloud.file("sent", "no folder");
    let file = cloud.file("out/a.csv", "a");
    arrives(&cloud, "out/a.csv", b"a");
    until("it is told", soon(), || {
        let jobs = Service::jobs_of(&cloud);
        let failure = jobs.first().and_then(|job| job.failure.as_ref());
        failure.is_some_and(|failure| failure.message().contains("sent"))
    });
    assert!(file.exists());
    fs::remove_file(in_the_way).unwrap();
    service.reload();
    goes(&file);
    assert_eq!(fs::read(cloud.path("sent/a.csv")).unwrap(), b"a");
    service.wait_for_jobs(1, State::Done);
    service.stop();
}

#[test]
fn a_file_that_is_kept_is_uploaded_once_and_again_when_it_changes() {
    let cloud = Cloud::start();
    watch(&cloud, "out", "after = \"keep\"");
    let file = cloud.file("out/a.csv", "a");
    let service = Service::start(&cloud);
    service.wait_for_jobs(1, State::Done);
    service.stop();

    let service = Service::start(&cloud);
    cloud.file("out/b.csv", "b");
    service.wait_for_jobs(2, State::Done);
    assert_eq!(cloud.counts().objects_put, 2);
    fs::write(&file, "changed").unwrap();
    service.wait_for_jobs(3, State::Done);
    assert_eq!(cloud.object("demo", "out/a.csv").unwrap(), b"changed");
    assert!(file.exists());
    service.stop();
}

#[test]
fn keys_have_the_hash_and_a_number_that_a_restart_does_not_change() {
    let cloud = Cloud::start();
    fs::create_dir_all(cloud.path("out")).unwrap();
    let rule = r#"
        [[watch]]
        path = "DIR/out"
        destination = "s3://demo/{thing}/{hash}-{counter}.{ext}"
    "#;
    Service::configure(&cloud, rule);
    cloud.file("out/a.txt", "abc");
    let service = Service::start(&cloud);
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    arrives(&cloud, &format!("thing_x/{hash}-1.txt"), b"abc");
    service.wait_for_jobs(1, State::Done);
    service.stop();
    let service = Service::start(&cloud);
    cloud.file("out/b.txt", "abc");
    arrives(&cloud, &format!("thing_x/{hash}-2.txt"), b"abc");
    service.wait_for_jobs(2, State::Done);
    service.stop();
}

#[test]
fn a_job_that_another_process_adds_is_uploaded() {
    let cloud = Cloud::start();
    Service::configure(&cloud, "");
    let service = Service::start(&cloud);
    let file = cloud.file("report.txt", "report");
    let mut queue = Queue::open(&Service::state(&cloud)).unwrap().queue;
    let task = Task {
        source: file.try_into().unwrap(),
        fingerprint: None,
        target: ("demo", "report.txt").try_into().unwrap(),
        settings: Settings::default(),
        priority: 0,
        disposal: Disposal::Delete,
        origin: Origin::Command,
        size: 6,
    };
    queue.add(&NewJob::from(task), SystemTime::now()).unwrap();
    arrives(&cloud, "report.txt", b"report");
    goes(&cloud.path("report.txt"));
    service.stop();
}

#[test]
fn what_the_store_refuses_fails_and_stays_where_it_is() {
    let cloud = Cloud::start_with(|settings| {
        settings.allow = Some(vec!["s3:GetObject".parse().unwrap()]);
    });
    watch(&cloud, "out", "after = \"delete\"");
    let file = cloud.file("out/a.csv", "a");
    let service = Service::start(&cloud);
    service.wait_for_jobs(1, State::Failed);
    assert!(file.exists());
    let outcome = service.stop();
    assert!(
        outcome.stderr.contains("sealift queue retry 1"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_killed_service_loses_no_file_and_deletes_none_that_is_not_in_the_bucket() {
    const FILES: usize = 60;
    let cloud = Cloud::start();
    watch(&cloud, "out", "after = \"delete\"");
    for number in 0..FILES {
        cloud.file(&format!("out/{number}"), format!("file {number}"));
    }
    let check = || {
        for number in 0..FILES {
            let key = format!("out/{number}");
            if !cloud.path(&key).exists() {
                let contents = format!("file {number}");
                assert_eq!(cloud.object("demo", &key).unwrap(), contents.as_bytes());
            }
        }
    };
    for least in [1, 10, 20, 30] {
        let service = Service::start_unready(&cloud, |program| program);
        until("some are uploaded", soon(), || {
            (0..FILES)
                .filter(|number| cloud.object("demo", &format!("out/{number}")).is_some())
                .count()
                >= least
        });
        service.signal(Signal::KILL);
        service.end();
        check();
    }
    let service = Service::start(&cloud);
    until("all files are gone", soon(), || {
        (0..FILES).all(|number| !cloud.path(&format!("out/{number}")).exists())
    });
    check();
    service.stop();
}
