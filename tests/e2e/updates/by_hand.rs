//! What a person wants.

use sealift_tests::{Cloud, Program, Publisher, Service, factory_marked, soon, until};

use super::{components, configure, outcomes, version_of, work_until};

fn component(cloud: &Cloud, args: &[&str]) -> Program {
    Program::on(cloud).arg("component").args(args)
}

/// A device on which 1.1.0 runs, and its service.
fn on_1_1_0(repository_section: &str) -> (Cloud, Publisher, Service) {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, repository_section);
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let service = Service::start(&cloud);
    work_until(&cloud, "1.1.0 is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.1.0")
    });
    (cloud, repository, service)
}

#[test]
fn a_rollback_goes_to_what_ran_before_and_is_not_undone_by_the_next_look() {
    let (cloud, repository, service) = on_1_1_0("trial_jobs = 1");
    repository.publish("1.2.0", &factory_marked("1.2.0"));
    work_until(&cloud, "1.2.0 is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.2.0")
    });
    assert_eq!(version_of(&cloud, "previous").as_deref(), Some("1.1.0"));
    let back = component(&cloud, &["rollback"]).run();
    back.done();
    assert!(
        back.stdout.contains("version 1.1.0 runs"),
        "{}",
        back.stdout
    );
    let failed = outcomes(&cloud).pop().unwrap();
    assert!(
        failed["reason"]
            .as_str()
            .unwrap()
            .contains("a person went back")
    );
    let update = Program::on(&cloud).arg("update").run();
    update.failed(1, &["1.2.0", "has failed on this device"]);
    component(&cloud, &["rollback", "--factory"]).run().done();
    let listed = components(&cloud);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["slot"], "factory");
    assert_eq!(listed[0]["state"], "committed");
    service.stop();
}

#[test]
fn nothing_is_taken_while_a_person_holds_updates() {
    let (cloud, repository, service) = on_1_1_0("trial_jobs = 1");
    component(&cloud, &["hold"]).run().done();
    repository.publish("1.2.0", &factory_marked("1.2.0"));
    let held = Program::on(&cloud).arg("update").run();
    held.failed(1, &["held"]);
    component(&cloud, &["resume"]).run().done();
    work_until(&cloud, "1.2.0 is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.2.0")
    });
    service.stop();
}

#[test]
fn a_pinned_device_takes_that_version_and_no_newer_one() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 1");
    for version in ["1.1.0", "1.2.0"] {
        repository.publish(version, &factory_marked(version));
    }
    component(&cloud, &["pin", "1.1.0"]).run().done();
    let service = Service::start(&cloud);
    work_until(&cloud, "the pinned version is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.1.0")
    });
    component(&cloud, &["unpin"]).run().done();
    work_until(&cloud, "the newest version is committed", || {
        version_of(&cloud, "committed").as_deref() == Some("1.2.0")
    });
    service.stop();
}

#[test]
fn a_component_that_nobody_signed_is_installed_only_where_the_configuration_says_so() {
    let cloud = Cloud::start();
    let file = cloud.file("mine.wasm", factory_marked("mine"));
    let install = || component(&cloud, &["install"]).arg(&file).run();
    install().failed(2, &["release.unsigned"]);
    Service::configure(&cloud, "[release]\nunsigned = true\ntrial_jobs = 1\n");
    let installed = install();
    installed.done();
    assert!(
        installed.stdout.contains("is on trial"),
        "{}",
        installed.stdout
    );
    let put = Program::on(&cloud).arg("put").arg(&file);
    put.arg("s3://demo/").run().done();
    assert!(
        version_of(&cloud, "committed")
            .unwrap()
            .contains("+local.1")
    );
    // And once more, over itself.
    install().done();
}

#[test]
fn what_runs_can_be_had_as_a_file() {
    let (cloud, _repository, service) = on_1_1_0("trial_jobs = 1");
    let file = cloud.path("exported.wasm");
    let export = || component(&cloud, &["export"]).arg(&file).run();
    export().done();
    assert_eq!(std::fs::read(&file).unwrap(), factory_marked("1.1.0"));
    export().failed(1, &["exported.wasm"]);
    let factory = cloud.path("factory.wasm");
    let args = ["export", "--factory"];
    component(&cloud, &args).arg(&factory).run().done();
    assert_eq!(
        std::fs::read(&factory).unwrap(),
        sealift::factory::COMPONENT
    );
    service.stop();
}

#[test]
fn a_trial_that_a_person_ends_is_over_in_the_service_too() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 100");
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    let service = Service::start(&cloud);
    until("1.1.0 is on trial", soon(), || {
        version_of(&cloud, "trial").is_some()
    });
    let held = cloud.file("out/held", "held");
    cloud.awaited_object("held");
    component(&cloud, &["rollback"]).run().done();
    until("its file is uploaded again and gone", soon(), || {
        !held.exists()
    });
    assert_eq!(version_of(&cloud, "trial"), None);
    service.stop();
}
