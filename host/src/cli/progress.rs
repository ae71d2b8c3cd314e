//! The progress bar: on a terminal only.

use std::io::IsTerminal;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sealift::gateway::Observer;
use sealift::sandbox::{Directive, Step};
use sealift_payload::Sending;

use super::args::Global;

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";

/// How often the bar is drawn.
const REFRESH: Duration = Duration::from_millis(100);

/// Watches one upload.
pub(super) struct Progress {
    bar: ProgressBar,
    sending: Mutex<Option<Sending>>,
}

impl Progress {
    /// A bar for an object of this size, if it is known; hidden unless somebody looks.
    pub(super) fn new(global: &Global, name: &str, size: Option<u64>) -> Arc<Self> {
        let seen = std::io::stderr().is_terminal() && !global.json && !global.quiet;
        let target = if seen {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(size, target).with_message(name.to_owned());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Arc::new(Self {
            bar,
            sending: Mutex::new(None),
        })
    }

    /// Draws for as long as it is polled.
    pub(super) async fn draw(&self) {
        if self.bar.is_hidden() {
            return std::future::pending().await;
        }
        loop {
            let sent = self.sending().as_ref().map_or(0, Sending::sent);
            self.bar.set_position(sent);
            tokio::time::sleep(REFRESH).await;
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn sending(&self) -> std::sync::MutexGuard<'_, Option<Sending>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn sending(&self, _range: Range<u64>, sending: &Sending) {
        *Self::sending(self) = Some(sending.clone());
    }

    fn step(&self, step: &Step) -> Directive {
        if let Step::Retrying(retry) = step {
            tracing::info!(reason = %retry.reason, delay_ms = retry.delay, "trying again");
        }
        Directive::GoOn
    }
}
