//! What the sandbox costs: P6.

use anyhow::Result;

use super::{Effort, large, put};
use crate::peers::{Peers, Side};
use crate::samples::Comparison;
use crate::table::{Check, Row, time};

/// The two sides are so close that it takes more rounds to tell them apart.
const MORE: usize = 4;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let files = large::files(peers, effort)?;
    let sides = [Side::Sealift, Side::Native];
    let all = Comparison::run(&sides, MORE * effort.rounds, |side| {
        put(peers, side, &files, large::total(effort)).map(|(usage, _)| usage)
    })?;
    let (sealift, native) = (all.of(Side::Sealift).cpu(), all.of(Side::Native).cpu());
    Ok(Row {
        id: "P6",
        work: format!(
            "{}: the sandbox's tax in processor time",
            large::describe(effort)
        ),
        figures: vec![
            format!("sealift {}", time(sealift)),
            format!("native {}", time(native)),
        ],
        checks: vec![Check::times(sealift, 1.05, native, "native")],
    })
}
