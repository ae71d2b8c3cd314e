//! Signed requests to the account's services.

use std::thread;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Request, StatusCode};
use sealift_core::sign::{Payload, Scope, sign};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::{Administrator, Error};

/// The longest answer that is read, in bytes: a page of a list, or a policy.
const LONGEST: u64 = 4 * 1024 * 1024;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Attempts in all, where another one may help ("Retry behavior", AWS SDKs and Tools Reference Guide).
const ATTEMPTS: u32 = 5;

/// The first wait between two attempts; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(250);

/// A service of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Iam,
    Iot,
    S3,
    Sts,
}

impl Service {
    /// The signing name, which is that of the endpoint too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Iot => "iot",
            Self::S3 => "s3",
            Self::Sts => "sts",
        }
    }
}

/// A request that is not signed yet.
pub(crate) struct Asked {
    pub(crate) service: Service,
    /// By its IAM name, such as `iam:CreateRole`.
    pub(crate) action: &'static str,
    pub(crate) method: Method,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// A way to the services of one account.
pub(crate) struct Wire {
    agent: ureq::Agent,
    administrator: Administrator,
}

impl Wire {
    /// With the roots of `AWS_CA_BUNDLE`, or else those of the system.
    pub(crate) fn new(administrator: Administrator) -> Result<Self, Error> {
        let roots = match &administrator.ca_bundle {
            None => RootCerts::PlatformVerifier,
            Some(path) => {
                let read = |source| Error::File {
                    what: "read the certificates of AWS_CA_BUNDLE in",
                    path: path.clone(),
                    source,
                };
                let pem = std::fs::read(path).map_err(read)?;
                RootCerts::new_with_certs(&certificates(&pem))
            }
        };
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // A signature is for one host.
            .max_redirects(0)
            .build()
            .into();
        Ok(Self {
            agent,
            administrator,
        })
    }

    pub(crate) fn region(&self) -> &str {
        &self.administrator.region
    }

    /// The body of a good answer. Throttling, and what fails for a while, is tried again.
    pub(crate) fn ask(&self, asked: &Asked) -> Result<Vec<u8>, Error> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.ask_once(asked) {
                Err(error) if may_pass(&error) => thread::sleep(pause),
                done => return done,
            }
            pause *= 2;
        }
        self.ask_once(asked)
    }

    fn ask_once(&self, asked: &Asked) -> Result<Vec<u8>, Error> {
        let action = asked.action;
        let request = self.signed(asked)?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let unanswered = |source: ureq::Error| Error::Unanswered {
            action,
            host: host.clone(),
            source: Box::new(source),
        };
        let mut answer = self.agent.run(request).map_err(unanswered)?;
        let status = answer.status();
        let named = answer.headers().get("x-amzn-errortype");
        let named = named.and_then(|value| value.to_str().ok());
        let named = named.and_then(|value| Some(value.split(':').next()?.to_owned()));
        let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
        let body = body.map_err(unanswered)?;
        if status.is_success() {
            return Ok(body);
        }
        Err(refusal(action, status, named, &body))
    }

    fn signed(&self, asked: &Asked) -> Result<Request<Vec<u8>>, Error> {
        let action = asked.action;
        let Administrator { credentials, .. } = &self.administrator;
        let unsigned = |source| Error::Unsigned {
            action,
            source: Box::new(source),
        };
        let (endpoint, region) = self.administrator.endpoint(asked.service);
        let mut head = Request::builder()
            .method(asked.method.clone())
            .uri(format!("{endpoint}{}", asked.target));
        for (name, value) in &asked.headers {
            head = head.header(*name, value);
        }
        let mut request = head.body(()).map_err(|error| {
            let message = error.to_string();
            unsigned(sealift_core::Error::new(
                sealift_core::ErrorKind::InvalidInput,
                message,
            ))
        })?;
        let scope = Scope {
            region,
            service: asked.service.name(),
        };
        let payload = Payload::Bytes(&asked.body);
        sign(&mut request, payload, credentials, scope, SystemTime::now()).map_err(unsigned)?;
        request.headers_mut().insert(
            http::header::USER_AGENT,
            HeaderValue::from_static(concat!("sealift/", env!("CARGO_PKG_VERSION"))),
        );
        Ok(request.map(|()| asked.body.clone()))
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({:?})", self.administrator)
    }
}

fn may_pass(error: &Error) -> bool {
    match error {
        Error::Unanswered { .. } => true,
        Error::Refused { status, code, .. } => {
            *status >= 500
                || *status == 429
                || code.starts_with("Throttl")
                || code.starts_with("TooManyRequests")
        }
        _ => false,
    }
}

fn refusal(action: &'static str, status: StatusCode, named: Option<String>, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let of_json = |name: &str| json[name].as_str().map(str::to_owned);
    let of_xml = |name| crate::service::xml::text(&text, name);
    let code = named
        .or_else(|| of_json("__type"))
        .or_else(|| of_json("code"))
        .or_else(|| of_xml("Code"));
    let message = of_json("message")
        .or_else(|| of_json("Message"))
        .or_else(|| of_xml("Message"));
    Error::Refused {
        action,
        status: status.as_u16(),
        code: code.unwrap_or_default(),
        message: message.unwrap_or_else(|| "the service gave no reason".to_owned()),
    }
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}
