//! A job on this device.

use serde::Deserialize;
use serde_json::Value;

use super::{JobId, Order, Status};

/// A job on this device (`JobExecution`, AWS IoT API reference).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Which job.
    pub job: JobId,
    /// How far it is.
    pub status: Status,
    /// Counts the changes of the status, so that nobody writes over another's.
    pub version: u64,
    /// What is to be done.
    pub order: Order,
}

/// As the service has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionJson {
    job_id: JobId,
    status: Status,
    version_number: u64,
    #[serde(default)]
    job_document: Value,
}

impl Execution {
    /// Reads the answer to what is next. None: nothing is pending.
    pub(super) fn next(body: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let body: Value = serde_json::from_slice(body)?;
        match body.get("execution") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) if fields.is_empty() => Ok(None),
            Some(execution) => ExecutionJson::deserialize(execution).map(|read| Some(read.into())),
        }
    }
}

impl From<ExecutionJson> for Execution {
    fn from(read: ExecutionJson) -> Self {
        Self {
            job: read.job_id,
            status: read.status,
            version: read.version_number,
            order: Order::read(&read.job_document),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_execution_is_read_with_its_order() {
        // The form of the example in the API reference.
        let body = br#"{"execution": {
            "approximateSecondsBeforeTimedOut": 60, "executionNumber": 1234567890,
            "jobDocument": "{\"operation\": \"sealift.update\", \"version\": \"1.2.0\"}",
            "jobId": "update-1", "lastUpdatedAt": 1489088524284, "queuedAt": 1489088524284,
            "status": "QUEUED", "statusDetails": {"a": "b"}, "thingName": "thing_x", "versionNumber": 3
        }}"#;
        let execution = Execution::next(body).unwrap().unwrap();
        assert_eq!(execution.job.as_str(), "update-1");
        assert_eq!(execution.status, Status::Queued);
        assert_eq!(execution.version, 3);
        let version = Some("1.2.0".parse().unwrap());
        assert_eq!(execution.order, Order::Update { version });
    }

    #[test]
    fn nothing_pending_is_no_error_and_anything_else_is() {
        for body in [
            "{}",
            r#"{"execution": {}}"#,
            r#"{"execution": null, "timestamp": 1}"#,
        ] {
            assert_eq!(Execution::next(body.as_bytes()).unwrap(), None, "{body}");
        }
        for body in [
            "",
            "<html>",
            r#"{"execution": {"jobId": "a"}}"#,
            r#"{"execution": {"jobId": "../a", "status": "QUEUED", "versionNumber": 1}}"#,
            r#"{"execution": {"jobId": "a", "status": "QUEUED", "versionNumber": -1}}"#,
            r#"{"execution": []}"#,
        ] {
            assert!(Execution::next(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_status_of_the_future_is_read() {
        let body = br#"{"execution": {"jobId": "a", "status": "PAUSED", "versionNumber": 1}}"#;
        let execution = Execution::next(body).unwrap().unwrap();
        assert_eq!(execution.status, Status::Unknown);
        assert_eq!(execution.order, Order::Foreign);
    }
}
