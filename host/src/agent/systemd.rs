//! What systemd is told of a service of `Type=notify`; without systemd, nothing is.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::desk::Desk;
use super::stop::Stop;
use super::supervisor::{Health, PartError};

/// All that must be there is there.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read again.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("cannot tell systemd of the reload: {error}"),
    }
}

/// The end has begun.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("cannot tell systemd how the service is: {error}");
    }
}

/// Tells the watchdog, twice as often as it wants, as long as the queue answers and no part fails again
/// and again. Whoever runs this on the event loop shows that it turns.
pub(super) async fn watchdog(desk: Desk, health: Health, mut stop: Stop) -> Result<(), PartError> {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        stop.set().await;
        return Ok(());
    };
    let pause = (limit / 2).max(Duration::from_millis(1));
    let mut tick = interval(pause);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.set() => return Ok(()),
            _ = tick.tick() => {}
        }
        let answers = timeout(limit, desk.ask(|_| Ok(()))).await;
        let failing = health.failing();
        if answers.is_ok() && failing.is_empty() {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(
                "the watchdog is not told: {failing:?} failed, or the queue does not answer"
            );
        }
    }
}
