//! The progress bar: on a terminal only.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sealift::gateway::Observer;
use sealift::put::Plan;
use sealift::sandbox::{Directive, Step};
use sealift_payload::Sending;

use super::args::Global;

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";

/// Watches all uploads of a call.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// How many, if there are several.
    files: Option<usize>,
    sums: RefCell<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    /// Bytes of all files; unknown while one of them is a stream.
    total: Option<u64>,
    /// Bytes of the files that came to their end, whichever.
    done: u64,
    files_done: usize,
    under_way: Vec<Arc<Sent>>,
}

/// One upload of them. It has come to its end when this is dropped.
pub(super) struct Watched<'a> {
    progress: &'a Progress,
    size: Cell<u64>,
    sent: Arc<Sent>,
}

/// What of a file was handed to the network, each byte counted once however often it was sent, and how
/// often it was tried.
#[derive(Debug, Default)]
struct Sent {
    ranges: Mutex<Ranges>,
    tries: Mutex<Tries>,
}

/// What was tried for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// Requests made to carry its bytes.
    pub(super) attempts: u32,
    /// Why requests failed that were tried again, oldest first; of many the latest.
    pub(super) reasons: VecDeque<String>,
}

/// Reasons are kept for so many failures, as a component keeps those that it tells.
const MOST_REASONS: usize = 50;

#[derive(Debug, Default)]
struct Ranges {
    /// By where they begin: the latest attempt of each.
    under_way: BTreeMap<u64, Sending>,
    /// Lengths of those that were handed over whole. An object has up to 10 000 of them.
    whole: BTreeMap<u64, u64>,
}

impl Progress {
    /// A bar for all objects of a plan; hidden unless somebody looks.
    pub(super) fn new(global: &Global, plan: &Plan, dry_run: bool) -> Self {
        let seen = std::io::stderr().is_terminal() && !global.json && !global.quiet && !dry_run;
        let target = if seen {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let total = plan.items.iter().map(|item| item.size).sum();
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        let files = match plan.items.as_slice() {
            [item] => {
                bar.set_message(item.key.clone());
                None
            }
            items => Some(items.len()),
        };
        let sums = Sums {
            total,
            ..Sums::default()
        };
        Self {
            bar,
            files,
            sums: RefCell::new(sums),
        }
    }

    /// An upload begins of what the plan knows to have this size.
    pub(super) fn begin(&self, planned: Option<u64>) -> Watched<'_> {
        let sent = Arc::new(Sent::default());
        self.sums.borrow_mut().under_way.push(Arc::clone(&sent));
        Watched {
            progress: self,
            size: Cell::new(planned.unwrap_or(0)),
            sent,
        }
    }

    /// Draws the bar as it is now.
    pub(super) fn draw(&self) {
        if self.bar.is_hidden() {
            return;
        }
        let sums = self.sums.borrow();
        if let Some(files) = self.files {
            self.bar
                .set_message(format!("{}/{files} files", sums.files_done));
        }
        let sent: u64 = sums.under_way.iter().map(|file| file.bytes()).sum();
        if let Some(total) = sums.total {
            self.bar.set_length(total);
        }
        self.bar.set_position(sums.done.saturating_add(sent));
    }

    /// Writes something else to the terminal.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watched<'_> {
    /// The file was opened, and has this size by now.
    pub(super) fn measured(&self, size: u64) {
        let planned = self.size.replace(size);
        let mut sums = self.progress.sums.borrow_mut();
        let others = sums.total.map(|total| total.saturating_sub(planned));
        sums.total = others.map(|others| others.saturating_add(size));
    }

    /// What was tried for it so far.
    pub(super) fn tries(&self) -> Tries {
        lock(&self.sent.tries).clone()
    }

    /// What the upload is to report to.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.sent) as _
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let mut sums = self.progress.sums.borrow_mut();
        sums.under_way.retain(|file| !Arc::ptr_eq(file, &self.sent));
        sums.done = sums.done.saturating_add(self.size.get());
        sums.files_done += 1;
    }
}

impl Sent {
    fn bytes(&self) -> u64 {
        let ranges = self.ranges();
        let whole: u64 = ranges.whole.values().sum();
        let under_way: u64 = ranges.under_way.values().map(Sending::sent).sum();
        whole.saturating_add(under_way)
    }

    fn ranges(&self) -> MutexGuard<'_, Ranges> {
        lock(&self.ranges)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Sent {
    fn sending(&self, range: Range<u64>, sending: &Sending) {
        let mut tries = lock(&self.tries);
        tries.attempts = tries.attempts.saturating_add(1);
        drop(tries);
        let mut ranges = self.ranges();
        let Ranges { under_way, whole } = &mut *ranges;
        under_way.retain(|&start, sending| {
            let finished = sending.finished();
            if finished {
                whole.insert(start, sending.sent());
            }
            !finished
        });
        whole.remove(&range.start);
        under_way.insert(range.start, sending.clone());
    }

    fn step(&self, step: &Step) -> Directive {
        if let Step::Retrying(retry) = step {
            tracing::info!(reason = %retry.reason, delay_ms = retry.delay, "trying again");
            let reasons = &mut lock(&self.tries).reasons;
            if reasons.len() == MOST_REASONS {
                reasons.pop_front();
            }
            reasons.push_back(retry.reason.clone());
        }
        Directive::GoOn
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http_body_util::BodyExt;
    use sealift::sandbox::Retry;
    use sealift_payload::{FileBody, Framing, Source};

    use super::*;

    const SIZE: u64 = 100_000;

    /// Attaches a range as the sandbox does.
    fn attach(sent: &Sent, source: &Source, range: Range<u64>) -> FileBody {
        let (body, sending) = source
            .body(range.clone(), Framing::Raw { checksum: None })
            .unwrap();
        sent.sending(range, &sending);
        body
    }

    #[test]
    fn what_was_tried_is_remembered_and_of_many_reasons_the_latest() {
        let (file, sent) = (tempfile::NamedTempFile::new().unwrap(), Sent::default());
        file.as_file().set_len(SIZE).unwrap();
        let source = Source::open(file.path()).unwrap();
        for number in 0..60 {
            drop(attach(&sent, &source, 0..SIZE));
            let retry = Retry {
                reason: number.to_string(),
                delay: 0,
            };
            assert_eq!(sent.step(&Step::Retrying(retry)), Directive::GoOn);
        }
        let tries = lock(&sent.tries).clone();
        assert_eq!((tries.attempts, tries.reasons.len()), (60, 50));
        assert_eq!((&*tries.reasons[0], &*tries.reasons[49]), ("10", "59"));
    }

    #[tokio::test]
    async fn a_byte_that_is_sent_again_counts_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(SIZE).unwrap();
        let (sent, source) = (Sent::default(), Source::open(file.path()).unwrap());
        attach(&sent, &source, 0..60_000).collect().await.unwrap();
        assert_eq!(sent.bytes(), 60_000);
        attach(&sent, &source, 60_000..SIZE)
            .collect()
            .await
            .unwrap();
        assert_eq!(sent.bytes(), SIZE);
        let mut again = attach(&sent, &source, 0..60_000);
        assert_eq!(sent.bytes(), 40_000);
        again.frame().await.unwrap().unwrap();
        assert!((40_001..=SIZE).contains(&sent.bytes()), "{}", sent.bytes());
        again.collect().await.unwrap();
        assert_eq!(sent.bytes(), SIZE);
    }
}
