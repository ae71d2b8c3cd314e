//! A thread for work that may never come back.
//!
//! A PKCS#11 module is somebody else's code over a wire to a chip: it can hang,
//! and nothing can stop it. So each module has one thread, whoever wants
//! something of it waits only so long, and while the thread is overdue nobody
//! else begins to wait. One module thus costs at most one stuck thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that owns an `S` and does what it is asked to, one after the other.
pub(super) struct Worker<S> {
    jobs: SyncSender<Job<S>>,
    due: Arc<Due>,
}

struct Job<S> {
    work: Box<dyn FnOnce(&mut S) + Send>,
    /// When whoever asked has stopped waiting.
    deadline: Instant,
}

/// When whoever asked for the work under way gives up; none if there is none.
#[derive(Default)]
struct Due(Mutex<Option<Instant>>);

/// The most jobs that wait for their turn.
const WAITING: usize = 32;

impl<S: Send + 'static> Worker<S> {
    /// Starts the thread. It ends when the worker is dropped, or never if it hangs.
    pub(super) fn start(state: S) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(WAITING);
        let due = Arc::new(Due::default());
        let seen = Arc::clone(&due);
        thread::Builder::new()
            .name("pkcs11".to_owned())
            .spawn(move || serve(&queue, &seen, state))?;
        Ok(Self { jobs, due })
    }

    /// Has `work` done, and waits for it no longer than `limit`.
    ///
    /// Blocks. Work whose turn comes too late is not done at all; work that has
    /// begun goes on, and what it answers is dropped.
    pub(super) fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        if self.due.is_past() {
            return Err(Unanswered::Overdue);
        }
        let (answer, answered) = sync_channel(1);
        let job = Job {
            // Nobody takes the answer if it comes too late.
            work: Box::new(move |state| drop(answer.send(work(state)))),
            deadline: Instant::now() + limit,
        };
        self.jobs.try_send(job).map_err(|_| Unanswered::Overdue)?;
        answered.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => Unanswered::Overdue,
            RecvTimeoutError::Disconnected => Unanswered::Panicked,
        })
    }
}

fn serve<S>(queue: &Receiver<Job<S>>, due: &Due, mut state: S) {
    while let Ok(job) = queue.recv() {
        if job.deadline <= Instant::now() {
            continue;
        }
        due.set(Some(job.deadline));
        // Whoever waits learns of a panic by the answer that never comes.
        let _ = catch_unwind(AssertUnwindSafe(|| (job.work)(&mut state)));
        due.set(None);
    }
}

impl Due {
    fn set(&self, due: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = due;
    }

    fn is_past(&self) -> bool {
        let due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        due.is_some_and(|due| due <= Instant::now())
    }
}

/// There was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Not in time, or an earlier piece of work has not come back yet.
    Overdue,
    /// The work panicked.
    Panicked,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::{Unanswered, WAITING, Worker};

    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn work_is_done_on_one_thread_in_turn() {
        let worker = Worker::start(Vec::new()).unwrap();
        for number in 0..3 {
            worker.call(LONG, move |seen| seen.push(number)).unwrap();
        }
        assert_eq!(worker.call(LONG, |seen| seen.clone()), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn nobody_waits_for_work_that_hangs_and_the_worker_recovers_when_it_ends() {
        let worker = Worker::start(0).unwrap();
        let (release, held) = channel::<()>();
        let hangs = move |count: &mut i32| {
            *count += 1;
            let _ = held.recv();
        };
        assert_eq!(worker.call(SHORT, hangs), Err(Unanswered::Overdue));
        // These return at once, and the second call proves it: LONG is a minute.
        let late = worker.call(LONG, |count| *count += 100);
        assert_eq!(late, Err(Unanswered::Overdue));
        drop(release);
        let count = loop {
            match worker.call(LONG, |count| *count) {
                Ok(count) => break count,
                Err(error) => assert_eq!(error, Unanswered::Overdue),
            }
        };
        assert_eq!(count, 1, "what nobody waits for is not begun");
    }

    #[test]
    fn what_waits_is_bounded() {
        let worker = Worker::start(()).unwrap();
        let (release, held) = channel::<()>();
        let (begun, started) = channel();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                worker.call(LONG, move |()| {
                    begun.send(()).unwrap();
                    let _ = held.recv();
                })
            });
            started.recv().unwrap();
            for _ in 0..WAITING {
                let waits = worker.call(Duration::ZERO, |()| ());
                assert_eq!(waits, Err(Unanswered::Overdue));
            }
            let refused = worker.call(LONG, |()| ());
            assert_eq!(refused, Err(Unanswered::Overdue));
            drop(release);
        });
    }

    #[test]
    fn a_panic_ends_one_piece_of_work_and_not_the_worker() {
        let worker = Worker::start(1).unwrap();
        let panics = worker.call(LONG, |_| panic!("on purpose"));
        assert_eq!(panics, Err(Unanswered::Panicked));
        assert_eq!(worker.call(LONG, |state| *state), Ok(1));
    }
}
