//! Where the story is told.

use std::future::Future;
use std::time::Instant;

use serde::Serialize;

use super::super::args::Global;
use super::super::{Failure, output};

/// Tells steps as lines of text, or as JSON for scripts.
pub(super) struct Stage {
    json: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    step: &'a str,
    ok: bool,
    detail: &'a str,
    seconds: f64,
}

impl Stage {
    pub(super) fn new(global: &Global) -> Self {
        Self { json: global.json }
    }

    /// Does something, and tells what happened and how long it took.
    pub(super) async fn step<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, Failure>>,
        detail: impl FnOnce(&T) -> String,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let outcome = work.await;
        let seconds = begun.elapsed().as_secs_f64();
        match &outcome {
            Ok(value) => self.tell(&Told {
                step: name,
                ok: true,
                detail: &detail(value),
                seconds,
            })?,
            Err(failure) => self.tell(&Told {
                step: name,
                ok: false,
                detail: &failure.error.to_string(),
                seconds,
            })?,
        }
        outcome
    }

    fn tell(&self, told: &Told<'_>) -> Result<(), Failure> {
        if self.json {
            return output::json(told);
        }
        let mark = if told.ok { "ok" } else { "FAILED" };
        let milliseconds = told.seconds * 1000.0;
        output::line(&format!(
            "{mark:<6} {:<20} {:>7.1} ms  {}",
            told.step, milliseconds, told.detail
        ))
    }
}
