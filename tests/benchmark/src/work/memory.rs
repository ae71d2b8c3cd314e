//! Resident memory while one large file is sent: P5.

use anyhow::Result;

use super::{Effort, put};
use crate::peers::{Peers, Side};
use crate::samples::Comparison;
use crate::table::{Check, Row, mebibytes};

const LIMIT: u64 = 24 << 20;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let bytes = 4 * effort.large;
    let file = [peers.stage.file("huge", bytes)?];
    let sides = [Side::Sealift, Side::Curl, Side::Awscrt];
    let all = Comparison::run(&sides, 2, |side| {
        put(peers, side, &file, bytes).map(|(usage, _)| usage)
    })?;
    Ok(Row {
        id: "P5",
        work: format!("one file of {} MiB: peak resident memory", bytes >> 20),
        figures: all
            .sides()
            .map(|(side, samples)| format!("{} {}", side.name(), mebibytes(samples.peak())))
            .collect(),
        checks: vec![Check::at_most(
            all.of(Side::Sealift).peak(),
            LIMIT,
            mebibytes,
        )],
    })
}
