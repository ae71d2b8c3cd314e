//! Results on standard output.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use sealift::report;
use serde::Serialize;

use crate::cli::Failure;

/// Standard output, which many small results go to. On a terminal each is seen at once, elsewhere
/// they are gathered until somebody [flushes](Self::flush).
#[derive(Debug)]
pub(super) struct Results {
    out: BufWriter<Stdout>,
    at_once: bool,
    /// The first write that failed; what follows goes nowhere.
    failure: Option<io::Error>,
}

/// Standard output does not take results.
#[derive(Debug, thiserror::Error)]
#[error("cannot write results to standard output")]
struct ResultsError(#[source] io::Error);

impl Results {
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        Self {
            at_once: stdout.is_terminal(),
            out: BufWriter::with_capacity(64 * 1024, stdout),
            failure: None,
        }
    }

    /// A line of text.
    pub(super) fn line(&mut self, text: &str) {
        self.attempt(|out| writeln!(out, "{}", report::harmless(text)));
        if self.at_once {
            self.flush();
        }
    }

    /// One JSON object on a line of its own.
    pub(super) fn json(&mut self, result: &impl Serialize) {
        match serde_json::to_string(result) {
            Ok(text) => self.line(&text),
            Err(error) => self.attempt(|_| Err(error.into())),
        }
    }

    /// Lets go what was gathered.
    pub(super) fn flush(&mut self) {
        self.attempt(Write::flush);
    }

    /// Whether all results were taken. A reader that has seen enough (`| head -1`) is no error.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.flush();
        match self.failure {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::failed(ResultsError(error)))
            }
            _ => Ok(()),
        }
    }

    fn attempt(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.out).err();
        }
    }
}
