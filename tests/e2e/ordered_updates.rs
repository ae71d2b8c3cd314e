//! Updates that AWS IoT Jobs orders.

use std::fs;
use std::sync::Arc;

use sealift::gateway::Gateway;
use sealift::updates::jobs::{
    Execution, JobsClient, JobsError, Order, Progress, Status, StatusDetails,
};
use sealift_config::{Config, Environment};
use sealift_tests::Cloud;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

struct Stage {
    cloud: Cloud,
    runtime: Runtime,
    jobs: JobsClient,
}

impl Stage {
    fn set() -> Self {
        Self::set_as(&[])
    }

    /// With variables of the environment.
    fn set_as(more: &[(&str, &str)]) -> Self {
        let cloud = Cloud::start();
        let endpoint = cloud.jobs_endpoint();
        cloud.configure(&format!("[jobs]\nendpoint = \"{endpoint}\"\n"));
        let cache = cloud.path("cache");
        let mut variables = vec![("XDG_CACHE_HOME", cache.to_str().unwrap())];
        variables.extend(more);
        let environment: Environment = variables.into_iter().collect();
        let config = Config::load(Some(&cloud.paths().config), &environment).unwrap();
        let gateway = Arc::new(Gateway::open(config, &environment, None).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            runtime: { runtime }.enable_all().build().unwrap(),
            jobs: JobsClient::of(&gateway).unwrap().unwrap(),
            cloud,
        }
    }

    fn order(&self, id: &str, document: &Value) {
        let path = self.cloud.paths().jobs.join(format!("{id}.json"));
        fs::write(path, json!({ "document": document }).to_string()).unwrap();
    }

    /// The job as its operator sees it.
    fn outcome(&self, id: &str) -> Value {
        let path = self.cloud.paths().jobs.join(format!("{id}.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn next(&self) -> Result<Option<Execution>, JobsError> {
        self.runtime.block_on(self.jobs.next())
    }

    fn update(
        &self,
        execution: &Execution,
        progress: Progress,
        details: &[(&'static str, &str)],
    ) -> Result<(), JobsError> {
        let pairs = details.iter().copied();
        let details = pairs.fold(StatusDetails::default(), |all, (name, value)| {
            all.with(name, value).unwrap()
        });
        let Execution { job, version, .. } = execution;
        self.runtime
            .block_on(self.jobs.update(job, *version, progress, &details))
    }

    fn faults(&self, fault: &str) {
        self.cloud.set_faults(vec![fault.parse().unwrap()]);
    }
}

fn update() -> Value {
    json!({"operation": "sealift.update"})
}

#[test]
fn a_job_is_found_begun_and_ended_and_its_operator_reads_the_outcome() {
    let stage = Stage::set();
    assert_eq!(stage.next().unwrap(), None);
    stage.order(
        "u-1",
        &json!({"operation": "sealift.update", "version": "1.2.0"}),
    );
    let next = stage.next().unwrap().unwrap();
    assert_eq!(
        (next.job.as_str(), next.status, next.version),
        ("u-1", Status::Queued, 1)
    );
    let version = Some("1.2.0".parse().unwrap());
    assert_eq!(next.order, Order::Update { version });

    stage
        .update(&next, Progress::InProgress, &[("step", "download")])
        .unwrap();
    let begun = stage.next().unwrap().unwrap();
    assert_eq!((begun.status, begun.version), (Status::InProgress, 2));
    stage
        .update(&begun, Progress::Succeeded, &[("version", "1.2.0")])
        .unwrap();
    assert_eq!(stage.next().unwrap(), None);
    let outcome = stage.outcome("u-1");
    assert_eq!(outcome["status"], "SUCCEEDED");
    assert_eq!(outcome["statusDetails"], json!({"version": "1.2.0"}));
    assert_eq!(outcome["document"]["version"], "1.2.0");
}

#[test]
fn the_next_job_is_started_by_one_request() {
    let stage = Stage::set();
    let none = StatusDetails::default();
    let start = || stage.runtime.block_on(stage.jobs.start(&none)).unwrap();
    assert_eq!(start(), None);
    stage.order("u-1", &update());
    let begun = start().unwrap();
    assert_eq!((begun.status, begun.version), (Status::InProgress, 2));
    assert_eq!(begun.order, Order::Update { version: None });
    assert_eq!(start().unwrap(), begun, "it stays as it is");
}

#[test]
fn jobs_of_others_are_seen_as_such_and_come_in_their_order() {
    let stage = Stage::set();
    stage.order("a-reboot", &json!({"operation": "reboot"}));
    let next = stage.next().unwrap().unwrap();
    assert_eq!(next.order, Order::Foreign);
    assert_eq!(
        stage.outcome("a-reboot")["status"],
        Value::Null,
        "it was left alone"
    );
}

#[test]
fn a_job_that_changed_meanwhile_is_not_written_over() {
    let stage = Stage::set();
    stage.order("u-1", &update());
    let next = stage.next().unwrap().unwrap();
    stage.update(&next, Progress::InProgress, &[]).unwrap();
    let late = stage.update(&next, Progress::Succeeded, &[]).unwrap_err();
    assert!(matches!(late, JobsError::Changed { .. }), "{late}");
    assert!(late.is_transient());
    let begun = stage.next().unwrap().unwrap();
    stage
        .update(&begun, Progress::Rejected, &[("reason", "held")])
        .unwrap();
    let over = stage.update(&begun, Progress::Succeeded, &[]).unwrap_err();
    assert!(matches!(over, JobsError::Changed { .. }), "{over}");
    assert_eq!(stage.outcome("u-1")["status"], "REJECTED");
}

#[test]
fn nobody_speaks_for_another_thing() {
    let stage = Stage::set_as(&[("SEALIFT_DEVICE_THING_NAME", "another:thing")]);
    let denied = stage.next().unwrap_err();
    assert!(matches!(denied, JobsError::Denied { .. }), "{denied}");
    let text = denied.to_string();
    assert!(
        text.contains("iotjobsdata:DescribeJobExecution on thing/another:thing"),
        "{text}"
    );
    assert!(!denied.is_transient());
}

#[test]
fn a_service_in_trouble_is_asked_again_later_and_an_answer_of_another_is_none() {
    let stage = Stage::set();
    stage.order("u-1", &update());
    for fault in [
        "status=503",
        "status=429",
        "status=400,code=ThrottlingException",
        "reset",
        "truncate",
    ] {
        stage.faults(&format!("DescribeJobExecution:{fault}"));
        let error = stage.next().unwrap_err();
        assert!(error.is_transient(), "{fault}: {error}");
    }
    stage.cloud.set_faults(Vec::new());
    assert!(stage.next().unwrap().is_some());
}
