//! What goes wrong with a request.

use super::chance::Chance;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The connection breaks, and the store has not seen the request.
    Before,
    /// The connection breaks after the store has done it.
    After,
    /// The connection breaks, and the request arrives after others that were made later.
    Late,
    /// The store has done it, and says that it failed.
    LateError,
    /// Somebody has aborted all uploads.
    Vanished,
    /// The credentials are dead from now on.
    Expired,
    /// The answer breaks off.
    Cut,
    /// The store has it right, and tells another entity tag.
    OtherTag,
    /// The store has it right, and tells another checksum.
    OtherChecksum,
    /// The store keeps other bytes than were sent.
    Damaged,
    /// Not done.
    Refused(u16, &'static str),
}

impl Mishap {
    const ALL: [Self; 16] = [
        Self::Before,
        Self::After,
        Self::Late,
        Self::LateError,
        Self::Vanished,
        Self::Expired,
        Self::Cut,
        Self::OtherTag,
        Self::OtherChecksum,
        Self::Damaged,
        Self::Refused(503, "SlowDown"),
        Self::Refused(500, "InternalError"),
        Self::Refused(429, "TooManyRequests"),
        Self::Refused(400, "BadDigest"),
        Self::Refused(409, "ConditionalRequestConflict"),
        Self::Refused(409, "OperationAborted"),
    ];

    /// One in so many of a hundred cases; often the one that was before, since trouble lasts.
    pub(super) fn draw(trouble: u8, before: Option<Self>, chance: &mut Chance) -> Option<Self> {
        if !chance.in_hundred(trouble) {
            return None;
        }
        let again = before.filter(|_| chance.in_hundred(40));
        Some(again.unwrap_or_else(|| Self::ALL[chance.below(Self::ALL.len())]))
    }
}
