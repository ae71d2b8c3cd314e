//! The log, on standard error.

use std::io::{self, IsTerminal};

use rustix::fs::fstat;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::{Command, Global};

/// Starts logging. Only our own crates and components are heard: what libraries
/// log about connections has headers in it, and headers have tokens in them.
///
/// A service has no other way to tell what it does: it says more, with `--json` each line is an object, and
/// in systemd's journal each has its severity.
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
        true if stderr_is_the_journal() => journal(),
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

fn lines<S: Subscriber + for<'a> LookupSpan<'a>>() -> AnyLayer<S> {
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(coloured)
        .with_target(false)
        .boxed()
}

fn objects<S: Subscriber + for<'a> LookupSpan<'a>>() -> AnyLayer<S> {
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stderr)
        .boxed()
}

/// Lines that begin with their severity, as sd-daemon(3) has it; the journal knows the time.
fn journal<S: Subscriber + for<'a> LookupSpan<'a>>() -> AnyLayer<S> {
    let line = format().without_time().with_level(false).with_target(false);
    tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .event_format(WithSeverity(line))
        .boxed()
}

struct WithSeverity(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for WithSeverity
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let severity = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        write!(writer, "<{severity}>")?;
        self.0.format_event(context, writer, event)
    }
}

/// Whether systemd connected standard error with the journal: it says so by device and inode (systemd.exec(5),
/// `$JOURNAL_STREAM`).
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    fstat(io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}
