//! What stands before `s3s`: who signed a request, and when.
//!
//! `s3s` judges time by this machine's clock, knows no session tokens and takes
//! any region. So those are judged here, and its own limit on clock skew is
//! set as wide as it goes.

use std::path::Path;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE, RETRY_AFTER, SERVER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use s3s::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};
use tracing::{debug, error};

use super::access::{Keys, Policy};
use super::claim::{Claim, Form};
use super::encryption::hide_customer_key;
use super::errors::{error_answer, usual};
use super::operations::Operations;
use super::refusal::{MAX_SKEW, Refusal};
use super::route;
use super::store::Store;
use crate::body::{AnswerBody, RequestBody};
use crate::context::Context;
use crate::error::Error;
use crate::faults::{Problem, Service};
use crate::fingerprint::Fingerprint;
use crate::listener::Handshakes;
use crate::operation::Operation;
use crate::settings::Bucket;
use crate::{DEFAULT_BUCKET, REGION};

/// The S3 service of a local cloud.
pub(crate) struct Frontend {
    service: S3Service,
    store: Arc<Store>,
    context: Arc<Context>,
}

impl Frontend {
    /// Opens the store in a directory and makes the buckets that are missing.
    pub(crate) fn open(
        dir: &Path,
        buckets: &[Bucket],
        policy: Policy,
        context: Arc<Context>,
    ) -> Result<Self, Error> {
        let store = Arc::new(Store::open(dir)?);
        let now = context.clock.now();
        store.create_bucket(DEFAULT_BUCKET, now)?;
        for Bucket { name, region } in buckets {
            store.create_bucket(name.as_str(), now)?;
            if let Some(region) = region {
                store.move_bucket(name.as_str(), region.as_str())?;
            }
        }
        let mut builder = S3ServiceBuilder::new(Operations {
            store: Arc::clone(&store),
            policy: policy.clone(),
            context: Arc::clone(&context),
        });
        builder.set_auth(Keys::new(Arc::clone(&context)));
        builder.set_access(policy);
        builder.set_host(Localhost);
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(s3s_config()))));
        Ok(Self {
            service: builder.build(),
            store,
            context,
        })
    }

    /// The buckets that exist now.
    pub(crate) fn bucket_names(&self) -> Vec<String> {
        self.store
            .buckets()
            .iter()
            .map(|bucket| bucket.name().to_owned())
            .collect()
    }

    /// Whether a request may go on to `s3s`, which checks the signature itself.
    fn admit(&self, request: &Parts) -> Result<(), Refusal> {
        let claim = Claim::of(request)?;
        self.check_region(request, claim.region)?;
        let now = self.context.clock.now();
        let token = claim.session_token.as_ref().map(HeaderValue::as_bytes);
        self.context
            .issued
            .check(&claim.access_key_id, token, now)?;
        let skewed = Refusal::Skewed {
            request: claim.time,
            server: now,
        };
        match claim.form {
            Form::Header {
                unsigned_header: Some(name),
            } => Err(Refusal::HeadersNotSigned(name)),
            Form::Header { .. } if (now - claim.time).abs() > MAX_SKEW => Err(skewed),
            Form::Query { .. } if claim.time - now > MAX_SKEW => Err(skewed),
            Form::Query { expires } if now - claim.time > expires => Err(Refusal::UrlExpired),
            Form::Header { .. } | Form::Query { .. } => Ok(()),
        }
    }

    /// This endpoint is that of [`REGION`], and takes what is signed for a
    /// bucket's own region too.
    fn check_region(&self, request: &Parts, claimed: String) -> Result<(), Refusal> {
        let bucket = route::bucket(request).and_then(|name| self.store.bucket(&name).ok());
        let expected = bucket.map_or_else(|| REGION.to_owned(), |bucket| bucket.region());
        if claimed == expected {
            Ok(())
        } else if claimed == REGION {
            Err(Refusal::Elsewhere(expected))
        } else {
            Err(Refusal::WrongRegion { claimed, expected })
        }
    }

    async fn answer(&self, request: Request<RequestBody>, request_id: &str) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        if let Err(refusal) = self.admit(&parts) {
            debug!(%refusal, "request refused");
            body.discard().await;
            return refusal.response(request_id);
        }
        hide_secrets(&mut parts.headers);
        let request = Request::from_parts(parts, Body::http_body(body.clone()));
        match self.service.call(request).await {
            Ok(response) => {
                if !response.status().is_success() {
                    body.discard().await;
                }
                response
            }
            Err(cause) => {
                error!(?cause, "s3s could not answer");
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    fn request_id(&self) -> String {
        format!("{:016X}", self.context.counters.answers.count())
    }

    /// What every response of S3 carries.
    fn stamp(
        &self,
        mut response: Response<Body>,
        method: &Method,
        request_id: String,
    ) -> Response<AnswerBody> {
        if method == Method::HEAD && !response.status().is_success() {
            // HTTP/2 forbids a body here, and its length would announce one.
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        let headers = response.headers_mut();
        headers.insert(DATE, self.context.clock.http_date());
        headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert("x-amz-id-2", id.clone());
            headers.insert("x-amz-request-id", id);
        }
        response.map(BodyExt::boxed_unsync)
    }
}

impl Service for Frontend {
    fn operation(&self, request: &Parts) -> Operation {
        route::operation(request)
    }

    async fn call(
        &self,
        _peer: Option<Fingerprint>,
        request: Request<RequestBody>,
    ) -> Response<AnswerBody> {
        let (request_id, method) = (self.request_id(), request.method().clone());
        let response = self.answer(request, &request_id).await;
        self.stamp(response, &method, request_id)
    }

    fn problem(&self, method: &Method, problem: Problem<'_>) -> Response<AnswerBody> {
        let request_id = self.request_id();
        let (usual, message) = usual(problem.status);
        let (code, message) = match problem.code {
            None => (usual, message),
            Some(code) if code == usual => (usual, message),
            Some(code) => (code, code),
        };
        let mut response = error_answer(problem.status, code, message, "", &request_id);
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        self.stamp(response, method, request_id)
    }

    fn expire_credentials(&self, request: &Parts) {
        if let Ok(claim) = Claim::of(request) {
            let now = self.context.clock.now();
            self.context.issued.expire(&claim.access_key_id, now);
        }
    }

    fn handshakes(&self) -> Handshakes<'_> {
        let counters = &self.context.counters;
        Handshakes {
            completed: &counters.s3_connections,
            failed: &counters.handshakes_failed,
        }
    }
}

/// `s3s` writes requests to its debug log; these must not be in it.
fn hide_secrets(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION.as_str(), "x-amz-security-token"] {
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
    }
    hide_customer_key(headers);
}

fn s3s_config() -> S3Config {
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    // The list of 10,000 parts is about 2 MiB.
    config.xml_max_body_size = 4 * 1024 * 1024;
    config
}

/// `BUCKET.localhost` names a bucket, any other host none.
struct Localhost;

impl S3Host for Localhost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> s3s::S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
        let virtual_host = VirtualHost::new(host);
        Ok(match name.strip_suffix(".localhost") {
            Some(bucket) => virtual_host.with_bucket(bucket),
            None => virtual_host,
        })
    }
}
