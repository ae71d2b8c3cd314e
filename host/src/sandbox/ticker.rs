//! The clock that makes computing components look up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// How often a computing component is interrupted: short beside a user's patience,
/// long beside what an interruption costs.
const PERIOD: Duration = Duration::from_millis(10);

/// How long the thread sleeps at most, so that it notices the end of the engine.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Advances the engine's epoch while any instance computes, and sleeps while all of them wait for the
/// network or there is none, so that a service that can only wait does not wake the processor a
/// hundred times a second.
#[derive(Clone, Debug)]
pub(super) struct Ticker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    computing: AtomicUsize,
    /// Whether the thread has to be woken.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

/// An instance that computes; dropped when it does not any more.
#[derive(Debug)]
pub(super) struct Computing(Arc<Shared>);

impl Ticker {
    /// Starts the thread. It ends with the engine.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, observed) = (engine.weak(), Arc::downgrade(&shared));
        let ticking = thread::Builder::new().name("epoch".into()).spawn(move || {
            while let Some(shared) = observed.upgrade() {
                if !tick(&engine, &shared) {
                    return;
                }
            }
        })?;
        shared.thread.get_or_init(|| ticking.thread().clone());
        Ok(Self(shared))
    }

    /// Ticks until the answer is dropped.
    pub(super) fn compute(&self) -> Computing {
        self.0.computing.fetch_add(1, SeqCst);
        if self.0.asleep.swap(false, SeqCst)
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
        Computing(Arc::clone(&self.0))
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, SeqCst);
    }
}

/// Waits for an instance that computes, or for a period if there is one. False when the engine is gone.
fn tick(engine: &EngineWeak, shared: &Shared) -> bool {
    if shared.computing.load(SeqCst) == 0 {
        shared.asleep.store(true, SeqCst);
        // Whoever began just before did not see that.
        if shared.computing.load(SeqCst) == 0 {
            thread::park_timeout(LONGEST_SLEEP);
        }
        shared.asleep.store(false, SeqCst);
        return engine.upgrade().is_some();
    }
    thread::sleep(PERIOD);
    match engine.upgrade() {
        Some(engine) => {
            engine.increment_epoch();
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Instant;

    use super::*;

    /// Whether the thread comes to sleep, or to wake.
    fn comes_to(ticker: &Ticker, asleep: bool) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        while ticker.0.asleep.load(SeqCst) != asleep {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    #[test]
    fn the_clock_sleeps_unless_somebody_computes() {
        let engine = Engine::default();
        let ticker = Ticker::start(&engine).unwrap();
        assert!(comes_to(&ticker, true));
        for _ in 0..3 {
            let [first, second] = [ticker.compute(), ticker.compute()];
            assert!(comes_to(&ticker, false));
            drop(first);
            assert!(comes_to(&ticker, false));
            drop(second);
            assert!(comes_to(&ticker, true));
        }
    }
}
