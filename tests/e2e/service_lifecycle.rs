//! `sealift run` from its start to its end.

use std::fs;

use rustix::process::Signal;
use sealift_queue::State;
use sealift_tests::{Cloud, Program, Service, soon, until};

const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/"
"#;

/// At which no upload of a MiB ends before a signal arrives.
const SLOW: &str = r#"
    [network]
    limit_rate = "128KiB"
"#;

#[test]
fn a_component_on_the_command_line_is_wrong_usage() {
    let cloud = Cloud::start();
    let program = Program::on(&cloud).args(["run", "--component", "x.wasm"]);
    program.run().failed(2, &["--component"]);
}

#[test]
fn a_wrong_configuration_is_told_and_nothing_runs() {
    let cloud = Cloud::start();
    Service::configure(&cloud, "[service]\njobs = 1\n");
    let program = Program::on(&cloud).arg("run");
    program.run().failed(2, &["jobs"]);
}

#[test]
fn a_second_service_is_refused_and_the_first_goes_on() {
    let cloud = Cloud::start();
    Service::configure(&cloud, RULE);
    let mut first = Service::start(&cloud);
    let pid = first.running().id().to_string();
    let second = Program::on(&cloud).arg("run").run();
    second.failed(1, &["another sealift service", &pid]);
    cloud.file("out/a", "a");
    cloud.awaited_object("a");
    first.stop();
}

#[test]
fn systemd_hears_of_beginning_watchdog_reload_and_end() {
    let cloud = Cloud::start();
    Service::configure(&cloud, "");
    let service = Service::start_unready(&cloud, |program| program.env("WATCHDOG_USEC", "200000"));
    service.wait_for("READY=1");
    service.wait_for("WATCHDOG=1");
    service.wait_for("WATCHDOG=1");
    service.signal(Signal::HUP);
    service.wait_for("RELOADING=1");
    service.wait_for("READY=1");
    service.signal(Signal::TERM);
    service.wait_for("STOPPING=1");
    service.end().done();
}

/// The unit has `TimeoutStopSec=40s`, after which systemd kills.
#[test]
fn systemd_is_asked_for_as_much_time_as_the_beginning_and_the_drain_take() {
    let cloud = Cloud::start();
    Service::configure(&cloud, "[service]\ndrain = \"5m\"\n");
    let service = Service::start_unready(&cloud, |program| program);
    service.wait_for("EXTEND_TIMEOUT_USEC=600000000");
    service.wait_for("READY=1");
    service.signal(Signal::TERM);
    service.wait_for("EXTEND_TIMEOUT_USEC=310000000");
    service.end().done();
}

#[test]
fn an_upload_under_way_may_end_before_the_service_does() {
    let cloud = Cloud::start();
    Service::configure(&cloud, RULE);
    Service::configure_more(&cloud, SLOW);
    let service = Service::start(&cloud);
    cloud.file("out/a", vec![b'a'; 256 * 1024]);
    until("it is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });
    service.stop();
    assert_eq!(cloud.object("demo", "a").unwrap().len(), 256 * 1024);
}

#[test]
fn what_does_not_end_in_time_goes_back_into_the_queue() {
    let cloud = Cloud::start();
    Service::configure(&cloud, &format!("[service]\ndrain = \"100ms\"\n{RULE}"));
    Service::configure_more(&cloud, SLOW);
    let service = Service::start(&cloud);
    let file = cloud.file("out/a", vec![b'a'; 16 << 20]);
    until("it is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });
    service.stop();
    assert!(cloud.object("demo", "a").is_none());
    assert!(file.exists());
    let jobs = Service::jobs_of(&cloud);
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].state(), jobs[0].attempts), (State::Waiting, 0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let cloud = Cloud::start();
    Service::configure(&cloud, &format!("[service]\ndrain = \"1h\"\n{RULE}"));
    Service::configure_more(&cloud, SLOW);
    let service = Service::start(&cloud);
    cloud.file("out/a", vec![b'a'; 16 << 20]);
    until("it is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });
    service.signal(Signal::TERM);
    service.wait_for("STOPPING=1");
    service.signal(Signal::TERM);
    service.end().failed(1, &["second SIGTERM"]);
    assert!(cloud.object("demo", "a").is_none());
}

#[test]
fn a_new_configuration_is_in_force_after_sighup_and_a_wrong_one_is_not() {
    let cloud = Cloud::start();
    Service::configure(&cloud, RULE);
    let service = Service::start(&cloud);
    let config = &cloud.paths().config;
    let good = fs::read_to_string(config).unwrap();

    fs::write(config, good.replace("s3://demo/", "s3://demo/new/")).unwrap();
    service.signal(Signal::HUP);
    service.wait_for("RELOADING=1");
    service.wait_for("READY=1");
    cloud.file("out/a", "a");
    cloud.awaited_object("new/a");

    fs::write(config, "[device]\n").unwrap();
    service.signal(Signal::HUP);
    service.wait_for("RELOADING=1");
    let status = service.wait_for_any("STATUS=a wrong configuration is not in force: ");
    assert!(status.contains("lacks the key `certificate`"), "{status}");
    service.wait_for("READY=1");
    cloud.file("out/b", "b");
    cloud.awaited_object("new/b");

    fs::write(config, good).unwrap();
    service.signal(Signal::HUP);
    service.wait_for("STATUS=");
    service.wait_for("READY=1");
    let stderr = service.stop().stderr;
    assert!(
        stderr.contains("the configuration stays as it was"),
        "{stderr}"
    );
    assert!(stderr.contains("lacks the key `certificate`"), "{stderr}");
}
