//! What the host itself saw of an upload: which bytes went out and were answered.
//!
//! A component reports what it did; whether a local file may be called uploaded must not
//! rest on that. So the host remembers each range of the payload that went out with a request to
//! the job's own object, and whether that very request took all of it and got a 2xx.

use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use sealift_payload::{FileBody, Sending};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::target::Target;

/// The deliveries of one job.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries {
    sent: Arc<Mutex<Vec<Delivery>>>,
    /// Where an attached body says who it is: see [`Attached`].
    desk: Arc<Mutex<Option<Parcel>>>,
}

/// A range of the payload in a body.
#[derive(Clone, Debug)]
struct Parcel {
    range: Range<u64>,
    sending: Sending,
}

/// A range of the payload in a request that was sent to the object.
#[derive(Debug)]
struct Delivery {
    parcel: Parcel,
    answered: bool,
}

/// One delivery, under way.
#[derive(Debug)]
pub(super) struct Ticket {
    deliveries: Deliveries,
    number: usize,
}

impl Deliveries {
    /// The body for a range of the payload.
    pub(super) fn attach(&self, body: FileBody, range: Range<u64>, sending: Sending) -> Attached {
        let parcel = Parcel { range, sending };
        let desk = Arc::clone(&self.desk);
        Attached { body, parcel, desk }
    }

    /// Remembers a request that takes a range of the payload to the object.
    pub(super) fn send(
        &self,
        request: &http::Request<WasiBody>,
        target: &Target,
    ) -> Option<Ticket> {
        let parcel = self.recognise(request.body())?;
        if !target.is(request.method(), request.uri()) {
            return None;
        }
        let mut sent = lock(&self.sent);
        sent.push(Delivery {
            parcel,
            answered: false,
        });
        let number = sent.len() - 1;
        Some(Ticket {
            deliveries: self.clone(),
            number,
        })
    }

    /// Asks a body, whose type is erased, whether it is an attached one: it then puts its parcel on
    /// the desk. An instance sends one request at a time, so nobody else's can be there.
    fn recognise(&self, body: &WasiBody) -> Option<Parcel> {
        *lock(&self.desk) = None;
        let _ = body.size_hint();
        lock(&self.desk).take()
    }

    /// Whether answered deliveries cover all of `0..length`.
    pub(super) fn cover(&self, length: u64) -> bool {
        let sent = lock(&self.sent);
        let answered = sent.iter().filter(|delivery| delivery.answered);
        let mut ranges: Vec<_> = answered
            .map(|delivery| delivery.parcel.range.clone())
            .collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let reached = ranges.iter().fold(0, |reached, range| {
            if range.start > reached {
                reached
            } else {
                range.end.max(reached)
            }
        });
        !ranges.is_empty() && reached >= length
    }
}

impl Ticket {
    /// The request was answered. That counts only if all of the range had gone out by then: a
    /// server that answers sooner has not got it.
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(delivery) = lock(&self.deliveries.sent).get_mut(self.number) {
            let Parcel { range, sending } = &delivery.parcel;
            let gone = range.is_empty() || sending.finished();
            delivery.answered = status.is_success() && gone;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file-backed body that can be told from any other.
///
/// `wasi:http` hands bodies on without their type, and a mark in the header fields could be copied
/// by the component. The body itself cannot: so it leaves its parcel on the desk of its job
/// whenever it is asked for its size.
pub(super) struct Attached {
    body: FileBody,
    parcel: Parcel,
    desk: Arc<Mutex<Option<Parcel>>>,
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
        *lock(&self.desk) = Some(self.parcel.clone());
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::single_range_in_vec_init,
        reason = "tests"
    )]

    use http::Method;
    use http_body_util::BodyExt;
    use sealift_payload::{Framing, Source};

    use super::*;

    const PLACE: &str = "https://store.example/bucket/a%20key";

    fn target() -> Target {
        let origin = "https://store.example".parse().unwrap();
        Target::in_store(vec![(origin, "/bucket/a key".into())])
    }

    fn answered(ranges: &[Range<u64>]) -> Deliveries {
        let deliveries = Deliveries::default();
        for range in ranges {
            let parcel = Parcel {
                range: range.clone(),
                sending: Sending::default(),
            };
            lock(&deliveries.sent).push(Delivery {
                parcel,
                answered: true,
            });
        }
        deliveries
    }

    /// A request of nine bytes, none of which has gone out, and the file that holds them.
    fn request(
        deliveries: &Deliveries,
        method: Method,
        uri: &str,
    ) -> (http::Request<WasiBody>, tempfile::NamedTempFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"nine byte").unwrap();
        let source = Source::open(file.path()).unwrap();
        let (body, sending) = source.body(0..9, Framing::Raw { checksum: None }).unwrap();
        let body = deliveries.attach(body, 0..9, sending).boxed_unsync();
        let request = http::Request::builder().method(method).uri(uri).body(body);
        (request.unwrap(), file)
    }

    #[test]
    fn nothing_covers_nothing_without_an_answer() {
        assert!(!Deliveries::default().cover(0));
        assert!(answered(&[0..0]).cover(0));
    }

    #[test]
    fn a_gap_is_not_covered() {
        assert!(answered(&[5..9, 0..5]).cover(9));
        assert!(!answered(&[0..4, 5..9]).cover(9));
        assert!(!answered(&[0..5]).cover(9));
    }

    #[test]
    fn an_answer_before_the_bytes_are_gone_does_not_count() {
        let deliveries = Deliveries::default();
        let (request, _file) = request(&deliveries, Method::PUT, PLACE);
        deliveries
            .send(&request, &target())
            .unwrap()
            .answered(StatusCode::OK);
        assert!(!deliveries.cover(9));
    }

    #[tokio::test]
    async fn an_answer_to_all_of_the_bytes_counts_unless_it_is_a_refusal() {
        for (status, counts) in [(StatusCode::OK, true), (StatusCode::FORBIDDEN, false)] {
            let deliveries = Deliveries::default();
            let (request, _file) = request(&deliveries, Method::PUT, PLACE);
            let ticket = deliveries.send(&request, &target()).unwrap();
            request.into_body().collect().await.unwrap();
            ticket.answered(status);
            assert_eq!(deliveries.cover(9), counts, "{status}");
        }
    }

    #[test]
    fn bytes_that_go_elsewhere_are_no_delivery() {
        let deliveries = Deliveries::default();
        let elsewhere = [
            (Method::GET, PLACE),
            (Method::PUT, "https://store.example/bucket/another"),
            (Method::PUT, "https://elsewhere.example/bucket/a%20key"),
            (Method::PUT, "http://store.example/bucket/a%20key"),
        ];
        for (method, uri) in elsewhere {
            let (request, _file) = request(&deliveries, method, uri);
            assert!(deliveries.send(&request, &target()).is_none(), "{uri}");
        }
    }

    #[test]
    fn a_request_without_the_payload_is_no_delivery() {
        let deliveries = Deliveries::default();
        drop(request(&deliveries, Method::PUT, PLACE));
        let body = http_body_util::Empty::new()
            .map_err(|never| match never {})
            .boxed_unsync();
        let empty = http::Request::put(PLACE).body(body).unwrap();
        assert!(deliveries.send(&empty, &target()).is_none());
    }
}
