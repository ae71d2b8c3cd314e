//! Results on standard output, remarks on standard error.

use std::fmt::Display;
use std::io::{self, Write};

use sealift::report;
use serde::Serialize;

use super::Failure;

/// Standard output does not take results.
#[derive(Debug, thiserror::Error)]
#[error("cannot write results to standard output")]
struct OutputError(#[source] io::Error);

/// Prints a line of text.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    settle(writeln!(io::stdout().lock(), "{}", report::harmless(text)))
}

/// Prints lines of text that end as they are.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    settle(io::stdout().lock().write_all(text.as_bytes()))
}

/// Prints one JSON object on a line of its own.
pub(crate) fn json(result: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(result).map_err(Failure::failed)?;
    line(&text)
}

/// Says something on standard error. Whether anybody listens does not change the outcome.
pub(crate) fn remark(text: impl Display) {
    let text = report::harmless(&text.to_string());
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A reader that has seen enough (`| head -1`) is no error.
fn settle(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(OutputError(error)))
        }
        _ => Ok(()),
    }
}
