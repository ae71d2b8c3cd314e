//! Which ranges of a stream are there.

use std::collections::BTreeMap;
use std::ops::Range;

/// The most pieces that are held at a time. An upload has a few parts in flight; this bounds what a
/// component that acquires byte by byte makes us remember.
pub(crate) const MOST_PIECES: usize = 1024;

/// How far beside a released piece is looked for what was released before, in bytes: file systems
/// free whole blocks, of at most this size, so that a block across two pieces is freed with the
/// second.
const BLOCK: u64 = 64 * 1024;

/// The pieces of a stream that were acquired and not released. Each begins where the one before
/// ended.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The end of each piece, by its beginning.
    pieces: BTreeMap<u64, u64>,
    /// Bytes in all pieces.
    bytes: u64,
    /// Where the next piece begins.
    position: u64,
}

/// Why a range is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It reaches beyond what was acquired, or ends before it begins.
    NotAcquired,
    /// All of it was acquired, and some of it was released.
    Released,
}

impl Held {
    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes acquired so far, released or not.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether as many pieces are held as may be.
    pub(crate) fn is_full(&self) -> bool {
        self.pieces.len() >= MOST_PIECES
    }

    /// Takes up the next piece.
    pub(crate) fn acquire(&mut self, length: u64) -> Range<u64> {
        let piece = self.position..self.position + length;
        if !piece.is_empty() {
            self.pieces.insert(piece.start, piece.end);
            self.bytes += length;
            self.position = piece.end;
        }
        piece
    }

    /// Forgets the pieces that are wholly within `range`. Answers with what need not be kept any
    /// more: these pieces, and what was released before around them.
    pub(crate) fn release(&mut self, range: &Range<u64>) -> Vec<Range<u64>> {
        if range.is_empty() {
            return Vec::new();
        }
        let within: Vec<_> = self
            .pieces
            .range(range.clone())
            .map(|(&start, &end)| start..end)
            .filter(|piece| piece.end <= range.end)
            .collect();
        for piece in &within {
            self.pieces.remove(&piece.start);
            self.bytes -= piece.end - piece.start;
        }
        within.iter().map(|piece| self.widened(piece)).collect()
    }

    /// A piece that is not held, and what is not held on either side of it.
    fn widened(&self, piece: &Range<u64>) -> Range<u64> {
        let before = self.pieces.range(..piece.start).next_back();
        let after = self.pieces.range(piece.end..).next();
        let lowest = before.map_or(0, |(_, &end)| end);
        let highest = after.map_or(self.position, |(&start, _)| start);
        let start = piece.start.saturating_sub(BLOCK).max(lowest);
        start..(piece.end + BLOCK).min(highest)
    }

    /// Whether every byte of `range` is held.
    pub(crate) fn check(&self, range: &Range<u64>) -> Result<(), Missing> {
        if range.start > range.end || range.end > self.position {
            return Err(Missing::NotAcquired);
        }
        if self.held_from(range.start) < range.end {
            return Err(Missing::Released);
        }
        Ok(())
    }

    /// Up to where everything is held from `offset` on; `offset` itself if that is not held.
    pub(crate) fn held_from(&self, offset: u64) -> u64 {
        let before = self.pieces.range(..=offset).next_back();
        let mut reached = match before {
            Some((_, &end)) if end > offset => end,
            _ => return offset,
        };
        while let Some(&end) = self.pieces.get(&reached) {
            reached = end;
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::cast_possible_truncation,
        reason = "tests"
    )]

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Acquire(u64),
        Release(Range<u64>),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..8_u64).prop_map(Step::Acquire),
            (0..60_u64, 0..20_u64).prop_map(|(start, length)| Step::Release(start..start + length)),
        ];
        proptest::collection::vec(step, 0..30)
    }

    /// Byte by byte: which piece each byte belongs to, or that it was released.
    #[derive(Default)]
    struct Model(Vec<Option<u64>>);

    impl Model {
        fn acquire(&mut self, length: u64) {
            let start = self.0.len() as u64;
            self.0.extend((0..length).map(|_| Some(start)));
        }

        fn release(&mut self, range: &Range<u64>) {
            for start in range.clone() {
                let piece = |byte: &Option<u64>| *byte == Some(start);
                let end = self.0.iter().rposition(piece).map_or(0, |last| last + 1);
                if end > 0 && end as u64 <= range.end {
                    self.0[start as usize..end].fill(None);
                }
            }
        }

        fn check(&self, range: &Range<u64>) -> Result<(), Missing> {
            let bytes = self.0.get(range.start as usize..range.end as usize);
            match bytes {
                None => Err(Missing::NotAcquired),
                Some(bytes) if bytes.iter().all(Option::is_some) => Ok(()),
                Some(_) => Err(Missing::Released),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_held_agrees_with_a_look_at_every_byte(steps in steps()) {
            let (mut held, mut model) = (Held::default(), Model::default());
            for step in steps {
                match step {
                    Step::Acquire(length) => {
                        let piece = held.acquire(length);
                        prop_assert_eq!(piece.end - piece.start, length);
                        model.acquire(length);
                    }
                    Step::Release(range) => {
                        let before = model.0.clone();
                        model.release(&range);
                        let forgotten = held.release(&range);
                        let is_forgotten = |byte: usize| {
                            forgotten.iter().any(|range| range.contains(&(byte as u64)))
                        };
                        for (byte, piece) in model.0.iter().enumerate() {
                            let went = before[byte].is_some() && piece.is_none();
                            prop_assert!(is_forgotten(byte) || !went, "{byte} is kept for nobody");
                            prop_assert!(!is_forgotten(byte) || piece.is_none(), "{byte} is lost");
                        }
                    }
                }
                prop_assert_eq!(held.bytes(), model.0.iter().flatten().count() as u64);
                prop_assert_eq!(held.position(), model.0.len() as u64);
                for start in 0..model.0.len() as u64 + 2 {
                    for end in start..model.0.len() as u64 + 2 {
                        prop_assert_eq!(held.check(&(start..end)), model.check(&(start..end)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_piece_that_is_released_in_part_stays() {
        let mut held = Held::default();
        held.acquire(10);
        assert_eq!(held.release(&(0..9)), []);
        assert_eq!(held.check(&(0..10)), Ok(()));
    }

    #[test]
    fn a_reversed_range_is_none() {
        let mut held = Held::default();
        held.acquire(10);
        let reversed = Range { start: 5, end: 4 };
        assert_eq!(held.check(&reversed), Err(Missing::NotAcquired));
        assert_eq!(held.release(&reversed), []);
        assert_eq!(held.bytes(), 10);
    }
}
