//! Names of things in a file.

use std::fs;
use std::path::Path;

use sealift_config::ThingName;

use crate::cli::{ExitStatus, Failure};

/// Why a file does not name things.
#[derive(Debug, thiserror::Error)]
enum ThingsError {
    #[error("cannot read the names of things in `{path}`")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("line {line} of `{path}` is not the name of a thing")]
    Name {
        path: String,
        line: usize,
        source: sealift_config::NameError,
    },
}

/// One in each line; empty lines and those that begin with `#` are none.
pub(super) fn of_file(path: &Path) -> Result<Vec<ThingName>, Failure> {
    let shown = || path.display().to_string();
    let usage = |error: ThingsError| Failure::new(ExitStatus::Usage, error);
    let text = fs::read_to_string(path).map_err(|source| {
        let path = shown();
        usage(ThingsError::Read { path, source })
    })?;
    let lines = text.lines().map(str::trim).zip(1..);
    let names = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    names
        .map(|(name, line)| {
            name.parse().map_err(|source| {
                let path = shown();
                usage(ThingsError::Name { path, line, source })
            })
        })
        .collect()
}
