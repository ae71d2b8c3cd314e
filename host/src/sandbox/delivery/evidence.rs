//! What requests and their answers say about the object that is there now.
//!
//! A request that left may have done its work, whether it was answered or not: a component can let go
//! of an answer. So what a request would do is taken down before it leaves, and counts against the
//! object until the store refuses it. Requests that do the same, such as attempts of the same
//! thing, do not contradict each other, in whatever order they arrive.

use std::collections::BTreeMap;
use std::ops::Range;

use super::aim::Part;

/// Multipart uploads of one job. An honest component begins a second one when the first is gone; of
/// those beyond, nothing is known.
const MOST_UPLOADS: usize = 16;

/// What the host knows of the object, by the requests that it saw.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    uploads: Vec<(String, Parts)>,
    /// What the object may be by the requests that were not refused, and how many say so.
    claims: BTreeMap<Claim, usize>,
    /// Answers that said that there is an object by one of the claims.
    confirmations: usize,
    /// Whether parts of earlier instances were counted.
    recalled: bool,
    lost: bool,
}

/// How much of the payload an object is, from its beginning on; none if it is something else, or
/// nobody knows.
pub(super) type Claim = Option<u64>;

/// The parts of an upload, by number.
type Parts = BTreeMap<u16, Content>;

/// All that was ever sent as a part.
#[derive(Debug)]
struct Content {
    /// Of the payload.
    range: Range<u64>,
    stored: bool,
}

impl Evidence {
    /// This range of the payload is about to be sent as a part. False if the part may then be one
    /// or another thing.
    #[must_use]
    pub(super) fn send_part(&mut self, part: &Part, range: &Range<u64>) -> bool {
        self.content(part, range).is_some()
    }

    /// The part was answered, `whole` if all of it had gone out by then.
    pub(super) fn stored(&mut self, part: &Part, range: &Range<u64>, whole: bool) {
        if let Some(content) = self.content(part, range) {
            content.stored = whole;
        }
    }

    /// An earlier instance delivered this part.
    pub(super) fn recall(&mut self, part: &Part, range: &Range<u64>) {
        match self.content(part, range) {
            Some(content) => content.stored = true,
            None => self.lose(),
        }
    }

    /// Whether the parts of earlier instances are yet to be counted. That is asked once.
    pub(super) fn recall_begins(&mut self) -> bool {
        !std::mem::replace(&mut self.recalled, true)
    }

    /// Whether the parts of earlier instances were counted.
    pub(super) fn has_recalled(&self) -> bool {
        self.recalled
    }

    /// The object that the parts with these numbers make, joined in this order.
    pub(super) fn joined(&self, upload: &str, numbers: &[u16]) -> Claim {
        let (_, parts) = self.uploads.iter().find(|(id, _)| id == upload)?;
        numbers.iter().try_fold(0, |end, number| {
            let content = parts.get(number).filter(|content| content.stored)?;
            (content.range.start == end).then_some(content.range.end)
        })
    }

    /// A request that makes this of the object is about to be sent.
    pub(super) fn claim(&mut self, claim: Claim) {
        *self.claims.entry(claim).or_default() += 1;
    }

    /// Such a request was refused: it did nothing.
    pub(super) fn refused(&mut self, claim: Claim) {
        if let Some(count) = self.claims.get_mut(&claim) {
            *count -= 1;
            if *count == 0 {
                self.claims.remove(&claim);
            }
        }
    }

    /// An answer says that such a request made the object.
    pub(super) fn confirmed(&mut self) {
        self.confirmations += 1;
    }

    /// An answer that seemed to say so does not.
    pub(super) fn unconfirmed(&mut self) {
        self.confirmations -= 1;
    }

    /// Nothing that was or will be seen says anything about the object.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Whether that has happened.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether the object is the whole payload of this length.
    pub(super) fn cover(&self, length: u64) -> bool {
        let certain = self.claims.keys().eq([&Some(length)]);
        !self.lost && self.confirmations > 0 && certain
    }

