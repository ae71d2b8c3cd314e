//! A file-backed body that can be told from any other.

use std::cell::RefCell;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderName};
use http_body::{Body, Frame, SizeHint};
use sealift_payload::{FileBody, Framing, Sending};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

/// A range of the payload in a body.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) range: Range<u64>,
    pub(super) framing: Framing,
    pub(super) sending: Sending,
}

/// By which a store knows how a body is framed.
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");

thread_local! {
    /// Where a body that is asked who it is leaves its parcel. Only while somebody asks, and only on
    /// the thread that asks: other bodies of the job are on their way at the same time, and hyper
    /// wants to know their sizes too.
    static DESK: RefCell<Desk> = const { RefCell::new(Desk::Closed) };
}

enum Desk {
    Closed,
    Open(Option<Parcel>),
}

/// The body of a range of the payload.
///
/// `wasi:http` hands bodies on without their type, and a mark in the header fields could be copied
/// by the component. The body itself cannot: so it leaves its parcel on the desk when it is asked
/// for its size.
pub(in super::super) struct Attached {
    body: FileBody,
    parcel: Parcel,
}

impl Attached {
    pub(super) fn new(body: FileBody, parcel: Parcel) -> Self {
        Self { body, parcel }
    }
}

impl Parcel {
    /// What is in the body, if it is an attached one.
    pub(super) fn in_body(body: &WasiBody) -> Option<Self> {
        DESK.replace(Desk::Open(None));
        let _ = body.size_hint();
        match DESK.replace(Desk::Closed) {
            Desk::Open(parcel) => parcel,
            Desk::Closed => None,
        }
    }

    /// Whether a request with these fields gives the store the range, and not its framing as well
    /// ("Transferring payload in multiple chunks", Amazon S3 API Reference).
    pub(super) fn is_announced_by(&self, fields: &HeaderMap) -> bool {
        let one = |name| {
            let mut values = fields.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())
        };
        let length = self.range.end - self.range.start;
        match self.framing {
            Framing::AwsChunked(_) => {
                one(CONTENT_SHA256).is_some_and(|hash| hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
                    && one(DECODED_LENGTH).is_some_and(|decoded| *decoded == length.to_string())
            }
            Framing::Raw { .. } => {
                let hash = fields.get_all(CONTENT_SHA256);
                let coding = fields.get_all(CONTENT_ENCODING);
                !fields.contains_key(DECODED_LENGTH)
                    && !hash
                        .iter()
                        .any(|hash| mentions(hash.as_bytes(), b"streaming"))
                    && !coding
                        .iter()
                        .any(|coding| mentions(coding.as_bytes(), b"aws-chunked"))
            }
        }
    }

    /// Whether all of it has gone out.
    pub(super) fn gone(&self) -> bool {
        self.range.is_empty() || self.sending.finished()
    }
}

fn mentions(value: &[u8], word: &[u8]) -> bool {
    value
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

impl Body for Attached {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(
            frame.map(|frame| {
                frame.map_err(|error| HttpError::InternalError(Some(error.to_string())))
            }),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        DESK.with_borrow_mut(|desk| {
            if let Desk::Open(parcel) = desk {
                *parcel = Some(self.parcel.clone());
            }
        });
        self.body.size_hint()
    }
}
