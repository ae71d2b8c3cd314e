//! Requests on their way to the host, answers on their way back.

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use sealift_core::response::MAX_BODY;
use sealift_core::{Error, ErrorKind, Response};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::streams::{InputStream, StreamError};

/// What is read from a body at a time.
const PIECE: u64 = 64 * 1024;

/// The most that `blocking-write-and-flush` takes at a time.
const STREAM_PIECE: usize = 4096;

/// The request as `wasi:http` has it. The host writes `host`, and `content-length` for
/// a body that it attaches.
pub fn outgoing(request: &Request<()>) -> Result<OutgoingRequest, Error> {
    let headers = Fields::new();
    for (name, value) in request.headers() {
        if *name == http::header::HOST {
            continue;
        }
        headers
            .append(name.as_str(), value.as_bytes())
            .map_err(|error| invalid(format!("header `{name}` cannot be sent: {error}")))?;
    }
    let uri = request.uri();
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method().as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "PUT" => Method::Put,
        "POST" => Method::Post,
        "DELETE" => Method::Delete,
        other => Method::Other(other.to_owned()),
    };
    let scheme = if uri.scheme_str() == Some("http") {
        Scheme::Http
    } else {
        Scheme::Https
    };
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(uri.authority().map(http::uri::Authority::as_str)))
        .and_then(|()| {
            outgoing.set_path_with_query(uri.path_and_query().map(http::uri::PathAndQuery::as_str))
        })
        .map_err(|()| invalid(format!("`{uri}` cannot be requested")))?;
    Ok(outgoing)
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The request has not left: the host lets no more out at once.
    NotSent {
        /// Where it was to go.
        to: String,
    },
    /// It failed.
    Failed(Error),
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotSent { to } => {
                let message = format!("no request to {to} could leave: others were before it");
                Self::new(ErrorKind::Unavailable, message)
            }
            Unanswered::Failed(error) => error,
        }
    }
}

/// Sends a request and waits for the whole of its answer, as long as the host does.
pub fn send(request: OutgoingRequest, to: &str) -> Result<Response, Unanswered> {
    let pending = begin(request, None, to)?;
    pending.subscribe().block();
    answer(&pending, to)
}

/// Sends a request that has its body, or needs none, or gets one now. Without options the host's times hold.
pub fn begin(
    request: OutgoingRequest,
    options: Option<RequestOptions>,
    to: &str,
) -> Result<FutureIncomingResponse, Error> {
    outgoing_handler::handle(request, options).map_err(|code| failed(to, &code))
}

/// Sends a request with these bytes as its body. Whoever takes no more of them has answered, or will not.
pub fn begin_with(
    request: OutgoingRequest,
    bytes: &[u8],
    options: Option<RequestOptions>,
    to: &str,
) -> Result<FutureIncomingResponse, Error> {
    let body = request
        .body()
        .map_err(|()| Error::new(ErrorKind::Internal, "a request has two bodies"))?;
    let pending = begin(request, options, to)?;
    let stream = body
        .write()
        .map_err(|()| Error::new(ErrorKind::Internal, "a body was written twice"))?;
    let mut pieces = bytes.chunks(STREAM_PIECE);
    let is_whole = pieces.all(|piece| stream.blocking_write_and_flush(piece).is_ok());
    drop(stream);
    if is_whole {
        // What is wrong with it, the answer tells.
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(pending)
}

/// The whole of an answer that has come.
pub fn answer(pending: &FutureIncomingResponse, to: &str) -> Result<Response, Unanswered> {
    let incoming = arrived(pending, to)?;
    let body = incoming
        .consume()
        .map_err(|()| malformed(to, "body"))
        .and_then(|body| read(&body, to))?;
    Ok(with(&incoming, body, to)?)
}

/// The beginning of an answer: its body is left to whoever wants to read it.
pub fn head(incoming: &IncomingResponse, to: &str) -> Result<Response, Error> {
    with(incoming, Vec::new(), to)
}

/// An answer that has come, not read yet.
pub fn arrived(pending: &FutureIncomingResponse, to: &str) -> Result<IncomingResponse, Unanswered> {
    match pending.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(ErrorCode::ConnectionLimitReached))) => {
            Err(Unanswered::NotSent { to: to.to_owned() })
        }
        Some(Ok(Err(code))) => Err(failed(to, &code).into()),
        Some(Err(())) | None => {
            let message = "an answer was waited for and is not there";
            Err(Error::new(ErrorKind::Internal, message).into())
        }
    }
}

fn with(incoming: &IncomingResponse, body: Vec<u8>, to: &str) -> Result<Response, Error> {
    let status = StatusCode::from_u16(incoming.status()).map_err(|_| malformed(to, "status"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in incoming.headers().entries() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(to, "header"))?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| malformed(to, "header"))?;
        headers.append(name, value);
    }
    Response::new(status, headers, body)
}

fn malformed(to: &str, what: &str) -> Error {
    let message = format!("the answer of {to} has a malformed {what}");
    Error::new(ErrorKind::Protocol, message)
}

fn read(body: &IncomingBody, to: &str) -> Result<Vec<u8>, Error> {
    let stream = body
        .stream()
        .map_err(|()| Error::new(ErrorKind::Internal, "a body was read twice"))?;
    let mut bytes = Vec::new();
    while let Some(piece) = next(&stream, to)? {
        if bytes.len() + piece.len() > MAX_BODY {
            let message = format!(
                "the answer of {to} is longer than the {MAX_BODY} bytes that are read of one"
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn next(stream: &InputStream, to: &str) -> Result<Option<Vec<u8>>, Error> {
    match stream.blocking_read(PIECE) {
        Ok(piece) => Ok(Some(piece)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => {
            let code = wasi::http::types::http_error_code(&error);
            Err(code.map_or_else(
                || Error::new(ErrorKind::Network, format!("the answer of {to} broke off")),
                |code| failed(to, &code),
            ))
        }
    }
}

/// What the host's code means to us. A gateway's host tells its user more of what it saw.
fn failed(to: &str, code: &ErrorCode) -> Error {
    let (kind, why) = match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            (ErrorKind::Network, "its name is not known")
        }
        ErrorCode::ConnectionRefused => (ErrorKind::Network, "the connection was refused"),
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => (ErrorKind::Timeout, "it took too long"),
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            (ErrorKind::Denied, "the host does not allow it")
        }
        ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_)
        | ErrorCode::ConfigurationError => (ErrorKind::Denied, "TLS does not come about"),
        ErrorCode::HttpResponseBodySize(_) | ErrorCode::HttpRequestBodySize(_) => {
            (ErrorKind::TooLarge, "it is too long")
        }
        ErrorCode::HttpProtocolError => (ErrorKind::Protocol, "it is not HTTP"),
        _ => (ErrorKind::Network, "the connection broke"),
    };
    Error::new(kind, format!("no answer from {to}: {why}"))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
