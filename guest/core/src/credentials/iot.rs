//! The credentials provider of AWS IoT Core: a certificate in, temporary credentials out.
//!
//! "Authorizing direct calls to AWS services using AWS IoT Core credential provider", AWS IoT
//! Core Developer Guide. The mutual TLS handshake is the host's; this is the request and what
//! may come back.

mod cause;

use http::{HeaderValue, Request, StatusCode, Uri};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::Credentials;
use super::answer::{Answered, Refusal, answered, read};
use crate::authority::Authority;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::response::Response;
use crate::s3::key::UNRESERVED;
use crate::settings::Settings;
use cause::Cause;

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
        let answer: Answer = read(response).map_err(|why| self.malformed(response, &why))?;
        let accepted = answer.credentials.accept();
        accepted.map_err(|why| self.malformed(response, &why))
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
        let Refusal {
            message: said,
            code,
            kind,
        } = Refusal::of(response);
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
    credentials: Answered,
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

#[cfg(test)]
mod tests;
