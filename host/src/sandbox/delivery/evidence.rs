//! What answered requests say about the object that is there now.

use std::collections::BTreeMap;
use std::ops::Range;

use super::aim::Part;

/// Multipart uploads of one job that are remembered. An honest component begins a second one when
/// the first is gone; of too many, the oldest is forgotten.
const MOST_UPLOADS: usize = 16;

/// What the host knows of the object, by the requests that it saw answered. The latest counts: what
/// makes the object anew replaces what was there.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    uploads: Vec<(String, Parts)>,
    /// How much of the payload the object is, from its beginning on. None while there is no object,
    /// or one of which the host does not know that.
    prefix: Option<u64>,
}

/// The delivered parts of an upload, by number: ranges of the payload, or none where a component sent
/// bytes of its own.
type Parts = BTreeMap<u16, Option<Range<u64>>>;

impl Evidence {
    /// A part holds this range of the payload now, or something else.
    pub(super) fn part(&mut self, part: Part, range: Option<Range<u64>>) {
        let known = self.uploads.iter().position(|(id, _)| *id == part.upload);
        let position = known.unwrap_or_else(|| {
            if self.uploads.len() == MOST_UPLOADS {
                self.uploads.remove(0);
            }
            self.uploads.push((part.upload, Parts::new()));
            self.uploads.len() - 1
        });
        self.uploads[position].1.insert(part.number, range);
    }

    /// The object is this range of the payload now, or something else.
    pub(super) fn object(&mut self, range: Option<Range<u64>>) {
        self.prefix = range
            .filter(|range| range.start == 0)
            .map(|range| range.end);
    }

    /// The object is what the parts of an upload make.
    pub(super) fn completed(&mut self, upload: &str) {
        let parts = self.uploads.iter().find(|(id, _)| id == upload);
        self.prefix = parts.and_then(|(_, parts)| joined(parts));
    }

    /// The object is gone, or nobody knows what it is.
    pub(super) fn lost(&mut self) {
        self.prefix = None;
    }

    /// Whether the object is the whole payload of this length.
    pub(super) fn cover(&self, length: u64) -> bool {
        self.prefix == Some(length)
    }
}

/// How long the parts are together, if each begins where the one before it ends: S3 joins them in the
/// order of their numbers.
fn joined(parts: &Parts) -> Option<u64> {
    parts.values().try_fold(0, |end, range| {
        let range = range.as_ref()?;
        (range.start == end).then_some(range.end)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(upload: &str, number: u16) -> Part {
        let upload = upload.to_owned();
        Part { upload, number }
    }

    /// Parts of ten bytes each, of `a` the odd ones.
    fn halves() -> Evidence {
        let mut evidence = Evidence::default();
        evidence.part(part("a", 1), Some(0..10));
        evidence.part(part("b", 2), Some(10..20));
        evidence
    }

    #[test]
    fn no_request_is_no_evidence_for_nothing_at_all() {
        assert!(!Evidence::default().cover(0));
        let mut evidence = Evidence::default();
        evidence.object(Some(0..0));
        assert!(evidence.cover(0));
    }

    #[test]
    fn one_put_of_everything_is_the_object_and_no_other_is() {
        for (range, covers) in [(0..9, true), (0..8, false), (1..9, false), (0..10, false)] {
            let mut evidence = Evidence::default();
            evidence.object(Some(range));
            assert_eq!(evidence.cover(9), covers);
        }
    }

    #[test]
    fn two_puts_are_two_objects_of_which_the_latter_remains() {
        let mut evidence = Evidence::default();
        evidence.object(Some(0..5));
        evidence.object(Some(5..9));
        assert!(!evidence.cover(9));
        evidence.object(Some(0..9));
        assert!(evidence.cover(9));
        evidence.object(None);
        assert!(!evidence.cover(9));
    }

    #[test]
    fn parts_count_when_their_own_upload_is_completed() {
        let mut evidence = halves();
        evidence.part(part("a", 2), Some(10..20));
        assert!(!evidence.cover(20));
        evidence.completed("b");
        assert!(!evidence.cover(20));
        evidence.completed("a");
        assert!(evidence.cover(20));
        evidence.lost();
        assert!(!evidence.cover(20));
    }

    #[test]
    fn parts_of_two_uploads_or_a_put_do_not_add_up() {
        let mut evidence = halves();
        evidence.object(Some(0..10));
        for upload in ["a", "b", "unknown"] {
            evidence.completed(upload);
            assert!(!evidence.cover(20), "{upload}");
        }
    }

    #[test]
    fn a_part_sent_again_replaces_the_one_before() {
        let mut evidence = halves();
        evidence.part(part("a", 2), None);
        evidence.completed("a");
        assert!(!evidence.cover(20));
        evidence.part(part("a", 2), Some(10..20));
        evidence.completed("a");
        assert!(evidence.cover(20));
    }

    #[test]
    fn uploads_that_are_remembered_are_bounded() {
        let mut evidence = halves();
        for number in 0..100 {
            evidence.part(part(&number.to_string(), 1), Some(0..1));
        }
        assert_eq!(evidence.uploads.len(), MOST_UPLOADS);
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
            let middle = order.index(parts.len());
            parts.rotate_left(middle);
            let mut evidence = Evidence::default();
            for (number, range) in parts.clone() {
                evidence.part(part("u", number), Some(range));
            }
            evidence.completed("u");
            prop_assert!(evidence.cover(1000));

            let (number, range) = parts[spoilt.index(parts.len())].clone();
            evidence.part(part("u", number), Some(range.start + shift..range.end + shift));
            evidence.completed("u");
            prop_assert!(!evidence.cover(1000));
        }
    }
}
