//! Signature Version 4 in the `Authorization` header.
//!
//! "AWS Signature Version 4 for API requests", AWS IAM User Guide. The signature covers the
//! request as it goes over the wire, including the `Host` that the HTTP client derives from
//! the URI's authority, so the authority must be exactly what is sent.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningInstructions, SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use http::header::{self, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri};
use percent_encoding::utf8_percent_encode;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::s3::key::UNRESERVED;

/// What the signature says of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Nothing: the transport protects it. For TLS only.
    Unsigned,
    /// Nothing, and a checksum follows it in a trailer (`aws-chunked`). For TLS only.
    StreamingUnsignedTrailer,
    /// Its SHA-256, in lower-case hexadecimal.
    Sha256(&'a str),
    /// There is none.
    Empty,
    /// It is at hand, and is hashed here.
    Bytes(&'a [u8]),
}

/// Where a signature is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The region, `eu-central-1` for instance.
    pub region: &'a str,
    /// The signing name of the service, `s3` for instance.
    pub service: &'a str,
}

/// Signs `request` in place with `now` as its date.
///
/// An earlier signature is replaced, so a retry may sign the same request again. The `Host`
/// header is left to the HTTP client. Headers added after this are not covered.
pub fn sign(
    request: &mut Request<()>,
    payload: Payload<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<(), Error> {
    let settings = settings(scope, payload);
    sign_with(settings, request, payload, credentials, scope, now)
}

/// The address of `request` with a signature in its query, good for `seconds` from `now` on
/// ("Authenticating Requests: Using Query Parameters", Amazon S3 API Reference).
pub fn presign(
    request: &Request<()>,
    payload: Payload<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    seconds: u32,
    now: SystemTime,
) -> Result<Uri, Error> {
    let mut settings = settings(scope, payload);
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(seconds.into()));
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let signature = instructions(settings, request, payload, credentials, scope, now)?;
    let uri = request.uri();
    let mut query = uri.query().unwrap_or_default().to_owned();
    for (name, value) in signature.params() {
        let joint = if query.is_empty() { "" } else { "&" };
        let value = utf8_percent_encode(value, UNRESERVED);
        query.extend([joint, name, "="].into_iter().chain(value));
    }
    let mut parts = uri.clone().into_parts();
    let whole = format!("{}?{query}", uri.path());
    let whole = PathAndQuery::try_from(whole).map_err(|error| unsignable(&error))?;
    parts.path_and_query = Some(whole);
    Uri::from_parts(parts).map_err(|error| unsignable(&error))
}

/// The headers that a signature consists of.
const SIGNATURE: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-security-token"),
    HeaderName::from_static("x-amz-content-sha256"),
];

fn settings(scope: Scope<'_>, payload: Payload<'_>) -> SigningSettings {
    let s3 = matches!(
        scope.service,
        "s3" | "s3express" | "s3-outposts" | "s3-object-lambda"
    );
    let mut settings = SigningSettings::default();
    settings.session_token_mode = SessionTokenMode::Include;
    if s3 {
        // A key is opaque: `a//b` and `a/../b` are names, and encoded once.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    // S3 requires the header; anybody else can only know a hash that is not the payload's
    // own from it.
    let hashed_here = matches!(payload, Payload::Empty | Payload::Bytes(_));
    if s3 || !hashed_here {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

fn sign_with(
    settings: SigningSettings,
    request: &mut Request<()>,
    payload: Payload<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<(), Error> {
    for name in SIGNATURE {
        request.headers_mut().remove(name);
    }
    let signature = instructions(settings, request, payload, credentials, scope, now)?;
    let (headers, _query) = signature.into_parts();
    for header in headers {
        let mut value =
            HeaderValue::from_str(header.value()).map_err(|error| unsignable(&error))?;
        value.set_sensitive(header.sensitive());
        request.headers_mut().insert(header.name(), value);
    }
    Ok(())
}

fn instructions(
    settings: SigningSettings,
    request: &Request<()>,
    payload: Payload<'_>,
    credentials: &Credentials,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<SigningInstructions, Error> {
    let identity = aws_credential_types::Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        credentials.session_token().map(str::to_owned),
        None,
        "sealift",
    )
    .into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| unsignable(&error))?
        .into();
    let signable = signable(request, payload)?;
    let signed = aws_sigv4::http_request::sign(signable, &parameters);
    let (instructions, _signature) = signed.map_err(|error| unsignable(&error))?.into_parts();
    Ok(instructions)
}

fn signable<'a>(
    request: &'a Request<()>,
    payload: Payload<'a>,
) -> Result<SignableRequest<'a>, Error> {
    let host = request.uri().authority().ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            "a request without a host cannot be signed",
        )
    })?;
    let mut headers = vec![(header::HOST.as_str(), host.as_str())];
    for (name, value) in request.headers() {
        if name == header::HOST {
            continue;
        }
        let value = value.to_str().map_err(|_| {
            Error::new(
                ErrorKind::InvalidInput,
                format!("header `{name}` is not ASCII text and cannot be signed"),
            )
        })?;
        headers.push((name.as_str(), value));
    }
    let body = match payload {
        Payload::Unsigned => SignableBody::UnsignedPayload,
        Payload::StreamingUnsignedTrailer => SignableBody::StreamingUnsignedPayloadTrailer,
        Payload::Sha256(hex) => SignableBody::Precomputed(hex.to_owned()),
        Payload::Empty => SignableBody::Bytes(&[]),
        Payload::Bytes(bytes) => SignableBody::Bytes(bytes),
    };
    let method = request.method().as_str();
    let uri = request.uri().to_string();
    SignableRequest::new(method, uri, headers.into_iter(), body).map_err(|error| unsignable(&error))
}

fn unsignable(error: &dyn std::error::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the request cannot be signed: {error}"),
    )
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
