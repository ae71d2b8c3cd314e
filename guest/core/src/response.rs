//! A buffered answer: status, headers and a body of bounded size.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use zeroize::Zeroizing;

use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::excerpt::identifier;

/// The largest answer that is buffered, in bytes. What this crate reads (credentials, error
/// documents) is a few KiB; session tokens have no maximum, hence the room.
pub const MAX_BODY: usize = 1024 * 1024;

/// A whole answer of a server. The body may hold credentials: it is wiped on drop and is not
/// part of `Debug`.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// Takes an answer apart from its connection. A body over [`MAX_BODY`] is `TooLarge`; an
    /// adapter that reads from the network should stop at one byte more than that.
    pub fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Result<Self, Error> {
        let body = Zeroizing::new(body);
        if body.len() > MAX_BODY {
            return Err(Error {
                status: Some(status.as_u16()),
                ..Error::new(
                    ErrorKind::TooLarge,
                    format!("the answer ({status}) is larger than {MAX_BODY} bytes"),
                )
            });
        }
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, at most [`MAX_BODY`] bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The server's clock: the `Date` header in seconds since 1970.
    ///
    /// An answer with an `Age` came from a cache, which says nothing about the time now.
    pub fn date(&self) -> Option<i64> {
        if self.headers.contains_key(header::AGE) {
            return None;
        }
        clock::http_date(self.text(header::DATE.as_str())?)
    }

    /// How long the server asks to wait (RFC 9110 §10.2.3). A date is taken relative to the
    /// answer's own `Date`, so that no clock of ours is involved.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.text(header::RETRY_AFTER.as_str())?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let wait = clock::http_date(value)?.checked_sub(self.date()?)?;
        Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
    }

    /// The type of error that a service names in a header, `AccessDeniedException` for instance.
    pub(crate) fn error_type(&self) -> Option<String> {
        let named = self.text("x-amzn-errortype")?;
        // The type may be followed by a colon and the URI of its namespace.
        identifier(named.split(':').next().unwrap_or_default())
    }

    /// A header's value, if there is one and it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header's value, if it has the form of an identifier.
    pub(crate) fn identifier(&self, name: &str) -> Option<String> {
        self.text(name).and_then(identifier)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;

    fn with(headers: &[(&'static str, &'static str)]) -> Response {
        let headers = headers.iter().map(|&(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Response::new(StatusCode::OK, headers.collect(), b"hush".to_vec()).unwrap()
    }

    #[test]
    fn a_body_over_the_limit_is_too_large() {
        let body = vec![0; MAX_BODY + 1];
        let error = Response::new(StatusCode::OK, HeaderMap::new(), body).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert_eq!(error.status, Some(200));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |headers| with(headers).retry_after();
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(&[
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")
            ]),
            Some(Duration::from_mins(1))
        );
        assert_eq!(
            wait(&[
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")
            ]),
            Some(Duration::ZERO)
        );
        assert_eq!(wait(&[("retry-after", "-1")]), None);
        assert_eq!(wait(&[("retry-after", "99999999999999999999")]), None);
    }

    #[test]
    fn a_cached_answer_does_not_tell_the_time() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(with(&[date]).date(), Some(784_111_777));
        assert_eq!(with(&[date, ("age", "5")]).date(), None);
    }

    #[test]
    fn debug_does_not_show_the_body() {
        assert!(!format!("{:?}", with(&[])).contains("hush"));
        assert!(!format!("{:?}", with(&[])).contains("104"));
    }
}
