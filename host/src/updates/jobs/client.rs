//! Requests about jobs.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use percent_encoding::utf8_percent_encode;
use sealift_config::{Authority, ThingName};
use sealift_network::{DirectoryRule, Network, Policy, Rule};
use serde::Serialize;

use super::{Execution, JobId, JobsError, Progress, StatusDetails, answer};
use crate::gateway::{Gateway, UNRESERVED};
use crate::updates::client::{Client, beginning, whole};
use crate::updates::{Device, NoNetwork};

/// The longest answer that is read, in bytes: a document of 32 KiB as text in JSON, and the rest.
const LONGEST_ANSWER: u64 = 256 * 1024;

/// How much of a refusal is read, in bytes.
const LONGEST_REFUSAL: usize = 4 * 1024;

/// The jobs of one thing.
#[derive(Debug)]
pub struct JobsClient {
    client: Client,
    endpoint: Authority,
    thing: ThingName,
}

/// The body of a start.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(skip_serializing_if = "StatusDetails::is_empty")]
    status_details: &'a StatusDetails,
}

/// The body of an update.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    status: Progress,
    expected_version: u64,
    #[serde(skip_serializing_if = "StatusDetails::is_empty")]
    status_details: &'a StatusDetails,
}

impl JobsClient {
    /// The client of the gateway's `[jobs]` section; none without one.
    pub fn of(gateway: &Arc<Gateway>) -> Result<Option<Self>, NoNetwork> {
        let config = gateway.config();
        let (Some(jobs), Some(thing)) = (&config.jobs, &config.device.thing_name) else {
            return Ok(None);
        };
        let network = gateway.own_network(policy(&jobs.endpoint, thing), true)?;
        let device = Arc::clone(gateway) as _;
        Ok(Some(Self::new(
            network,
            device,
            jobs.endpoint.clone(),
            thing.clone(),
        )))
    }

    pub(super) fn new(
        network: Network,
        device: Arc<dyn Device>,
        endpoint: Authority,
        thing: ThingName,
    ) -> Self {
        Self {
            client: Client::new(network, device),
            endpoint,
            thing,
        }
    }

    /// The job that is next, be it queued or begun; none if nothing is pending. Jobs of others come before ours if they
    /// were made before: then there is nothing for us until those are done.
    pub async fn next(&self) -> Result<Option<Execution>, JobsError> {
        let request = self.request(Method::GET, "$next?includeJobDocument=true", None)?;
        let body = self
            .ask(request, "iotjobsdata:DescribeJobExecution")
            .await?;
        Execution::next(&body).map_err(JobsError::Unreadable)
    }

    /// Starts the job that is next, which by now may be another one than [`JobsClient::next`] said: the answer tells, and
    /// one that is somebody else's had better been left alone. [`JobsClient::update`] to [`Progress::InProgress`] starts
    /// the one that is meant or none.
    pub async fn start(&self, details: &StatusDetails) -> Result<Option<Execution>, JobsError> {
        let start = Start {
            status_details: details,
        };
        let request = self.request(Method::PUT, "$next", Some(json(&start)?))?;
        let action = "iotjobsdata:StartNextPendingJobExecution";
        let body = self.ask(request, action).await?;
        Execution::next(&body).map_err(JobsError::Unreadable)
    }

    /// Says what becomes of a job, if its version still is this one; then it is the next one. Without details, those
    /// that are there stay.
    pub async fn update(
        &self,
        job: &JobId,
        version: u64,
        progress: Progress,
        details: &StatusDetails,
    ) -> Result<(), JobsError> {
        let update = Update {
            status: progress,
            expected_version: version,
            status_details: details,
        };
        let request = self.request(Method::POST, job.as_str(), Some(json(&update)?))?;
        let action = "iotjobsdata:UpdateJobExecution";
        self.ask(request, action).await.map(drop)
    }

    fn request(
        &self,
        method: Method,
        job: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Request<Bytes>, http::Error> {
        let origin = self.endpoint.origin();
        let uri = format!("{origin}{}{job}", directory(&self.thing));
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(body.unwrap_or_default().into())
    }

    async fn ask(&self, request: Request<Bytes>, action: &'static str) -> Result<Bytes, JobsError> {
        let response = self.client.send(request, LONGEST_ANSWER).await?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(whole(body).await?);
        }
        let body = beginning(body, LONGEST_REFUSAL).await;
        let refused = answer::refused(head.status, &head.headers, &body, &self.thing, action);
        Err(refused)
    }
}

/// The thing's jobs, and nothing else that the certificate may do.
pub(super) fn policy(endpoint: &Authority, thing: &ThingName) -> Policy {
    Policy::new([Rule::IdentityBelow(DirectoryRule {
        methods: vec![Method::GET, Method::PUT, Method::POST],
        origin: endpoint.origin(),
        path: directory(thing),
    })])
}

fn directory(thing: &ThingName) -> String {
    let thing = utf8_percent_encode(thing.as_str(), UNRESERVED);
    format!("/things/{thing}/jobs/")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, JobsError> {
    serde_json::to_vec(value).map_err(JobsError::Unreadable)
}
