//! IAM Roles Anywhere: a certificate and a signature in, temporary credentials out.
//!
//! "`CreateSession`", IAM Roles Anywhere User Guide. There is no mutual TLS: the device signs the
//! request itself with the key of its certificate. The key is the host's, so a request comes to be
//! in two steps: [`Provider::prepare`] says what has to be signed, [`Unsigned::sign`] takes
//! the signature.

mod cause;
mod signing;

use std::time::{Duration, SystemTime};

use http::{Request, Uri};
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};

use super::Credentials;
use super::answer::{Answered, Refusal, answered, read};
use super::certificate::Certificate;
use crate::authority::Authority;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::response::Response;
use crate::s3::key::UNRESERVED;
use crate::settings::Settings;
use cause::Cause;
pub use signing::{KeyAlgorithm, Unsigned};

/// How long a session may last, in seconds (`CreateSession`, `durationSeconds`).
const DURATION: std::ops::RangeInclusive<u32> = 900..=43_200;

/// Issuers that are sent along at the most: longer chains are refused by the service.
const MAX_ISSUERS: usize = 5;

/// A refusal while our clock and the server's differ by more is put down to the clock.
const SKEW: Duration = Duration::from_mins(4);

/// Where credentials come from: the trust anchor that vouches for the device, the profile, and the
/// role that is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    endpoint: Authority,
    region: String,
    arns: Arns,
    body: String,
    uri: Uri,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arns {
    trust_anchor: String,
    profile: String,
    role: String,
}

impl Provider {
    /// Reads `endpoint` (`HOST[:PORT]`), `region`, `trust-anchor`, `profile` and `role` (ARNs)
    /// and, optionally, `session-name` and `duration` (seconds). Any other setting is `Unsupported`.
    pub fn from_settings(mut settings: Settings) -> Result<Self, Error> {
        let endpoint: Authority = settings.require_as("endpoint", str::parse)?;
        let endpoint = endpoint.without_port(443);
        let region = settings.require_as("region", region)?;
        let arns = Arns {
            trust_anchor: settings.require_as("trust-anchor", arn)?,
            profile: settings.require_as("profile", arn)?,
            role: settings.require_as("role", arn)?,
        };
        let body = Body {
            role_session_name: settings.take_as("session-name", session_name)?,
            duration_seconds: settings.take_as("duration", duration)?,
        };
        settings.finish()?;
        let body = serde_json::to_string(&body).map_err(|error| unsignable(&error))?;
        let uri = uri(&endpoint, &arns)?;
        Ok(Self {
            endpoint,
            region,
            arns,
            body,
            uri,
        })
    }

    /// The request for a session, still to be signed with the key of `chain`'s first certificate
    /// (DER, the device's own first). `now` becomes its date.
    pub fn prepare(
        &self,
        algorithm: KeyAlgorithm,
        chain: Vec<Vec<u8>>,
        now: SystemTime,
    ) -> Result<Unsigned, Error> {
        let mut chain = chain.into_iter().map(Certificate::from_der);
        let leaf = chain
            .next()
            .unwrap_or_else(|| Err(invalid("the device has no certificate".to_owned())))?;
        // Whom a root vouches for is the trust anchor's business.
        let issuers: Vec<_> = chain
            .filter(|issuer| {
                issuer
                    .as_ref()
                    .map_or(true, |issuer| !issuer.is_self_issued())
            })
            .collect::<Result<_, _>>()?;
        if issuers.len() > MAX_ISSUERS {
            let found = issuers.len();
            return Err(invalid(format!(
                "IAM Roles Anywhere takes at most {MAX_ISSUERS} issuers of a certificate, and the chain has {found}"
            )));
        }
        let mut request = Request::post(self.uri.clone())
            .header("content-type", "application/json")
            .body(())
            .map_err(|error| unsignable(&error))?;
        signing::identify(&mut request, &leaf, &issuers, now)?;
        Unsigned::new(
            request,
            self.body.clone(),
            algorithm,
            &leaf,
            &self.region,
            now,
        )
    }

    /// What the answer means: credentials, or why there are none and how to cure it. `signed_at` is
    /// the date that the request was given.
    pub fn parse(&self, response: &Response, signed_at: SystemTime) -> Result<Credentials, Error> {
        if response.status().is_success() {
            self.credentials(response)
        } else {
            Err(self.refusal(response, signed_at))
        }
    }

