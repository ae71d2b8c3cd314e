//! A folder of small files: P4.

use anyhow::Result;

use super::{Effort, SMALL, put};
use crate::peers::{Peers, Side};
use crate::samples::Comparison;
use crate::table::{Check, Row, time};

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let folder = [peers
        .stage
        .folder(&format!("many-{}", effort.many), effort.many, SMALL)?];
    let mut handshakes = 0;
    let all = Comparison::run(&[Side::Sealift, Side::Awscrt], effort.rounds, |side| {
        let (usage, tally) = put(peers, side, &folder, SMALL * effort.many as u64)?;
        if side == Side::Sealift {
            handshakes = handshakes.max(tally.handshakes);
        }
        Ok(usage)
    })?;
    let (sealift, awscrt) = (all.of(Side::Sealift), all.of(Side::Awscrt));
    Ok(Row {
        id: "P4",
        work: format!("{} files of 4 KiB: wall time", effort.many),
        figures: vec![
            format!("sealift {}", time(sealift.wall())),
            format!("awscrt {}", time(awscrt.wall())),
        ],
        checks: vec![
            Check::times(sealift.wall(), 0.60, awscrt.wall(), "awscrt"),
            Check::at_most(handshakes, 10, |count| format!("{count} handshakes")),
        ],
    })
}
