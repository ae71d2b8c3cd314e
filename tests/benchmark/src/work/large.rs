//! 1 GiB as four files of 256 MiB: P1 and P2.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::{Effort, put};
use crate::peers::{Peers, Side};
use crate::samples::{Comparison, Samples};
use crate::table::{Check, Row, time};

const FILES: u64 = 4;
const SIDES: [Side; 4] = [Side::Sealift, Side::Curl, Side::Awscrt, Side::AwscrtSingle];

/// P1 and P2, which are two readings of the same runs.
pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<[Row; 2]> {
    let files = files(peers, effort)?;
    let mut handshakes = SIDES.map(|side| (side, 0));
    let all = Comparison::run(&SIDES, effort.rounds, |side| {
        let (usage, tally) = put(peers, side, &files, total(effort))?;
        for (_, most) in handshakes.iter_mut().filter(|(other, _)| *other == side) {
            *most = tally.handshakes.max(*most);
        }
        Ok(usage)
    })?;
    let work = describe(effort);
    let p1 = row(
        "P1",
        format!("{work}: processor time"),
        &all,
        Samples::cpu,
        0.40,
    );
    let mut p2 = row(
        "P2",
        format!("{work}: wall time"),
        &all,
        Samples::wall,
        0.50,
    );
    let handshakes = handshakes.map(|(side, count)| format!("{} {count}", side.name()));
    p2.figures
        .push(format!("TLS handshakes: {}", handshakes.join(", ")));
    Ok([p1, p2])
}

/// The files, in the page cache.
pub(super) fn files(peers: &Peers<'_>, effort: Effort) -> Result<Vec<PathBuf>> {
    (0..FILES)
        .map(|number| peers.stage.file(&format!("large-{number}"), effort.large))
        .collect()
}

/// Their size together, in bytes.
pub(super) fn total(effort: Effort) -> u64 {
    FILES * effort.large
}

/// The work in words.
pub(super) fn describe(effort: Effort) -> String {
    format!("{FILES} × {} MiB", effort.large >> 20)
}

fn row(
    id: &'static str,
    work: String,
    all: &Comparison,
    figure: fn(&Samples) -> Duration,
    awscrt_limit: f64,
) -> Row {
    let of = |side| figure(all.of(side));
    // The better of the two for them: one does less work, the other spreads it over the cores.
    let awscrt = of(Side::Awscrt).min(of(Side::AwscrtSingle));
    Row {
        id,
        work,
        figures: all
            .sides()
            .map(|(side, samples)| format!("{} {}", side.name(), time(figure(samples))))
            .collect(),
        checks: vec![
            Check::times(of(Side::Sealift), 0.80, of(Side::Curl), "curl"),
            Check::times(of(Side::Sealift), awscrt_limit, awscrt, "awscrt"),
        ],
    }
}
