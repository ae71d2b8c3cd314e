//! A good release is taken.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealift_tests::{Cloud, Program, Publisher, Server, Service, factory_marked, soon, until};

use super::{all_went, configure, outcomes, version_of, work_until};

#[test]
fn a_release_is_tried_with_real_jobs_and_then_runs() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 3");
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let service = Service::start(&cloud);
    let names = work_until(&cloud, "the release is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.1.0")
    });
    all_went(&cloud, &names);
    assert!(names.len() >= 3, "a trial takes as many jobs as it says");
    until("it is on record", soon(), || outcomes(&cloud).len() == 2);
    let told = outcomes(&cloud);
    let changes: Vec<_> = told.iter().map(|event| &event["change"]).collect();
    assert_eq!(changes, ["on-trial", "committed"]);
    service.stop();
}

#[test]
fn no_file_is_deleted_while_the_component_that_uploaded_it_is_on_trial() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 2");
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let update = Program::on(&cloud).arg("update").run();
    update.done();
    assert!(
        update
            .stdout
            .contains("1.1.0 is on trial: the next 2 uploads")
    );
    let service = Service::start(&cloud);
    service.wait_for_log("the service runs");
    let first = cloud.file("out/first", "first");
    cloud.awaited_object("first");
    until("it is written down", soon(), || {
        Service::jobs_of(&cloud)
            .iter()
            .any(|job| job.state() == sealift_queue::State::Uploaded)
    });
    assert!(first.exists(), "its component is on trial");
    cloud.file("out/second", "second");
    all_went(&cloud, &["first".to_owned(), "second".to_owned()]);
    assert_eq!(version_of(&cloud, "committed").as_deref(), Some("1.1.0"));
    service.stop();
}

#[test]
fn uploads_of_put_are_part_of_a_trial_where_no_service_runs() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 2");
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    Program::on(&cloud).arg("update").run().done();
    for name in ["a", "b"] {
        assert_eq!(version_of(&cloud, "trial").as_deref(), Some("1.1.0"));
        let file = cloud.file(name, name);
        let put = Program::on(&cloud).arg("put").arg(file);
        put.arg("s3://demo/").run().done();
        assert_eq!(cloud.object("demo", name).unwrap(), name.as_bytes());
    }
    assert_eq!(version_of(&cloud, "committed").as_deref(), Some("1.1.0"));
    assert_eq!(outcomes(&cloud).last().unwrap()["change"], "committed");
}

#[test]
fn a_look_tells_what_there_is_and_takes_nothing() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "");
    let look = || Program::on(&cloud).args(["update", "--check"]).run();
    let none = look();
    none.done();
    assert!(none.stdout.contains("no release"), "{}", none.stdout);
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let some = look();
    some.done();
    assert!(
        some.stdout.contains("1.1.0 is available"),
        "{}",
        some.stdout
    );
    assert_eq!(version_of(&cloud, "trial"), None);
}

#[test]
fn without_a_repository_there_are_no_updates() {
    let cloud = Cloud::start();
    let update = Program::on(&cloud).arg("update").run();
    update.failed(2, &["release.repository"]);
}

#[test]
fn a_look_that_finds_nothing_new_takes_two_requests_and_ten_kilobytes_at_most() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let (files, bytes) = (
        repository.directory().to_owned(),
        Arc::new(AtomicU64::new(0)),
    );
    let sent = Arc::clone(&bytes);
    let server = Server::https(cloud.authority(), move |exchange| {
        let path = files.join(exchange.request.target.trim_start_matches('/'));
        match fs::read(path) {
            Ok(file) => {
                sent.fetch_add(file.len() as u64, Ordering::Relaxed);
                exchange.answer("200 OK", &[], &file);
            }
            Err(_) => exchange.answer("404 Not Found", &[], b""),
        }
    });
    let (url, root) = (server.url(), repository.root());
    let section = format!(
        "[release]\nrepository = \"{url}/\"\nroot = \"{}\"\n",
        root.display()
    );
    cloud.configure(&section);
    let check = || {
        let (requests, length) = (server.requests().len(), bytes.load(Ordering::Relaxed));
        let outcome = Program::on(&cloud).args(["update", "--check"]).run();
        assert!(outcome.stdout.contains("1.1.0"), "{outcome:?}");
        let requests: Vec<_> = server.requests().drain(requests..).collect();
        let headers = |request: &sealift_tests::Request| -> usize {
            let lines = request.headers.iter();
            lines
                .map(|(name, value)| name.len() + value.len() + 4)
                .sum()
        };
        let asked: usize = requests.iter().map(headers).sum();
        let answered = bytes.load(Ordering::Relaxed) - length;
        (requests.len(), asked as u64 + answered)
    };
    let (first, _) = check();
    assert!(first > 2, "all of the metadata is fetched once: {first}");
    let (requests, bytes) = check();
    assert!(requests <= 2, "{requests} requests");
    assert!(bytes <= 10_000, "{bytes} bytes");
}
