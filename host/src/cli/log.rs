//! The log, on standard error.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::{Command, Global};

/// Starts logging. Only our own crates and components are heard: what libraries
/// log about connections has headers in it, and headers have tokens in them.
///
/// A service has no other way to tell what it does: it says more, and with `--json` each line is an object.
pub(super) fn start(global: &Global, command: &Command) {
    let is_service = matches!(command, Command::Run);
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) if !is_service => LevelFilter::WARN,
        (_, 0 | 1) => LevelFilter::INFO,
        (_, _) => LevelFilter::DEBUG,
    };
    let targets = ["sealift", "component", "localcloud"];
    let json = is_service && global.json;
    let lines = (!json).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_target(false)
    });
    let objects = json.then(|| {
        tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
    });
    let filter = targets.into_iter().fold(Targets::new(), |filter, target| {
        filter.with_target(target, level)
    });
    tracing_subscriber::registry()
        .with(lines)
        .with(objects)
        .with(filter)
        .init();
}
