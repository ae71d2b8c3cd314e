//! What systemd is told of a service of `Type=notify`; without systemd, nothing is.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::desk::Desk;
use super::stop::Stop;
use super::supervisor::{Health, PartError};

/// What the first start on a small machine needs: the component is compiled.
const LONGEST_START: Duration = Duration::from_mins(10);

/// What the end needs beyond the drain: the queue is closed, and what came last is written down.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The beginning may take longer than the unit says.
pub(super) fn starting() {
    tell(&[more_time(LONGEST_START)]);
}

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

/// The configuration is not in force, and why: `systemctl status` shows it, since `systemctl reload` has gone
/// well with the signal alone.
pub(super) fn refused(why: &str) {
    let text = format!("a wrong configuration is not in force: {why}");
    tell(&[NotifyState::Status(&text)]);
}

/// Nothing is wrong with the configuration.
pub(super) fn accepted() {
    tell(&[NotifyState::Status("")]);
}

/// The end has begun. It may take longer than the unit says: uploads under way may go on for so long.
pub(super) fn stopping(drain: Duration) {
    tell(&[NotifyState::Stopping, more_time(drain + LAST_WORDS)]);
}

/// Of an hour and ten seconds at most, for `service.drain` is a limit of time.
fn more_time(time: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
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
