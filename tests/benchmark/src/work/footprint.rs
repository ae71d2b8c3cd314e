//! Sizes of what is installed: P10.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::peers::Programs;
use crate::table::{Check, Row};

const PROGRAM: u64 = 25_000_000;
const COMPONENT: u64 = 600_000;

pub(super) fn measure(programs: &Programs) -> Result<Row> {
    let program = fs::metadata(&programs.sealift)?.len();
    let build = programs.sealift.with_file_name("build");
    let component = newest_component(&build)
        .with_context(|| format!("no component below `{}`", build.display()))?;
    Ok(Row {
        id: "P10",
        work: "size on disk".into(),
        figures: vec![
            format!("program {}, stand-in cloud included", megabytes(program)),
            format!("component {}", kilobytes(component)),
        ],
        checks: vec![
            Check::at_most(program, PROGRAM, megabytes),
            Check::at_most(component, COMPONENT, kilobytes),
        ],
    })
}

/// The size of the component that the last build embedded.
fn newest_component(build: &Path) -> Result<u64> {
    let mut newest = None;
    for entry in fs::read_dir(build)? {
        let Ok(found) = entry?.path().join("out/factory.wasm").metadata() else {
            continue;
        };
        newest = newest.max(Some((
            found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            found.len(),
        )));
    }
    newest.map(|(_, bytes)| bytes).context("it was never built")
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}
