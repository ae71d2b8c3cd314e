//! One large file in parts, to a store that takes its time: P7.

use anyhow::Result;

use super::{Effort, put};
use crate::peers::{Peers, Side};
use crate::samples::Comparison;
use crate::table::{Check, Row, time};

/// How long the store takes to answer, in milliseconds.
pub(crate) const DELAY: u64 = 50;

/// `peers` talk to a server that answers after [`DELAY`].
pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let bytes = 4 * effort.large;
    let file = [peers.stage.file("huge", bytes)?];
    let sides = [Side::SealiftParts, Side::Awscrt];
    let all = Comparison::run(&sides, effort.rounds, |side| {
        put(peers, side, &file, bytes).map(|(usage, _)| usage)
    })?;
    let (sealift, awscrt) = (all.of(Side::SealiftParts), all.of(Side::Awscrt));
    Ok(Row {
        id: "P7",
        work: format!(
            "one file of {} MiB in parts, answers after {DELAY} ms: wall time",
            bytes >> 20
        ),
        figures: vec![
            format!("sealift {}", time(sealift.wall())),
            format!("awscrt {}", time(awscrt.wall())),
        ],
        checks: vec![Check::times(sealift.wall(), 0.60, awscrt.wall(), "awscrt")],
    })
}
