//! The request of a call, taken apart from what the host said.

use std::fmt;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue, Method, Uri, header};

use super::address;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::s3::Region;
use crate::sign::{self, Payload, Scope};

/// The longest body, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// The longest time for which a presigned URL is good, in seconds ("Authenticating Requests: Using Query
/// Parameters", Amazon S3 API Reference).
const MAX_PRESIGNED: u32 = 604_800;

/// What the signature and the HTTP client write themselves.
const OURS: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-security-token"),
    HeaderName::from_static("x-amz-content-sha256"),
];

/// A request to a service, not signed yet. `Display` and `Debug` show no header and no body.
#[derive(Clone)]
pub struct Request {
    service: String,
    pub(super) region: Region,
    pub(super) head: http::Request<()>,
    body: Vec<u8>,
}

impl Request {
    /// A request to `https://…` of a service with the signing name `service`.
    pub fn new(
        service: &str,
        region: &str,
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Self, Error> {
        if body.len() > MAX_BODY {
            let message = format!("the body has {} bytes, and may have {MAX_BODY}", body.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let mut head = http::Request::new(());
        *head.method_mut() = Method::from_bytes(method.as_bytes())
            .map_err(|_| invalid(format!("`{}` is not a method of HTTP", excerpt(method))))?;
        *head.uri_mut() = address::parse(url)?;
        for (name, value) in headers {
            let (name, value) = field(&name, &value)?;
            head.headers_mut().append(name, value);
        }
        Ok(Self {
            service: signing_name(service)?,
            region: region.parse()?,
            head,
            body,
        })
    }

    /// The bytes that go with it.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The signing name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The request with its signature.
    pub(super) fn sign(
        &self,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<http::Request<()>, Error> {
        let mut request = self.head.clone();
        let body = Payload::Bytes(&self.body);
        sign::sign(&mut request, body, credentials, self.scope(), now)?;
        // Otherwise it would go out in chunks, which not every service takes.
        if !self.body.is_empty() {
            let length = self.body.len().into();
            request.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        Ok(request)
    }

    /// A URL that carries its own signature, good for `seconds`. Headers that were given have to be sent with it: the
    /// signature covers them, but for those that proxies change.
    pub fn presign(
        &self,
        credentials: &Credentials,
        seconds: u32,
        now: SystemTime,
    ) -> Result<Uri, Error> {
        if seconds == 0 || seconds > MAX_PRESIGNED {
            let message =
                format!("a URL can be good for 1 to {MAX_PRESIGNED} s, not for {seconds} s");
            return Err(invalid(message));
        }
        let query = self.head.uri().query().unwrap_or_default();
        if query.split('&').any(|pair| pair.starts_with("X-Amz-")) {
            let message = "the URL has parameters of a signature already".to_owned();
            return Err(invalid(message).with_cure("leave out those that begin with `X-Amz-`"));
        }
        // Whoever uses the URL sends what they have: S3 takes it unseen.
        let payload = if self.service == "s3" {
            Payload::Unsigned
        } else {
            Payload::Bytes(&self.body)
        };
        sign::presign(&self.head, payload, credentials, self.scope(), seconds, now)
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            region: self.region.as_str(),
            service: &self.service,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.head.uri().host().unwrap_or_default();
        write!(f, "{} {} at {host}", self.head.method(), self.service)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({self}, {} bytes)", self.body.len())
    }
}

/// "AWS service signing names" are words of lower-case letters, digits and hyphens.
fn signing_name(service: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&service.len()) && service.bytes().all(allowed) {
        return Ok(service.to_owned());
    }
    let message = format!(
        "`{}` is not the signing name of a service",
        excerpt(service)
    );
    Err(invalid(message).with_cure("it is a word such as `sqs`, `dynamodb` or `logs`"))
}

fn field(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| invalid(format!("`{}` is not the name of a header", excerpt(name))))?;
    if OURS.contains(&header) {
        let message = format!("header `{header}` is written by the signature or the connection");
        return Err(invalid(message).with_cure("leave it out"));
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| invalid(format!("header `{header}` has a value that cannot be sent")))?;
    Ok((header, value))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
