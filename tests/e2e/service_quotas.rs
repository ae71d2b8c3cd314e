//! `sealift run` where a folder holds more than it may.

use std::fs;

use sealift_queue::{Job, State};
use sealift_tests::{Cloud, Service, soon, until};

/// A budget that one file spends, so that all others wait for as long as the test wants.
const BUDGET: &str = "[service]\ndaily_bytes = \"1MiB\"\n";

const MIB: usize = 1 << 20;

fn configure(cloud: &Cloud, after: &str, quota: &str) {
    let rule = format!(
        "{BUDGET}[[watch]]\npath = \"DIR/out\"\ndestination = \"s3://demo/\"\nafter = \"{after}\"\n{quota}\n"
    );
    Service::configure(cloud, &rule);
}

/// Another configuration from now on.
fn change(cloud: &Cloud, service: &Service, from: &str, to: &str) {
    let config = &cloud.paths().config;
    let text = fs::read_to_string(config).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(config, text.replace(from, to)).unwrap();
    service.reload();
}

fn queued(service: &Service, name: &str) -> bool {
    let is_it = |job: &Job| job.task.source.as_path().ends_with(name);
    service.jobs().iter().any(is_it)
}

#[test]
fn a_full_folder_that_stops_loses_nothing_and_goes_on_when_there_is_room() {
    let cloud = Cloud::start();
    let quota = "max_files = 2\nwhen_full = \"stop\"";
    configure(&cloud, "delete", quota);
    let service = Service::start(&cloud);
    cloud.file("out/spent", vec![0; MIB]);
    service.wait_for_jobs(1, State::Done);
    let mut files = ["a", "b", "c"]
        .map(|name| cloud.file(&format!("out/{name}"), name))
        .to_vec();
    service.wait_for_jobs(3, State::Waiting);
    // The folder is looked through.
    service.reload();
    service.wait_for_log("is full; no more of its files are taken");
    files.push(cloud.file("out/d", "d"));
    // Whatever the watcher told by then has been weighed.
    change(&cloud, &service, "max_files = 2", "max_files = 3");
    assert!(!queued(&service, "d"));
    assert!(files.iter().all(|file| file.exists()));

    change(
        &cloud,
        &service,
        BUDGET.trim_start_matches("[service]\n"),
        "",
    );
    until("the first three are uploaded", soon(), || {
        files[..3].iter().all(|file| !file.exists())
    });
    service.reload();
    assert_eq!(cloud.awaited_object("d"), b"d");
    until("the last is uploaded too", soon(), || !files[3].exists());
    for name in ["a", "b", "c"] {
        assert_eq!(cloud.object("demo", name).unwrap(), name.as_bytes());
    }
    let stderr = service.stop().stderr;
    assert!(!stderr.contains("LOST"), "{stderr}");
}

#[test]
fn a_quota_that_a_reload_lifts_keeps_no_file_waiting() {
    let cloud = Cloud::start();
    let quota = "max_files = 1\nwhen_full = \"stop\"";
    configure(&cloud, "keep", quota);
    let service = Service::start(&cloud);
    cloud.file("out/spent", vec![0; MIB]);
    service.wait_for_jobs(1, State::Done);
    cloud.file("out/a", "a");
    service.wait_for_jobs(1, State::Waiting);
    service.reload();
    service.wait_for_log("is full; no more of its files are taken");
    cloud.file("out/b", "b");
    change(&cloud, &service, quota, "");
    until("it is queued", soon(), || queued(&service, "b"));
    service.stop();
}

#[test]
fn what_is_uploaded_goes_first_and_what_is_not_is_told_as_lost() {
    let policies = [
        ("max_files = 2", "oldest"),
        ("max_files = 2", "lowest-priority"),
        ("max_bytes = \"1536KiB\"", "oldest"),
    ];
    for (most, policy) in policies {
        let cloud = Cloud::start();
        configure(&cloud, "keep", &format!("{most}\nwhen_full = \"{policy}\""));
        let service = Service::start(&cloud);
        let uploaded = cloud.file("out/uploaded", vec![0; MIB]);
        service.wait_for_jobs(1, State::Done);
        let first = cloud.file("out/first", vec![1; MIB - 1]);
        service.wait_for_jobs(1, State::Waiting);
        let second = cloud.file("out/second", "2");
        service.wait_for_jobs(2, State::Waiting);

        service.reload();
        until("there is room", soon(), || !uploaded.exists());
        assert!(first.exists() && second.exists(), "{policy}");
        let third = cloud.file("out/third", vec![3; MIB - 1]);
        service.wait_for_jobs(3, State::Waiting);
        service.reload();
        until("there is room again", soon(), || !first.exists());
        assert!(second.exists() && third.exists(), "{policy}");

        let stderr = service.stop().stderr;
        let told = |part: &str| stderr.lines().filter(|line| line.contains(part)).count();
        assert_eq!(told("LOST"), 1, "{stderr}");
        assert_eq!(told("out/first is deleted and LOST"), 1, "{stderr}");
        assert_eq!(told("out/uploaded, which is uploaded, is deleted"), 1);
        assert_eq!(cloud.object("demo", "uploaded").unwrap().len(), MIB);
        let states: Vec<_> = Service::jobs_of(&cloud).iter().map(Job::state).collect();
        assert_eq!(
            states,
            [
                State::Done,
                State::Cancelled,
                State::Waiting,
                State::Waiting
            ]
        );
    }
}
