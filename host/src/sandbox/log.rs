//! What a component writes to its standard output and error, in the log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A line that is longer is cut, so that a component which never ends one is still heard.
const LONGEST_LINE: usize = 1024;

/// Both streams of one instance: a bounded number of bytes become log lines, the rest is dropped.
#[derive(Clone, Debug)]
pub(super) struct GuestLog(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    left: usize,
    line: Vec<u8>,
}

impl GuestLog {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            left: limit,
            line: Vec::new(),
        })))
    }

    fn take(&self, bytes: &[u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(bytes);
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        if self.left == 0 {
            return;
        }
        let kept = bytes.len().min(self.left);
        self.left -= kept;
        for &byte in &bytes[..kept] {
            if byte == b'\n' {
                self.flush();
            } else {
                self.line.push(byte);
                if self.line.len() == LONGEST_LINE {
                    self.flush();
                }
            }
        }
        if self.left == 0 {
            self.flush();
            tracing::warn!(target: "component", "the component wrote too much; the rest of its output is not logged");
        }
    }

    fn flush(&mut self) {
        if !self.line.is_empty() {
            // Escaped: a component must not be able to drive the operator's terminal.
            tracing::info!(target: "component", "{}", self.line.escape_ascii());
            self.line.clear();
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.flush();
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded() {
        let mut lines = Lines {
            left: 10,
            line: Vec::new(),
        };
        for _ in 0..1000 {
            lines.take(b"0123456789abcdef");
        }
        assert_eq!((lines.left, lines.line.len()), (0, 0));
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut lines = Lines {
            left: 1 << 20,
            line: Vec::new(),
        };
        lines.take(&vec![b'x'; 10 * LONGEST_LINE + 3]);
        assert_eq!(lines.line.len(), 3);
    }
}
