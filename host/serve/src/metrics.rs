//! Counters and gauges, and the text that Prometheus reads.
//!
//! Two kinds of numbers with a few labels, written as lines of text: the crate `prometheus-client` would
//! want a type for each set of labels, bounds neither their number nor their length, and answers in
//! `OpenMetrics`, where a name says its kind. What is needed is less than what would have to be put around it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod text;

pub(crate) use text::CONTENT_TYPE;

/// Series of all names together. A label that takes any value would fill memory, here and in what scrapes.
const MOST_SERIES: usize = 512;

/// In characters.
const LONGEST_LABEL: usize = 128;

/// What is counted. Copies share their numbers.
///
/// ```
/// let metrics = sealift_serve::Metrics::default();
/// let uploaded = metrics.counter(
///     "sealift_jobs_total",
///     "Jobs that came to an end.",
///     &[("outcome", "uploaded")],
/// )?;
/// uploaded.increment();
/// assert!(metrics.text().contains("sealift_jobs_total{outcome=\"uploaded\"} 1\n"));
/// # Ok::<(), sealift_serve::MetricsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<&'static str, Family>>>);

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

/// All series of one name.
#[derive(Debug)]
struct Family {
    help: &'static str,
    series: Series,
}

#[derive(Debug)]
enum Series {
    Counters(BTreeMap<Labels, Counter>),
    Gauges(BTreeMap<Labels, Gauge>),
}

type Labels = Vec<(&'static str, String)>;

impl Metrics {
    /// The counter of this name and these labels: a new one, or that which is registered already.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Result<Counter, MetricsError> {
        let labels = check(name, labels)?;
        let mut families = self.families();
        let full = is_full(&families);
        let family = families.entry(name).or_insert_with(|| Family {
            help,
            series: Series::Counters(BTreeMap::new()),
        });
        match &mut family.series {
            Series::Counters(counters) => find(counters, labels, name, full),
            Series::Gauges(_) => Err(MetricsError::Kind { name }),
        }
    }

    /// The gauge of this name and these labels: a new one, or that which is registered already.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Result<Gauge, MetricsError> {
        let labels = check(name, labels)?;
        let mut families = self.families();
        let full = is_full(&families);
        let family = families.entry(name).or_insert_with(|| Family {
            help,
            series: Series::Gauges(BTreeMap::new()),
        });
        match &mut family.series {
            Series::Gauges(gauges) => find(gauges, labels, name, full),
            Series::Counters(_) => Err(MetricsError::Kind { name }),
        }
    }

    /// All of them in Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> String {
        text::write(&self.families())
    }

    fn families(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// The number from now on.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// So many more; less, if it is negative.
    pub fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn is_full(families: &BTreeMap<&'static str, Family>) -> bool {
    let series = families.values().map(|family| match &family.series {
        Series::Counters(counters) => counters.len(),
        Series::Gauges(gauges) => gauges.len(),
    });
    series.sum::<usize>() >= MOST_SERIES
}

fn find<N: Clone + Default>(
    numbers: &mut BTreeMap<Labels, N>,
    labels: Labels,
    name: &'static str,
    full: bool,
) -> Result<N, MetricsError> {
    if let Some(number) = numbers.get(&labels) {
        return Ok(number.clone());
    }
    if full {
        return Err(MetricsError::TooMany { name });
    }
    Ok(numbers.entry(labels).or_default().clone())
}

/// By "Metric names and labels" of Prometheus' data model.
fn check(name: &'static str, labels: &[(&'static str, &str)]) -> Result<Labels, MetricsError> {
    if !is_name(name) {
        return Err(MetricsError::Name { name });
    }
    let bad = |(label, value): &&(&'static str, &str)| {
        !is_name(label) || label.starts_with("__") || value.chars().count() > LONGEST_LABEL
    };
    if let Some((label, _)) = labels.iter().find(bad) {
        return Err(MetricsError::Label { name, label });
    }
    let owned = labels
        .iter()
        .map(|(label, value)| (*label, (*value).to_owned()));
    Ok(owned.collect())
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(allowed)
}

/// A number cannot be counted under that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// Not a metric's name.
    #[error("`{name}` cannot be the name of a metric; use a-z A-Z 0-9 _")]
    Name {
        /// The name.
        name: &'static str,
    },
    /// Not a label's name, or too long a value.
    #[error(
        "metric {name} cannot have the label `{label}`: its name is reserved, or its value longer than 128 characters"
    )]
    Label {
        /// The metric.
        name: &'static str,
        /// The label.
        label: &'static str,
    },
    /// The name stands for the other kind of numbers.
    #[error("metric {name} is registered as another kind of number")]
    Kind {
        /// The metric.
        name: &'static str,
    },
    /// There are too many already.
    #[error("metric {name} would be one too many: there may be 512 series in all")]
    TooMany {
        /// The metric.
        name: &'static str,
    },
}

#[cfg(test)]
mod tests;
