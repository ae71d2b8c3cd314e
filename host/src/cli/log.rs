//! The log, on standard error or in the journal.

use std::io::{self, IsTerminal};

use rustix::fs::fstat;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::{Command, Global};

/// What fields are called in the journal: `SEALIFT_JOB`, for instance.
const FIELDS: &str = "SEALIFT";

/// Starts logging. Only our own crates and components are heard: what libraries
/// log about connections has headers in it, and headers have tokens in them.
///
/// A service has no other way to tell what it does: it says more, with `--json` each line is an object, and
/// under systemd the journal has jobs and severities as fields.
pub(super) fn start(global: &Global, command: &Command) {
    let is_service = matches!(command, Command::Run);
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) if !is_service => LevelFilter::WARN,
        (_, 0 | 1) => LevelFilter::INFO,
        (_, _) => LevelFilter::DEBUG,
    };
    let layer = match is_service {
        true if global.json => objects(),
        true if stderr_is_the_journal() => journal().unwrap_or_else(lines),
        _ => lines(),
    };
    let targets = ["sealift", "component", "localcloud"];
    let filter = targets.into_iter().fold(Targets::new(), |filter, target| {
        filter.with_target(target, level)
    });
    tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .init();
}

type AnyLayer<S> = Box<dyn Layer<S> + Send + Sync>;

fn lines<S: tracing::Subscriber + for<'a> LookupSpan<'a>>() -> AnyLayer<S> {
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(coloured)
        .with_target(false)
        .boxed()
}

fn objects<S: tracing::Subscriber + for<'a> LookupSpan<'a>>() -> AnyLayer<S> {
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stderr)
        .boxed()
}

/// The journal's own protocol, if it listens.
fn journal<S: tracing::Subscriber + for<'a> LookupSpan<'a>>() -> Option<AnyLayer<S>> {
    let layer = tracing_journald::layer().ok()?;
    let layer = layer.with_field_prefix(Some(FIELDS.to_owned()));
    Some(layer.with_syslog_identifier("sealift".to_owned()).boxed())
}

/// Whether systemd connected standard error with the journal: it says so by device and inode (systemd.exec(5),
/// `$JOURNAL_STREAM`).
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    fstat(io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}
