//! How long an urgent file waits while large ones are sent.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Effort, PATIENCE};
use crate::discard::Counts;
use crate::peers::Peers;
use crate::samples::median;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, time};

const LIMIT: Duration = Duration::from_millis(500);

/// So many urgent files for each round.
const MORE: usize = 4;

/// A large file is under way when so many bytes more arrived.
const UNDER_WAY: u64 = 256 << 10;

/// The slow links: what is sent at once is then the rate limit's matter.
const RATES: [(&str, &str); 3] = [
    ("no rate limit", ""),
    ("limited to 8 MiB/s", "[network]\nlimit_rate = \"8MiB\""),
    ("limited to 1 MiB/s", "[network]\nlimit_rate = \"1MiB\""),
];

/// Large files at once: as many as the service sends, less the place that is kept free of them.
const LARGE: [usize; 2] = [1, 3];

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let bytes = 4 * effort.large;
    let (mut figures, mut checks) = (Vec::new(), Vec::new());
    for (what, network) in RATES {
        for large in LARGE {
            let waits = wait(peers, network, large, bytes, MORE * effort.rounds)?;
            let typical = median(waits.iter().copied());
            let worst = waits.into_iter().max().unwrap_or_default();
            let case = format!("{large} large, {what}");
            figures.push(format!("{case}: median {}", time(typical)));
            checks.push(Check::within(worst, LIMIT, &format!("worst, {case}")));
        }
    }
    Ok(Row {
        id: "Urgent",
        work: format!(
            "an urgent file while files of {} MiB are sent: time from its closing to its last byte",
            bytes >> 20
        ),
        figures,
        checks,
    })
}

/// Writes urgent files, one after the other, while large ones are under way.
fn wait(
    peers: &Peers<'_>,
    network: &str,
    large: usize,
    bytes: u64,
    times: usize,
) -> Result<Vec<Duration>> {
    let (stage, arrivals) = (peers.stage, &peers.server.counts.arrivals);
    stage.clear("urgent.state")?;
    let bulk = stage.empty_folder("urgent.bulk")?;
    let urgent = stage.empty_folder("urgent.urgent")?;
    let rules = format!(
        "{network}\n{}\n{}",
        rule(&bulk, "bulk", 5),
        rule(&urgent, "urgent", 9)
    );
    let service = Service::start(peers, &stage.configure_service("urgent", &rules)?)?;
    arrivals.forget();
    for folder in [&bulk, &urgent] {
        fs::write(folder.join("first"), "")?;
    }
    arrivals.of("/bulk/first", PATIENCE)?;
    arrivals.of("/urgent/first", PATIENCE)?;
    let mut waits = Vec::new();
    let mut load = Load::new(peers, &bulk, large, bytes)?;
    while waits.len() < times {
        load.keep_up()?;
        let key = waits.len().to_string();
        let file = urgent.join(&key);
        fs::write(&file, "urgent")?;
        let closed = Instant::now();
        let arrived = arrivals.of(&format!("/urgent/{key}"), PATIENCE)?;
        // The last large file may have ended meanwhile: then nothing was in the way.
        if load.is_under_way() {
            waits.push(arrived - closed);
        }
        fs::remove_file(file)?;
    }
    drop(service);
    load.clear_away()?;
    Ok(waits)
}

/// Large files, offered again whenever they arrived.
struct Load<'a> {
    counts: &'a Counts,
    bulk: &'a Path,
    files: Vec<Offered>,
}

struct Offered {
    file: PathBuf,
    name: String,
    times: usize,
}

impl<'a> Load<'a> {
    fn new(peers: &Peers<'a>, bulk: &'a Path, large: usize, bytes: u64) -> Result<Self> {
        let file = |number: usize| {
            let name = format!("bulk-{number}");
            let file = peers.stage.file(&name, bytes)?;
            Ok(Offered {
                file,
                name,
                times: 0,
            })
        };
        Ok(Self {
            counts: &peers.server.counts,
            bulk,
            files: (0..large).map(file).collect::<Result<_>>()?,
        })
    }

    /// Offers those that arrived once more, and then waits until bytes flow.
    fn keep_up(&mut self) -> Result<()> {
        let mut offers = false;
        for offered in &mut self.files {
            if self.counts.arrivals.count(&offered.name) < offered.times {
                continue;
            }
            // Moved, a file is another version of itself.
            let place = self.bulk.join(&offered.name);
            if offered.times > 0 {
                fs::rename(&place, &offered.file)?;
            }
            fs::rename(&offered.file, place)?;
            offered.times += 1;
            offers = true;
        }
        if offers {
            self.counts.flow(UNDER_WAY, PATIENCE)?;
        }
        Ok(())
    }

    fn is_under_way(&self) -> bool {
        let mut files = self.files.iter();
        files.all(|offered| self.counts.arrivals.count(&offered.name) < offered.times)
    }

    /// For the next time.
    fn clear_away(self) -> Result<()> {
        for offered in self.files {
            fs::rename(self.bulk.join(offered.name), offered.file)?;
        }
        Ok(())
    }
}

fn rule(folder: &Path, prefix: &str, priority: u8) -> String {
    let folder = folder.display();
    format!(
        "[[watch]]\npath = \"{folder}\"\ndestination = \"s3://{BUCKET}/{prefix}/\"\npriority = {priority}"
    )
}
