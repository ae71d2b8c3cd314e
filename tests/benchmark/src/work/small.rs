//! One small file from a cold process: P3.

use anyhow::Result;

use super::{Effort, SMALL, counted};
use crate::peers::{Peers, Side};
use crate::process;
use crate::samples::Comparison;
use crate::table::{Check, Row, time};

/// So many more runs than of large transfers; the AWS CLI, which takes its time, gets by with fewer.
const MORE: usize = 10;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let file = peers.stage.file("small", SMALL)?;
    let work = |side| {
        let run = || process::run(peers.fetch_and_put(side, &file));
        counted(peers, side, SMALL, run).map(|(usage, _)| usage)
    };
    // The compiled component.
    peers.stage.clear("cache")?;
    let first = work(Side::Sealift)?;
    let quick = Comparison::run(&[Side::Sealift, Side::Curl], MORE * effort.rounds, work)?;
    let slow = Comparison::run(&[Side::AwsCli], effort.rounds, work)?;
    let (sealift, curl, aws) = (
        quick.of(Side::Sealift),
        quick.of(Side::Curl),
        slow.of(Side::AwsCli),
    );
    Ok(Row {
        id: "P3",
        work: "one file of 4 KiB, cold process, credentials by mutual TLS: wall time".into(),
        figures: vec![
            format!("sealift {}", time(sealift.wall())),
            format!("two curl {}", time(curl.wall())),
            format!("aws-cli {}", time(aws.wall())),
            format!("sealift for the first time {}", time(first.wall)),
        ],
        checks: vec![
            Check::times(sealift.wall(), 1.0, curl.wall(), "two curl"),
            Check::times(sealift.wall(), 0.05, aws.wall(), "aws-cli"),
        ],
    })
}
