//! The credentials provider of AWS IoT Core: a certificate in, temporary credentials out.
//!
//! "Authorizing direct calls to AWS services using AWS IoT Core credential provider", AWS IoT
//! Core Developer Guide. The mutual TLS handshake is the host's; this is the request and what
//! may come back.

use http::{HeaderValue, Request, StatusCode, Uri};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Credentials;
use super::cause::Cause;
use crate::authority::Authority;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::excerpt::{excerpt, identifier};
use crate::response::Response;
use crate::s3::key::UNRESERVED;
use crate::settings::Settings;

/// Expirations outside of these years are damage, not dates: seconds since 1970 of the starts
/// of 2015, when the service did not exist yet, and of 2100.
const PLAUSIBLE: std::ops::Range<i64> = 1_420_070_400..4_102_444_800;

/// Where credentials come from: an endpoint, a role alias and, if policies use it, a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    endpoint: Authority,
    role_alias: String,
    thing_name: Option<String>,
    uri: Uri,
    thing_header: Option<HeaderValue>,
}

impl Provider {
    /// Reads `endpoint` (`HOST[:PORT]`), `role-alias` and, optionally, `thing-name`. Any other
    /// setting is `Unsupported`.
    pub fn from_settings(mut settings: Settings) -> Result<Self, Error> {
        let endpoint: Authority = settings.require_as("endpoint", str::parse)?;
        let endpoint = endpoint.without_port(443);
        let role_alias = settings.require_as("role-alias", role_alias)?;
        let thing_name = settings.take_as("thing-name", thing_name)?;
        settings.finish()?;
        let uri = credentials_uri(&endpoint, &role_alias)?;
        let (thing_name, thing_header) = thing_name.unzip();
        Ok(Self {
            endpoint,
            role_alias,
            thing_name,
            uri,
            thing_header,
        })
    }

    /// The request to make over mutual TLS.
    pub fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        self.uri.clone_into(request.uri_mut());
        if let Some(thing) = &self.thing_header {
            request
                .headers_mut()
                .insert("x-amzn-iot-thingname", thing.clone());
        }
        request
    }

    /// What the answer means: credentials, or why there are none and how to cure it.
    pub fn parse(&self, response: &Response) -> Result<Credentials, Error> {
        if response.status() == StatusCode::OK {
            self.credentials(response)
        } else {
            Err(self.refusal(response))
        }
    }

    fn credentials(&self, response: &Response) -> Result<Credentials, Error> {
        let answer: Answer = serde_json::from_slice(response.body())
            .map_err(|error| self.malformed(response, &describe(&error)))?;
        let answer = answer.credentials;
        let expiration = clock::rfc3339(&answer.expiration)
            .filter(|seconds| PLAUSIBLE.contains(seconds))
            .and_then(|seconds| u64::try_from(seconds).ok())
            .ok_or_else(|| self.malformed(response, "its expiration is not a plausible date"))?;
        Credentials::new(
            answer.access_key_id,
            answer.secret_access_key.as_str().to_owned(),
            Some(answer.session_token.as_str().to_owned()),
            Some(expiration),
        )
        .map_err(|error| self.malformed(response, &error.message))
    }

    fn malformed(&self, response: &Response, why: &str) -> Error {
        let Self { endpoint, .. } = self;
        let message =
            format!("the credentials endpoint `{endpoint}` gave a malformed answer: {why}");
        let error = Error::new(ErrorKind::Protocol, message);
        answered(error, response).with_cure(
            "check that the endpoint is the one that `aws iot describe-endpoint --endpoint-type \
             iot:CredentialProvider` names, and that no proxy answers in its place",
        )
    }

    fn refusal(&self, response: &Response) -> Error {
        let status = response.status();
        let said: Option<Refusal> = serde_json::from_slice(response.body()).ok();
        let said = said.map(|refusal| refusal.message).unwrap_or_default();
        let code = response
            .text("x-amzn-errortype")
            // The type may be followed by a colon and the URI of its namespace.
            .and_then(|kind| identifier(kind.split(':').next().unwrap_or_default()));
        let kind = classify(status, code.as_deref());
        let cause = Cause::of(status, &said);
        let thing = self.thing_name.as_deref();
        let why = match cause {
            Some(cause) => cause.explain(thing),
            None if said.is_empty() => format!("the provider answered {status}"),
            None => format!("the provider answered {status}: {}", excerpt(&said)),
        };
        let alias = &self.role_alias;
        let message = format!("cannot fetch credentials for role alias `{alias}`: {why}");
        Error {
            code,
            cure: cause.map(|cause| cause.cure(alias, thing)),
            ..answered(Error::new(kind, message), response)
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    credentials: AnsweredCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredCredentials {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Zeroizing<String>,
    expiration: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(alias = "Message")]
    message: String,
}

fn answered(error: Error, response: &Response) -> Error {
    Error {
        status: Some(response.status().as_u16()),
        request_id: response.identifier("x-amzn-requestid"),
        retry_after: response.retry_after(),
        ..error
    }
}

fn classify(status: StatusCode, code: Option<&str>) -> ErrorKind {
    if status == StatusCode::TOO_MANY_REQUESTS
        || code.is_some_and(|code| code.starts_with("Throttl"))
    {
        return ErrorKind::Throttled;
    }
    match status.as_u16() {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        400..=499 => ErrorKind::InvalidInput,
        503 => ErrorKind::Unavailable,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Protocol,
    }
}

/// Where the JSON is wrong. The parser's own words quote the value, which may be a secret.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field is missing, doubled or of the wrong type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// AWS IoT API, `CreateRoleAlias`: 1 to 128 of `[\w=,@-]`.
fn role_alias(text: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,@-".contains(&byte);
    if (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!(
            "`{}` is not 1 to 128 of the characters A-Z a-z 0-9 _ = , @ -",
            excerpt(text)
        ),
    ))
}

/// AWS IoT API, `CreateThing`: 1 to 128 of `[a-zA-Z0-9:_-]`.
fn thing_name(text: &str) -> Result<(String, HeaderValue), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(allowed);
    match HeaderValue::from_str(text) {
        Ok(header) if fits => Ok((text.to_owned(), header)),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            format!(
                "`{}` is not 1 to 128 of the characters A-Z a-z 0-9 : _ -",
                excerpt(text)
            ),
        )),
    }
}

fn credentials_uri(endpoint: &Authority, role_alias: &str) -> Result<Uri, Error> {
    let alias = utf8_percent_encode(role_alias, UNRESERVED);
    Uri::builder()
        .scheme("https")
        .authority(endpoint.to_string())
        .path_and_query(format!("/role-aliases/{alias}/credentials"))
        .build()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot make the URI: {error}")))
}
