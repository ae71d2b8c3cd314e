//! The clock that makes computing components look up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// How often a computing component is interrupted: short beside a user's patience,
/// long beside what an interruption costs.
const PERIOD: Duration = Duration::from_millis(10);

/// Advances the engine's epoch while any instance runs, and sleeps while none does, so that an
/// idle service does not wake the processor a hundred times a second.
#[derive(Clone, Debug)]
pub(super) struct Ticker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    running: Mutex<usize>,
    changed: Condvar,
}

/// An instance that runs; dropped when it is done.
#[derive(Debug)]
pub(super) struct Running(Arc<Shared>);

impl Ticker {
    /// Starts the thread. It ends with the engine.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, observed) = (engine.weak(), Arc::downgrade(&shared));
        thread::Builder::new().name("epoch".into()).spawn(move || {
            while let Some(shared) = observed.upgrade() {
                if !tick(&engine, &shared) {
                    return;
                }
            }
        })?;
        Ok(Self(shared))
    }

    /// Ticks until the answer is dropped.
    pub(super) fn run(&self) -> Running {
        let mut running = self.0.running();
        *running += 1;
        if *running == 1 {
            self.0.changed.notify_one();
        }
        drop(running);
        Running(Arc::clone(&self.0))
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, usize> {
        // A number cannot be left half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running() -= 1;
    }
}

/// Waits for an instance and then for a period. False when the engine is gone.
fn tick(engine: &EngineWeak, shared: &Shared) -> bool {
    let running = shared.running();
    if *running == 0 {
        // Bounded, so that the thread notices the end of the engine.
        drop(shared.changed.wait_timeout(running, Duration::from_mins(1)));
        return engine.upgrade().is_some();
    }
    drop(running);
    thread::sleep(PERIOD);
    match engine.upgrade() {
        Some(engine) => {
            engine.increment_epoch();
            true
        }
        None => false,
    }
}
