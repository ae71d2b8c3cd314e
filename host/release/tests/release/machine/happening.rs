//! What may happen to a device.

use proptest::collection::vec;
use proptest::prelude::*;
use sealift_release::{Release, Requester, RollBackTo, SlotName, Verdict, Window};

use crate::examples::release;

/// Something that may happen next.
#[derive(Clone, Debug)]
pub(crate) enum Happens {
    Started,
    Offer(Vec<usize>, Requester),
    Download(bool),
    Check(bool),
    Reconsider(Window),
    JobBegins,
    JobEnds(Verdict),
    BroughtBack,
    /// What is on disk in a slot is lost, and noticed.
    Damage(SlotName),
    Told,
    Hold,
    Release,
    Pin(usize),
    Unpin,
    RollBack(RollBackTo),
    /// An answer that nobody waits for.
    Stale(usize, u8),
}

pub(crate) fn happens() -> impl Strategy<Value = Happens> {
    let by = prop_oneof![
        4 => Just(Requester::Schedule),
        1 => Just(Requester::Message),
        1 => Just(Requester::Person { force: false }),
        1 => Just(Requester::Person { force: true }),
    ];
    let verdict = prop_oneof![
        40 => Just(Verdict::Succeeded),
        1 => Just(Verdict::Failed),
        1 => Just(Verdict::Inconclusive),
        1 => Just(Verdict::Trapped { note: "trap".into() }),
        1 => Just(Verdict::TimedOut),
        1 => Just(Verdict::Unproven),
    ];
    let window = prop_oneof![3 => Just(Window::Open), 1 => Just(Window::Closed)];
    let slot = prop_oneof![Just(SlotName::A), Just(SlotName::B)];
    let to = prop_oneof![Just(RollBackTo::Previous), Just(RollBackTo::Factory)];
    prop_oneof![
        6 => (vec(0..RELEASES, 1..4), by).prop_map(|(releases, by)| Happens::Offer(releases, by)),
        20 => prop::bool::weighted(0.9).prop_map(Happens::Download),
        20 => prop::bool::weighted(0.9).prop_map(Happens::Check),
        2 => window.prop_map(Happens::Reconsider),
        60 => Just(Happens::JobBegins),
        60 => verdict.prop_map(Happens::JobEnds),
        4 => Just(Happens::BroughtBack),
        3 => Just(Happens::Started),
        1 => slot.prop_map(Happens::Damage),
        1 => Just(Happens::Told),
        1 => Just(Happens::Hold),
        4 => Just(Happens::Release),
        1 => (0..RELEASES).prop_map(Happens::Pin),
        4 => Just(Happens::Unpin),
        1 => to.prop_map(Happens::RollBack),
        1 => (0..RELEASES, 0..4u8).prop_map(|(index, kind)| Happens::Stale(index, kind)),
    ]
}

const RELEASES: usize = 8;

/// Two of them have the same bytes, and two the same version.
pub(crate) fn known(index: usize) -> Release {
    let (version, bytes) = [
        ("1.0.0", "a"),
        ("1.1.0", "b"),
        ("1.2.0", "c"),
        ("1.2.0", "d"),
        ("2.0.0", "e"),
        ("2.1.0", "e"),
        ("2.2.0-rc.1", "f"),
        ("2.2.0", "g"),
    ][index];
    release(version, bytes)
}
