//! `sealift run` where the link is bad, slow or dear.

use sealift_queue::State;
use sealift_tests::{Cloud, Link, Service, soon, until};

const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/"
    after = "delete"
"#;

#[test]
fn what_is_dropped_while_the_link_is_down_arrives_when_it_is_back() {
    let cloud = Cloud::start();
    Service::configure(&cloud, RULE);
    let store = cloud.s3_endpoint().trim_start_matches("https://");
    let link = Link::start(store.parse().unwrap());
    let service = Service::start_unready(&cloud, |program| {
        program.env("SEALIFT_S3_ENDPOINT", link.url())
    });
    service.wait_for("READY=1");
    cloud.file("out/before", "1");
    cloud.awaited_object("before");

    link.pull_out();
    let files = ["a", "b", "c"].map(|name| cloud.file(&format!("out/{name}"), name));
    until("that was tried in vain", soon(), || {
        service.jobs().iter().any(|job| job.failure.is_some())
    });
    assert!(files.iter().all(|file| file.exists()));
    link.put_back();
    for name in ["a", "b", "c"] {
        cloud.awaited_object(name);
    }
    until("the files are gone", soon(), || {
        files.iter().all(|file| !file.exists())
    });
    service.stop();
}

#[test]
fn an_urgent_file_overtakes_a_large_one_that_is_being_sent() {
    let cloud = Cloud::start();
    let rules = r#"
        [network]
        limit_rate = "256KiB"

        [[watch]]
        path = "DIR/bulk"
        destination = "s3://demo/"

        [[watch]]
        path = "DIR/urgent"
        destination = "s3://demo/"
        priority = 9
    "#;
    Service::configure(&cloud, rules);
    let service = Service::start(&cloud);
    cloud.file("bulk/large", vec![b'l'; 64 << 20]);
    until("the large one is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });
    cloud.file("urgent/alarm", "alarm");
    cloud.awaited_object("alarm");
    assert!(cloud.object("demo", "large").is_none());
    service.wait_for_jobs(1, State::Done);
    service.wait_for_jobs(1, State::Running);
    drop(service);
}

#[test]
fn a_spent_budget_keeps_files_waiting() {
    let cloud = Cloud::start();
    Service::configure(
        &cloud,
        &format!("[service]\ndaily_bytes = \"1MiB\"\n{RULE}"),
    );
    let service = Service::start(&cloud);
    cloud.file("out/a", vec![b'a'; 1 << 20]);
    service.wait_for_jobs(1, State::Done);
    let second = cloud.file("out/b", "b");
    service.wait_for_jobs(1, State::Waiting);
    let stderr = service.stop().stderr;
    assert!(stderr.contains("daily_bytes"), "{stderr}");
    assert!(second.exists() && cloud.object("demo", "b").is_none());

    // It is on record: a restart does not give another budget.
    let service = Service::start(&cloud);
    service.wait_for_jobs(1, State::Waiting);
    service.stop();
    assert!(cloud.object("demo", "b").is_none());
}