    fn credentials(&self, response: &Response) -> Result<Credentials, Error> {
        let answer: Answer = read(response).map_err(|why| self.malformed(response, &why))?;
        let mut sets = answer.credential_set.into_iter();
        match (sets.next(), sets.next()) {
            (Some(set), None) => {
                let accepted = set.credentials.accept();
                accepted.map_err(|why| self.malformed(response, &why))
            }
            (None, _) => Err(self.malformed(response, "it holds no credentials")),
            (Some(_), Some(_)) => Err(self.malformed(response, "it holds credentials twice")),
        }
    }

    fn malformed(&self, response: &Response, why: &str) -> Error {
        let Self { endpoint, .. } = self;
        let message = format!("IAM Roles Anywhere at `{endpoint}` gave a malformed answer: {why}");
        answered(Error::new(ErrorKind::Protocol, message), response).with_cure(
            "check that the endpoint is rolesanywhere.REGION.amazonaws.com and that no proxy answers \
             in its place",
        )
    }

    fn refusal(&self, response: &Response, signed_at: SystemTime) -> Error {
        let status = response.status();
        let Refusal {
            message: said,
            code,
            kind,
        } = Refusal::of(response);
        if kind == ErrorKind::Denied && is_skewed(response, signed_at) {
            let message = "cannot start a session of IAM Roles Anywhere: this device's clock differs from the \
                           service's by more than signatures may";
            let error = answered(Error::new(ErrorKind::ClockSkew, message), response);
            return Error { code, ..error }.with_cure("check time synchronisation");
        }
        let cause = Cause::of(status, &said);
        let why = match cause {
            Some(cause) => cause.explain(&self.arns),
            None if said.is_empty() => format!("the service answered {status}"),
            None => format!("the service answered {status}: {}", excerpt(&said)),
        };
        let role = &self.arns.role;
        let message =
            format!("cannot start a session of IAM Roles Anywhere for role `{role}`: {why}");
        Error {
            code,
            cure: cause.map(|cause| cause.cure(&self.arns)),
            ..answered(Error::new(kind, message), response)
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    credential_set: Vec<CredentialSet>,
}

#[derive(Deserialize)]
struct CredentialSet {
    credentials: Answered,
}

fn is_skewed(response: &Response, signed_at: SystemTime) -> bool {
    let limit = i64::try_from(SKEW.as_secs()).unwrap_or(i64::MAX);
    response.date().is_some_and(|server| {
        let apart = server.saturating_sub(clock::unix_seconds(signed_at));
        apart.saturating_abs() > limit
    })
}

/// The part of the request that is not in its query.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_session_name: Option<String>,
}

/// With its query in the canonical form: sorted, and everything encoded that can be.
fn uri(endpoint: &Authority, arns: &Arns) -> Result<Uri, Error> {
    let encoded = |arn| utf8_percent_encode(arn, UNRESERVED);
    let query = format!(
        "profileArn={}&roleArn={}&trustAnchorArn={}",
        encoded(&arns.profile),
        encoded(&arns.role),
        encoded(&arns.trust_anchor)
    );
    Uri::builder()
        .scheme("https")
        .authority(endpoint.to_string())
        .path_and_query(format!("/sessions?{query}"))
        .build()
        .map_err(|error| unsignable(&error))
}

fn region(text: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(invalid(format!("`{}` is no AWS region", excerpt(text))))
}

/// An Amazon Resource Name, as far as it matters here: printable and of bounded length.
fn arn(text: &str) -> Result<String, Error> {
    let fits = text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && text.starts_with("arn:") {
        return Ok(text.to_owned());
    }
    Err(invalid(format!("`{}` is no ARN", excerpt(text))))
}

/// `roleSessionName`: 2 to 64 of `[\w+=,.@-]`, as in AWS STS.
fn session_name(text: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (2..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(invalid(format!(
        "`{}` is not 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -",
        excerpt(text)
    )))
}

fn duration(text: &str) -> Result<u32, Error> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| DURATION.contains(seconds));
    seconds.ok_or_else(|| {
        invalid(format!(
            "`{}` is not a duration of 900 to 43200 seconds",
            excerpt(text)
        ))
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn unsignable(error: &dyn std::error::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the request for a session cannot be made: {error}"),
    )
}

#[cfg(test)]
mod tests;
