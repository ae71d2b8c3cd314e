//! What commands begin with, and how they are interrupted.

use std::future::Future;
use std::io::IsTerminal;

use sealift::gateway::Gateway;
use sealift_config::{Config, Environment, RateLimit};
use tokio::signal::unix::{SignalKind, signal};

use super::args::Global;
use super::{ExitStatus, Failure};

/// Keeps other processes of this user out of our memory, and the memory out of core files.
pub(super) fn harden() -> Result<(), Failure> {
    sealift_keystore::hardening::keep_memory_private().map_err(Failure::failed)
}

/// The gateway of the configuration in force.
pub(super) fn gateway(global: &Global) -> Result<Gateway, Failure> {
    gateway_at_rate(global, None)
}

/// The gateway of the configuration in force, with another rate limit if one is given.
pub(super) fn gateway_at_rate(
    global: &Global,
    limit: Option<RateLimit>,
) -> Result<Gateway, Failure> {
    let environment = Environment::of_process();
    let mut config = Config::load(global.config.as_deref(), &environment)?;
    if let Some(limit) = limit {
        config.network.limit_rate_always(limit);
    }
    let gateway = Gateway::open(config, &environment, global.component.as_deref())?;
    // Whoever sits there may just have cured what was refused.
    if std::io::stderr().is_terminal() {
        gateway.ask_again();
    }
    Ok(gateway)
}

/// The outcome of `work`, unless SIGINT or SIGTERM comes first. Work is cancelled by dropping it.
pub(super) async fn until_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    tokio::select! {
        outcome = work => Ok(outcome),
        _ = interrupt.recv() => Err(interrupted("SIGINT")),
        _ = terminate.recv() => Err(interrupted("SIGTERM")),
    }
}

fn interrupted(signal: &str) -> Failure {
    Failure::new(ExitStatus::Failed, format!("interrupted by {signal}"))
}
