//! What the service tells of itself in numbers.

use std::time::{SystemTime, UNIX_EPOCH};

use sealift_queue::{Counts, State};
use sealift_serve::{Counter, Gauge, Metrics, MetricsError};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Uploaded,
    Retried,
    Failed,
    Cancelled,
    /// The watched file was another one by then.
    Superseded,
}

impl End {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Uploaded, "uploaded"),
        (Self::Retried, "retried"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::Superseded, "superseded"),
    ];
}

/// The numbers.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    ends: [Counter; End::ALL.len()],
    sent: Counter,
    found: Counter,
    unusable: Counter,
    link: Gauge,
    last_success: Gauge,
    jobs: [Gauge; State::ALL.len()],
    bytes: [Gauge; State::ALL.len()],
}

impl Figures {
    pub(super) fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let end = |word| {
            let help = "Attempts to upload a file, by how they ended.";
            metrics.counter("sealift_attempts_total", help, &[("outcome", word)])
        };
        let jobs = |state: State| {
            let help = "Jobs of the queue, by their state.";
            metrics.gauge("sealift_queue_jobs", help, &[("state", state.as_str())])
        };
        let bytes = |state: State| {
            let help = "Sizes of the files of the queue's jobs, by their state.";
            metrics.gauge("sealift_queue_bytes", help, &[("state", state.as_str())])
        };
        let figures = Self {
            ends: all(End::ALL.map(|(_, word)| end(word)))?,
            sent: metrics.counter(
                "sealift_sent_bytes_total",
                "Bytes of files that were sent, each as often as it was.",
                &[],
            )?,
            found: metrics.counter(
                "sealift_found_files_total",
                "Complete files that were found in watched folders.",
                &[],
            )?,
            unusable: metrics.counter(
                "sealift_unusable_files_total",
                "Files in watched folders of which no key could be made.",
                &[],
            )?,
            link: metrics.gauge("sealift_link_up", "Whether the link to AWS works.", &[])?,
            last_success: metrics.gauge(
                "sealift_last_success_timestamp_seconds",
                "When a file was uploaded last.",
                &[],
            )?,
            jobs: all(State::ALL.map(jobs))?,
            bytes: all(State::ALL.map(bytes))?,
        };
        figures.link(true);
        Ok(figures)
    }

    pub(super) fn ended(&self, end: End) {
        for (counter, (kind, _)) in self.ends.iter().zip(End::ALL) {
            if kind == end {
                counter.increment();
            }
        }
        if end == End::Uploaded {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            let seconds = since.map_or(0, |since| since.as_secs());
            self.last_success.set(number(seconds));
        }
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.sent.add(bytes);
    }

    pub(super) fn found(&self, files: usize) {
        self.found.add(u64::try_from(files).unwrap_or(u64::MAX));
    }

    pub(super) fn unusable(&self, files: usize) {
        self.unusable.add(u64::try_from(files).unwrap_or(u64::MAX));
    }

    pub(super) fn link(&self, is_up: bool) {
        self.link.set(i64::from(is_up));
    }

    pub(super) fn counted(&self, counts: &Counts) {
        for (state, (jobs, bytes)) in State::ALL
            .into_iter()
            .zip(self.jobs.iter().zip(&self.bytes))
        {
            let tally = counts.of(state);
            jobs.set(number(tally.jobs));
            bytes.set(number(tally.bytes));
        }
    }
}

fn all<T, const N: usize>(results: [Result<T, MetricsError>; N]) -> Result<[T; N], MetricsError> {
    let mut all = Vec::with_capacity(N);
    for result in results {
        all.push(result?);
    }
    // As many came out as went in.
    all.try_into()
        .map_err(|_| MetricsError::TooMany { name: "sealift" })
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
