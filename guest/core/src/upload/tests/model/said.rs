//! What a store answers.

use http::{HeaderMap, HeaderValue, StatusCode};

use super::payload::other;
use crate::checksum::{Algorithm, Digest};
use crate::response::Response;

#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Said {
    pub(super) fn refusal(status: u16, code: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: format!("<Error><Code>{code}</Code></Error>"),
        }
    }

    pub(super) fn ok(headers: Vec<(&'static str, String)>, body: String) -> Self {
        Self {
            status: 200,
            headers,
            body,
        }
    }

    pub(super) fn is_success(&self) -> bool {
        self.status == 200 && !self.body.contains("<Error>")
    }

    pub(super) fn response(&self) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let status = StatusCode::from_u16(self.status).unwrap();
        Response::new(status, headers, self.body.clone().into_bytes()).unwrap()
    }

    /// Breaks off in the middle of the document.
    pub(super) fn cut(mut self) -> Self {
        let end = self.body.len() / 2;
        self.body.truncate(end);
        self
    }

    /// Tells another entity tag.
    pub(super) fn with_another_tag(mut self) -> Self {
        for (name, value) in &mut self.headers {
            if *name == "etag" {
                *value = format!("\"not-{}", value.trim_start_matches('"'));
            }
        }
        self.body = self.body.replacen("<ETag>\"", "<ETag>\"not-", 1);
        self
    }

    /// Tells another checksum, where it tells one.
    pub(super) fn with_another_checksum(mut self, algorithm: Algorithm) -> Self {
        let header = algorithm.header();
        for (name, value) in &mut self.headers {
            if *name == header.as_str() {
                *value = another(algorithm, value);
            }
        }
        let element = format!("<Checksum{}>", algorithm.s3_name());
        if let Some((before, rest)) = self.body.split_once(&element)
            && let Some((value, after)) = rest.split_once('<')
        {
            let value = another(algorithm, value);
            self.body = format!("{before}{element}{value}<{after}");
        }
        self
    }
}

/// Keeps the number of parts behind a checksum of checksums.
fn another(algorithm: Algorithm, value: &str) -> String {
    let (digest, parts) = value.split_once('-').unwrap_or((value, ""));
    let digest = other(&Digest::from_base64(algorithm, digest).unwrap()).to_base64();
    match parts {
        "" => digest,
        parts => format!("{digest}-{parts}"),
    }
}
