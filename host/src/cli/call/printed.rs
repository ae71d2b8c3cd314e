//! An answer on standard output.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use sealift::sandbox::Receiver;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::io::{AsyncWriteExt, Stdout};

use crate::cli::{Failure, output};

/// An answer that arrives. Its body is printed as it comes, or in one object with `--json`; it is no longer than
/// `network.response_limit`.
pub(super) struct Printed {
    stdout: Stdout,
    include: bool,
    status: StatusCode,
    collected: Option<Collected>,
    /// The beginning of the body of an error, which names it.
    error: Vec<u8>,
    reader_has_left: bool,
}

/// Errors are named at the beginning of their answers, and are short, in bytes.
const ERROR: usize = 16 * 1024;

/// How a service answered.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    /// Whether the same request may work later.
    pub(super) may_work_later: bool,
}

#[derive(Default)]
struct Collected {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// An answer in JSON: a body that is not UTF-8 is told in base64.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
struct Told {
    status: u16,
    headers: Map<String, Value>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Body(String),
    BodyBase64(String),
}

impl Printed {
    pub(super) fn new(json: bool, include: bool) -> Self {
        Self {
            stdout: tokio::io::stdout(),
            include,
            status: StatusCode::OK,
            collected: json.then(Collected::default),
            error: Vec::new(),
            reader_has_left: false,
        }
    }

    /// Whether the reader of standard output had seen enough (`| head -1`), which is no error.
    pub(super) fn reader_has_left(&self) -> bool {
        self.reader_has_left
    }

    /// Prints what is left to print.
    pub(super) fn finish(self) -> Result<Answered, Failure> {
        if let Some(Collected { headers, body }) = self.collected {
            output::json(&Told {
                status: self.status.as_u16(),
                headers: told(&headers),
                body: match String::from_utf8(body) {
                    Ok(text) => Body::Body(text),
                    Err(error) => Body::BodyBase64(STANDARD.encode(error.as_bytes())),
                },
            })?;
        }
        Ok(Answered {
            status: self.status,
            may_work_later: sealift_core::call::may_work_later(self.status, &self.error),
        })
    }

    async fn print(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut written = self.stdout.write_all(bytes).await;
        if written.is_ok() {
            written = self.stdout.flush().await;
        }
        if let Err(error) = &written {
            self.reader_has_left = error.kind() == io::ErrorKind::BrokenPipe;
        }
        written
    }
}

impl Receiver for Printed {
    async fn head(&mut self, status: StatusCode, headers: &HeaderMap) -> io::Result<()> {
        self.status = status;
        if let Some(collected) = &mut self.collected {
            collected.headers = headers.clone();
            return Ok(());
        }
        if !self.include {
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        self.print(&head).await
    }

    async fn piece(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.status.is_client_error() && self.error.len() < ERROR {
            self.error.extend_from_slice(&bytes);
        }
        if let Some(collected) = &mut self.collected {
            collected.body.extend_from_slice(&bytes);
            return Ok(());
        }
        self.print(&bytes).await
    }
}

/// Each header by its name; what comes several times is joined as RFC 9110, 5.3 allows.
fn told(headers: &HeaderMap) -> Map<String, Value> {
    let text = |name| {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    };
    let names = headers.keys();
    names
        .map(|name| (name.to_string(), Value::String(text(name))))
        .collect()
}
