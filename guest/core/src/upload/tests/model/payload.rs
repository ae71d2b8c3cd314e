//! What a store holds of a payload, and the checksums that this has.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex};

use sha2::{Digest as _, Sha256};

use super::chance::Chance;
use crate::checksum::{Algorithm, Digest};
use crate::upload::parts::MIN_PART;
use crate::upload::tests::plan;

/// The most parts of a payload.
const MOST_PARTS: u64 = 8;

/// Ends of payloads, in bytes of their last part: few, so that checksums need not be computed for each case.
const TAILS: [u64; 6] = [1, 7, 4096, MIN_PART / 2 + 3, MIN_PART - 1, MIN_PART];

/// A length of up to [`MOST_PARTS`] of the smallest parts.
pub(super) fn length(chance: &mut Chance) -> u64 {
    let before = chance.draw() % MOST_PARTS;
    before * MIN_PART + TAILS[chance.below(TAILS.len())]
}

/// Some bytes in a store. Which they should be is known from their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: Range<u64>,
    /// Whether they are what was meant.
    pub(super) sound: bool,
}

impl Piece {
    pub(super) fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// The checksum of the bytes that are really there.
    pub(super) fn digest(&self, algorithm: Algorithm) -> Digest {
        let digest = digest(algorithm, self.range.clone());
        if self.sound { digest } else { other(&digest) }
    }

    /// A tag that follows from the content, as S3's do.
    pub(super) fn etag(&self) -> String {
        let Range { start, end } = self.range;
        let mark = if self.sound { "" } else { "-damaged" };
        format!("\"{start}-{end}{mark}\"")
    }
}

/// An object's bytes, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Something that others have put there.
    Foreign,
    Pieces(Vec<Piece>),
}

impl Content {
    /// The payload, of which this is a piece.
    pub(super) fn of(range: Range<u64>) -> Self {
        Self::Pieces(vec![Piece { range, sound: true }])
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Foreign => 12,
            Self::Pieces(pieces) => pieces.iter().map(Piece::length).sum(),
        }
    }

    /// Whether it is a payload of that length: its pieces follow each other without gap or overlap.
    pub(super) fn is_whole(&self, length: u64) -> bool {
        let Self::Pieces(pieces) = self else {
            return false;
        };
        let follows = |reached: u64, piece: &Piece| {
            (piece.sound && piece.range.start == reached).then_some(piece.range.end)
        };
        pieces.iter().try_fold(0, follows) == Some(length)
    }

    /// The checksum of all bytes.
    pub(super) fn digest(&self, algorithm: Algorithm) -> Digest {
        let range = 0..self.length();
        if self.is_whole(range.end) {
            return digest(algorithm, range);
        }
        other(&digest(algorithm, 0..1))
    }

    /// The checksum of the pieces' checksums ("Checking object integrity", Amazon S3 User Guide).
    pub(super) fn composite(&self) -> String {
        let Self::Pieces(pieces) = self else {
            return format!("{}-1", digest(Algorithm::Sha256, 0..1).to_base64());
        };
        let mut hash = Sha256::new();
        for piece in pieces {
            hash.update(piece.digest(Algorithm::Sha256).as_bytes());
        }
        let digest = Digest::from_bytes(Algorithm::Sha256, hash.finalize().to_vec()).unwrap();
        format!("{}-{}", digest.to_base64(), pieces.len())
    }

    pub(super) fn etag(&self) -> String {
        match self {
            Self::Foreign => "\"foreign\"".to_owned(),
            Self::Pieces(pieces) => {
                let tags: Vec<_> = pieces.iter().map(Piece::etag).collect();
                format!("\"{}\"", tags.join("+").replace('"', ""))
            }
        }
    }
}

/// The true checksum of a range of the payload.
pub(super) fn digest(algorithm: Algorithm, range: Range<u64>) -> Digest {
    type Known = HashMap<(Algorithm, Range<u64>), Digest>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    let digest = known
        .entry((algorithm, range.clone()))
        .or_insert_with(|| plan::digest(algorithm, range));
    digest.clone()
}

/// Another one than this.
pub(super) fn other(digest: &Digest) -> Digest {
    let mut bytes = digest.as_bytes().to_vec();
    bytes[0] ^= 1;
    Digest::from_bytes(digest.algorithm(), bytes).unwrap()
}
