//! A store for the machine: what requests are, and answers as S3 gives them.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

use super::bench::Sent;
use super::plan::digest;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::upload::{Body, Event, Framing};

/// How a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// As it should be.
    Accept,
    /// With this.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Not at all.
    Fail(ErrorKind),
    /// It does not leave.
    Stay,
}

pub(super) fn accept() -> Reply {
    Reply::Accept
}

pub(super) fn fail(kind: ErrorKind) -> Reply {
    Reply::Fail(kind)
}

pub(super) fn refuse(status: u16, code: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code></Error>");
    answer(status, &[], &body)
}

pub(super) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
    let headers = headers.iter();
    Reply::Answer {
        status,
        headers: headers
            .map(|&(name, value)| (name, value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

/// A page of `ListParts`: number, tag, size.
pub(super) fn listed(parts: &[(u16, &str, u64)], truncated: bool) -> Reply {
    let mut body = format!("<ListPartsResult><IsTruncated>{truncated}</IsTruncated>");
    for (number, etag, size) in parts {
        write!(
            body,
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size></Part>"
        )
        .unwrap();
    }
    answer(200, &[], &(body + "</ListPartsResult>"))
}

/// A page of `ListMultipartUploads`: key, id, begun.
pub(super) fn unfinished(uploads: &[(&str, &str, &str)]) -> Reply {
    let mut body = "<ListMultipartUploadsResult>".to_owned();
    for (key, id, begun) in uploads {
        write!(
            body,
            "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>"
        )
        .unwrap();
    }
    answer(200, &[], &(body + "</ListMultipartUploadsResult>"))
}

/// A short name for a request: `create`, `part 3`, `list after 2`, `complete U1`.
pub(super) fn operation(request: &Request<()>) -> String {
    let query = request.uri().query().unwrap_or_default();
    let field = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        fields.find_map(|(known, value)| (known == name).then(|| value.to_owned()))
    };
    let upload = field("uploadId").unwrap_or_default();
    match (request.method(), field("partNumber")) {
        (&Method::HEAD, _) => "head".to_owned(),
        (&Method::PUT, Some(part)) => format!("part {part}"),
        (&Method::PUT, None) => "put".to_owned(),
        (&Method::POST, _) if query == "uploads" => "create".to_owned(),
        (&Method::POST, _) => format!("complete {upload}"),
        (&Method::DELETE, _) => format!("abort {upload}"),
        (&Method::GET, _) if query.starts_with("uploads&") => "sweep".to_owned(),
        (&Method::GET, _) => match field("part-number-marker") {
            Some(after) => format!("list after {after}"),
            None => "list".to_owned(),
        },
        other => panic!("{other:?}"),
    }
}

impl Reply {
    /// What the machine hears of it. A trailer was sent with all that is answered.
    pub(super) fn event(self, sent: &Sent) -> Event {
        let (status, headers, body) = match self {
            Self::Fail(kind) => {
                let error = Error::new(kind, format!("{} failed", sent.what));
                return Event::Failed { id: sent.id, error };
            }
            Self::Stay => return Event::NotSent { id: sent.id },
            Self::Accept => accepted(sent),
            Self::Answer {
                status,
                headers,
                body,
            } => (status, headers, body),
        };
        let headers = headers.into_iter().map(|(name, value)| {
            let value = HeaderValue::from_str(&value).unwrap();
            (HeaderName::from_static(name), value)
        });
        let headers: HeaderMap = headers.collect();
        let status = StatusCode::from_u16(status).unwrap();
        Event::Answer {
            id: sent.id,
            response: Response::new(status, headers, body.into_bytes()).unwrap(),
            sent_checksum: trailer(&sent.body),
        }
    }
}

/// The success of a request: the id of the nth upload is `Un`, the tag of the third part `"e3"`.
fn accepted(sent: &Sent) -> (u16, Vec<(&'static str, String)>, String) {
    let etag = |text: &str| vec![("etag", format!("\"{text}\""))];
    let mut words = sent.what.split(' ');
    match (words.next().unwrap(), words.next()) {
        ("create", _) => {
            let id = format!("<UploadId>U{}</UploadId>", sent.nth);
            let root = "InitiateMultipartUploadResult";
            (200, Vec::new(), format!("<{root}>{id}</{root}>"))
        }
        ("part", Some(number)) => (200, etag(&format!("e{number}")), String::new()),
        ("complete", _) => {
            let root = "CompleteMultipartUploadResult";
            let body = format!("<{root}><ETag>\"whole\"</ETag></{root}>");
            (200, Vec::new(), body)
        }
        ("abort", _) => (204, Vec::new(), String::new()),
        ("put", _) => (200, etag("e"), String::new()),
        other => panic!("{other:?} has no usual answer"),
    }
}

fn trailer(body: &Body) -> Option<String> {
    match body {
        Body::Payload {
            range,
            framing: Framing::AwsChunked(algorithm),
        } => Some(digest(*algorithm, range.clone()).to_base64()),
        _ => None,
    }
}
