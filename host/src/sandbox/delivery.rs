//! What the host itself saw of an upload: which bytes went out and were answered.
//!
//! A component reports what it did; whether a local file may be called uploaded must not
//! rest on that. So the host remembers each range that it attached to a request, and
//! whether that very request took all of it and got a 2xx.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sealift_payload::Sending;

/// The field by which a request refers to its delivery between `attach` and `handle`.
/// Components cannot set it, and it never leaves the host.
pub(super) const FIELD: HeaderName = HeaderName::from_static("sealift-delivery");

/// The deliveries of one job.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries(Arc<Mutex<Vec<Delivery>>>);

#[derive(Debug)]
struct Delivery {
    range: Range<u64>,
    sending: Sending,
    answered: bool,
}

/// One delivery, under way.
#[derive(Debug)]
pub(super) struct Ticket {
    deliveries: Deliveries,
    number: usize,
}

impl Deliveries {
    /// Remembers that `range` was attached, and answers the value of [`FIELD`].
    pub(super) fn attached(&self, range: Range<u64>, sending: Sending) -> HeaderValue {
        let mut deliveries = self.lock();
        deliveries.push(Delivery {
            range,
            sending,
            answered: false,
        });
        HeaderValue::from(deliveries.len() - 1)
    }

    /// Takes the delivery of a request out of its fields.
    pub(super) fn claim(&self, fields: &mut HeaderMap) -> Option<Ticket> {
        let number = fields.remove(FIELD)?.to_str().ok()?.parse().ok()?;
        let deliveries = self.clone();
        Some(Ticket { deliveries, number })
    }

    /// Whether answered deliveries cover all of `0..length`.
    pub(super) fn cover(&self, length: u64) -> bool {
        let deliveries = self.lock();
        let answered = deliveries.iter().filter(|delivery| delivery.answered);
        let mut ranges: Vec<_> = answered.map(|delivery| delivery.range.clone()).collect();
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

    fn lock(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The request was answered. That counts only if all of the range had gone out by then: a
    /// server that answers sooner has not got it.
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(delivery) = self.deliveries.lock().get_mut(self.number) {
            let gone = delivery.range.is_empty() || delivery.sending.finished();
            delivery.answered |= status.is_success() && gone;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::single_range_in_vec_init,
        reason = "tests"
    )]

    use super::*;

    /// Deliveries of empty sendings: those of ranges without bytes count as gone.
    fn answered(ranges: &[Range<u64>]) -> Deliveries {
        let deliveries = Deliveries::default();
        for range in ranges {
            deliveries.attached(range.clone(), Sending::default());
            deliveries.lock().last_mut().unwrap().answered = true;
        }
        deliveries
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
        let mut fields = HeaderMap::new();
        fields.insert(FIELD, deliveries.attached(0..9, Sending::default()));
        let ticket = deliveries.claim(&mut fields).unwrap();
        assert!(fields.is_empty());
        ticket.answered(StatusCode::OK);
        assert!(!deliveries.cover(9));
    }

    #[test]
    fn a_refusal_does_not_count() {
        let deliveries = Deliveries::default();
        let mut fields = HeaderMap::new();
        fields.insert(FIELD, deliveries.attached(0..0, Sending::default()));
        deliveries
            .claim(&mut fields)
            .unwrap()
            .answered(StatusCode::FORBIDDEN);
        assert!(!deliveries.cover(0));
    }
}
