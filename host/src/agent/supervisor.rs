//! Parts of the service, each of which may fail without the others.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};

use super::backoff::RESTARTS;
use super::stop::Stop;
use crate::report;

/// Why a part ended.
pub(super) type PartError = Box<dyn Error + Send + Sync>;

/// What a part does until it is told to stop.
pub(super) type Work = BoxFuture<'static, Result<(), PartError>>;

/// One of the things that the service does.
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Begins it, again after it failed.
    pub(super) start: Box<dyn Fn() -> Work + Send + Sync>,
}

/// How the parts are.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(Arc<Mutex<BTreeMap<&'static str, u32>>>);

/// A part that fails as often in a row is not alive any more.
const MOST_FAILURES: u32 = 5;

/// A part that worked for as long does not fail in a row.
const WORKED: std::time::Duration = std::time::Duration::from_mins(5);

impl Part {
    pub(super) fn new<W>(name: &'static str, start: impl Fn() -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = Result<(), PartError>> + Send + 'static,
    {
        Self {
            name,
            start: Box::new(move || Box::pin(start())),
        }
    }

    /// Does its work until it is told to stop. When it ends before, or panics, it is begun again after a
    /// pause.
    pub(super) async fn run(self, health: Health, mut stop: Stop) {
        let mut failures = 0;
        while !stop.is_set() {
            let begun = Instant::now();
            let mut task = JoinSet::new();
            task.spawn((self.start)());
            let ended = task.join_next().await;
            if stop.is_set() {
                if let Some(Err(error)) = ended {
                    tracing::error!(part = self.name, "ended badly: {error}");
                }
                break;
            }
            if begun.elapsed() >= WORKED {
                failures = 0;
            }
            failures += 1;
            health.set(self.name, failures);
            let pause = RESTARTS.random_delay(failures);
            let why = why(ended);
            tracing::error!(part = self.name, "{why}; it is begun again in {pause:.1?}");
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.set() => {}
            }
        }
        health.forget(self.name);
    }
}

fn why(ended: Option<Result<Result<(), PartError>, JoinError>>) -> String {
    match ended {
        Some(Ok(Err(error))) => report::chain(&*error),
        Some(Err(error)) => report::line(&error.to_string()),
        Some(Ok(Ok(()))) | None => "ended by itself".to_owned(),
    }
}

impl Health {
    /// The parts that failed again and again.
    pub(super) fn failing(&self) -> Vec<&'static str> {
        let parts = self.parts();
        let failing = parts
            .iter()
            .filter(|(_, failures)| **failures >= MOST_FAILURES);
        failing.map(|(name, _)| *name).collect()
    }

    fn set(&self, name: &'static str, failures: u32) {
        self.parts().insert(name, failures);
    }

    fn forget(&self, name: &'static str) {
        self.parts().remove(name);
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::stop::Stopper;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_ends_or_panics_is_begun_again_and_ends_when_told() {
        let stopper = Stopper::default();
        let health = Health::default();
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        let (waited, mut waits) = tokio::sync::mpsc::channel(1);
        let inner = stopper.stop();
        let part = Part::new("test", move || {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let (waited, mut stop) = (waited.clone(), inner.clone());
            async move {
                match number {
                    0 => Err("failed".into()),
                    1 => panic!("on purpose"),
                    2 => Ok(()),
                    _ => {
                        waited.send(()).await?;
                        stop.set().await;
                        Ok(())
                    }
                }
            }
        });
        let running = tokio::spawn(part.run(health.clone(), stopper.stop()));
        assert_eq!(waits.recv().await, Some(()));
        assert_eq!(begun.load(Ordering::Relaxed), 4);
        assert!(health.failing().is_empty());
        stopper.set();
        assert!(running.await.is_ok());
        assert_eq!(begun.load(Ordering::Relaxed), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_fails_five_times_in_a_row_is_told() {
        let stopper = Stopper::default();
        let health = Health::default();
        let part = Part::new("broken", || async { Err("failed".into()) });
        let running = tokio::spawn(part.run(health.clone(), stopper.stop()));
        while health.failing().is_empty() {
            sleep(std::time::Duration::from_secs(1)).await;
        }
        assert_eq!(health.failing(), ["broken"]);
        stopper.set();
        assert!(running.await.is_ok());
        assert!(health.failing().is_empty());
    }
}