    /// The place of a part, for this range; nothing if it is another's.
    fn content(&mut self, part: &Part, range: &Range<u64>) -> Option<&mut Content> {
        let known = self.uploads.iter().position(|(id, _)| *id == part.upload);
        let position = known.unwrap_or(self.uploads.len());
        if position == MOST_UPLOADS {
            return None;
        }
        if position == self.uploads.len() {
            self.uploads.push((part.upload.clone(), Parts::new()));
        }
        let new = || Content {
            range: range.clone(),
            stored: false,
        };
        let (_, parts) = &mut self.uploads[position];
        let content = parts.entry(part.number).or_insert_with(new);
        (content.range == *range).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(upload: &str, number: u16) -> Part {
        let upload = upload.to_owned();
        Part { upload, number }
    }

    fn deliver(evidence: &mut Evidence, part: &Part, range: &Range<u64>) {
        assert!(evidence.send_part(part, range));
        evidence.stored(part, range, true);
    }

    /// Parts of ten bytes each, of `a` the odd ones.
    fn halves() -> Evidence {
        let mut evidence = Evidence::default();
        deliver(&mut evidence, &part("a", 1), &(0..10));
        deliver(&mut evidence, &part("b", 2), &(10..20));
        evidence
    }

    #[test]
    fn no_request_is_no_evidence_for_nothing_at_all() {
        assert!(!Evidence::default().cover(0));
        let mut evidence = Evidence::default();
        evidence.claim(Some(0));
        assert!(!evidence.cover(0));
        evidence.confirmed();
        assert!(evidence.cover(0));
    }

    #[test]
    fn an_object_is_whole_if_everything_that_left_makes_it_so() {
        let mut evidence = Evidence::default();
        evidence.claim(Some(9));
        evidence.claim(Some(9));
        evidence.confirmed();
        assert!(evidence.cover(9));
        assert!(!evidence.cover(8));
        for other in [None, Some(8), Some(10)] {
            evidence.claim(other);
            assert!(!evidence.cover(9), "{other:?}");
            evidence.refused(other);
            assert!(evidence.cover(9), "{other:?}");
        }
    }

    #[test]
    fn parts_make_an_object_of_their_own_upload_alone() {
        let mut evidence = halves();
        assert_eq!(evidence.joined("a", &[1, 2]), None);
        deliver(&mut evidence, &part("a", 2), &(10..20));
        assert_eq!(evidence.joined("a", &[1, 2]), Some(20));
        assert_eq!(evidence.joined("b", &[2]), None);
        assert_eq!(evidence.joined("unknown", &[1, 2]), None);
    }

    #[test]
    fn a_part_that_is_left_out_is_not_in_the_object() {
        let mut evidence = halves();
        deliver(&mut evidence, &part("a", 2), &(10..20));
        deliver(&mut evidence, &part("a", 3), &(20..30));
        assert_eq!(evidence.joined("a", &[1, 2, 3]), Some(30));
        assert_eq!(evidence.joined("a", &[1, 3]), None);
        assert_eq!(evidence.joined("a", &[1, 2]), Some(20));
        assert_eq!(evidence.joined("a", &[2, 1, 3]), None);
    }

    #[test]
    fn a_part_is_one_range_and_never_another() {
        let mut evidence = halves();
        assert!(!evidence.send_part(&part("a", 1), &(10..20)));
        assert!(evidence.send_part(&part("a", 1), &(0..10)));
    }

    #[test]
    fn a_part_that_was_answered_too_early_counts_when_it_was_sent_again() {
        let mut evidence = halves();
        evidence.stored(&part("a", 1), &(0..10), false);
        assert_eq!(evidence.joined("a", &[1]), None);
        deliver(&mut evidence, &part("a", 1), &(0..10));
        assert_eq!(evidence.joined("a", &[1]), Some(10));
    }

    #[test]
    fn what_is_recalled_does_not_take_the_place_of_what_was_sent() {
        let mut evidence = halves();
        evidence.claim(Some(10));
        evidence.confirmed();
        evidence.recall(&part("a", 1), &(0..10));
        assert!(evidence.cover(10));
        evidence.recall(&part("a", 1), &(5..10));
        assert!(!evidence.cover(10));
    }

    #[test]
    fn uploads_that_are_remembered_are_bounded() {
        let mut evidence = halves();
        for number in evidence.uploads.len()..MOST_UPLOADS {
            deliver(&mut evidence, &part(&number.to_string(), 1), &(0..1));
        }
        assert!(!evidence.send_part(&part("one more", 1), &(0..1)));
        assert_eq!(evidence.uploads.len(), MOST_UPLOADS);
        assert!(evidence.send_part(&part("a", 1), &(0..10)));
    }

    proptest! {
        #[test]
        fn parts_make_the_payload_only_in_order_and_without_gap_or_overlap(
            cuts in prop::collection::btree_set(1_u64..1000, 0..20),
            order in any::<prop::sample::Index>(),
            spoilt in any::<prop::sample::Index>(),
            shift in 1_u64..5,
        ) {
            let ends: Vec<u64> = cuts.into_iter().chain([1000]).collect();
            let starts = [0].into_iter().chain(ends.iter().copied());
            let mut parts: Vec<_> = (1..).zip(starts.zip(ends.clone()).map(|(from, to)| from..to)).collect();
            let numbers: Vec<u16> = parts.iter().map(|(number, _)| *number).collect();
            let middle = order.index(parts.len());
            parts.rotate_left(middle);
            let mut evidence = Evidence::default();
            for (number, range) in &parts {
                deliver(&mut evidence, &part("u", *number), range);
            }
            prop_assert_eq!(evidence.joined("u", &numbers), Some(1000));

            let spoilt = spoilt.index(parts.len());
            let mut evidence = Evidence::default();
            for (place, (number, range)) in parts.iter().enumerate() {
                let shift = if place == spoilt { shift } else { 0 };
                deliver(&mut evidence, &part("u", *number), &(range.start + shift..range.end + shift));
            }
            prop_assert_ne!(evidence.joined("u", &numbers), Some(1000));
        }
    }
}
