//! The queue's desk: one thread that has the queue, and everybody who asks it.
//!
//! SQLite blocks, and each transaction waits for the disk. So what came to an end meanwhile is written down
//! together, in one transaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sealift_queue::{Queue, QueueError, Refusal, Settlement, State};
use tokio::sync::{mpsc, oneshot};

use super::supervisor::PartError;
use crate::report;

/// Requests that wait for the thread; who has one more waits with it.
const MOST_WAITING: usize = 256;

/// Where the queue can be asked. A clone asks the same.
#[derive(Clone, Debug)]
pub(super) struct Desk(mpsc::Sender<Request>);

/// The other side of the desk: what the thread works through.
#[derive(Clone)]
pub(super) struct Counter(Arc<Mutex<Inner>>);

struct Inner {
    requests: mpsc::Receiver<Request>,
    /// Opened already, for the first start.
    queue: Option<Queue>,
    directory: std::path::PathBuf,
}

/// What the queue is asked.
enum Request {
    Settle(Settlement, Reply<Result<State, Refusal>>),
    Work(Box<dyn FnOnce(&mut Queue) -> Soundness + Send>),
    Close,
}

type Reply<T> = oneshot::Sender<Result<T, DeskError>>;

/// Whether the queue can be used further.
enum Soundness {
    Sound,
    Damaged,
}

/// Why the queue did not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum DeskError {
    /// It says why.
    #[error(transparent)]
    Queue(Arc<QueueError>),
    /// Its thread ended, and is begun again.
    #[error("the queue is being opened again")]
    Gone,
}

/// Damage that was met while the queue was in use.
#[derive(Debug, thiserror::Error)]
#[error("the queue is damaged and is opened again, which saves what can be read")]
struct Damaged;

/// A desk for a queue that is open.
pub(super) fn desk(queue: Queue, directory: std::path::PathBuf) -> (Desk, Counter) {
    let (sender, requests) = mpsc::channel(MOST_WAITING);
    let inner = Inner {
        requests,
        queue: Some(queue),
        directory,
    };
    (Desk(sender), Counter(Arc::new(Mutex::new(inner))))
}

impl Desk {
    /// Has something done with the queue.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Queue) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, DeskError> {
        let (reply, answer) = oneshot::channel();
        let work = move |queue: &mut Queue| {
            let outcome = work(queue);
            let soundness = soundness(&outcome);
            // Who asked may have been cancelled.
            let _ = reply.send(outcome.map_err(DeskError::from));
            soundness
        };
        self.send(Request::Work(Box::new(work)), answer).await
    }

    /// Writes down how an attempt ended, with others in one transaction.
    pub(super) async fn settle(
        &self,
        settlement: Settlement,
    ) -> Result<Result<State, Refusal>, DeskError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Settle(settlement, reply), answer).await
    }

    /// Closes the queue in order.
    pub(super) async fn close(&self) {
        // Closed already otherwise.
        let _ = self.0.send(Request::Close).await;
    }

    async fn send<T>(
        &self,
        request: Request,
        answer: oneshot::Receiver<Result<T, DeskError>>,
    ) -> Result<T, DeskError> {
        let sent = self.0.send(request).await;
        sent.map_err(|_| DeskError::Gone)?;
        answer.await.map_err(|_| DeskError::Gone)?
    }
}

impl Counter {
    /// Answers until the queue is closed; blocks. After damage it can be called again.
    pub(super) fn serve(&self) -> Result<(), PartError> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut queue = match inner.queue.take() {
            Some(queue) => queue,
            None => open(&inner.directory)?,
        };
        let mut settlements = Settlements::default();
        while let Some(first) = inner.requests.blocking_recv() {
            let mut next = Some(first);
            while let Some(request) = next {
                match request {
                    Request::Settle(settlement, reply) => settlements.add(settlement, reply),
                    Request::Work(work) => {
                        settlements.write(&mut queue)?;
                        if let Soundness::Damaged = work(&mut queue) {
                            return Err(Damaged.into());
                        }
                    }
                    Request::Close => {
                        settlements.write(&mut queue)?;
                        return Ok(());
                    }
                }
                next = inner.requests.try_recv().ok();
            }
            settlements.write(&mut queue)?;
        }
        Ok(())
    }
}

/// Opens the queue, and tells what was wrong with it.
pub(super) fn open(directory: &std::path::Path) -> Result<Queue, QueueError> {
    let opened = Queue::open(directory)?;
    if let Some(repaired) = &opened.repaired {
        tracing::error!(report = ?repaired, "the queue was damaged; what could be read of it was saved");
    }
    Ok(opened.queue)
}

/// What is written down in one transaction.
#[derive(Default)]
struct Settlements {
    all: Vec<Settlement>,
    replies: Vec<Reply<Result<State, Refusal>>>,
}

impl Settlements {
    fn add(&mut self, settlement: Settlement, reply: Reply<Result<State, Refusal>>) {
        self.all.push(settlement);
        self.replies.push(reply);
    }

    fn write(&mut self, queue: &mut Queue) -> Result<(), PartError> {
        if self.all.is_empty() {
            return Ok(());
        }
        let outcome = queue.settle_all(&self.all, SystemTime::now());
        self.all.clear();
        let replies = self.replies.drain(..);
        match outcome {
            Ok(outcomes) => {
                for (reply, outcome) in replies.zip(outcomes) {
                    let _ = reply.send(Ok(outcome));
                }
                Ok(())
            }
            Err(error) => {
                let error = DeskError::from(error);
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
                if error.is_damage() {
                    Err(Damaged.into())
                } else {
                    Ok(())
                }
            }
        }
    }
}

fn soundness<T>(outcome: &Result<T, QueueError>) -> Soundness {
    match outcome {
        Err(QueueError::Damaged { .. }) => Soundness::Damaged,
        _ => Soundness::Sound,
    }
}

impl DeskError {
    fn is_damage(&self) -> bool {
        matches!(self, Self::Queue(error) if matches!(**error, QueueError::Damaged { .. }))
    }
}

impl From<QueueError> for DeskError {
    fn from(error: QueueError) -> Self {
        Self::Queue(Arc::new(error))
    }
}

/// Tells that something could not be asked, for those who ask again.
pub(super) fn told(error: &DeskError) {
    tracing::warn!(error = %report::chain(error), "the queue does not answer as it should");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_queue::{Disposal, NewJob, Origin, Outcome, Owner, Settings, Task};

    use super::*;

    fn task(key: &str) -> Task {
        Task {
            source: "/a".try_into().unwrap(),
            fingerprint: None,
            target: ("bucket", key).try_into().unwrap(),
            settings: Settings::default(),
            priority: 0,
            disposal: Disposal::Keep,
            origin: Origin::Command,
            size: 0,
        }
    }

    #[tokio::test]
    async fn what_is_settled_and_asked_together_is_all_answered() {
        let directory = tempfile::tempdir().unwrap();
        let queue = open(directory.path()).unwrap();
        let (desk, counter) = desk(queue, directory.path().to_owned());
        let thread = tokio::task::spawn_blocking(move || counter.serve().is_ok());
        let owner = Owner::this_process().unwrap();
        let jobs = desk
            .ask(move |queue| {
                let now = SystemTime::now();
                let jobs: Vec<_> = ["a", "b"].map(|key| NewJob::from(task(key))).into();
                queue.add_all(&jobs, now)?;
                queue.claim(&owner, 2, now)
            })
            .await
            .unwrap();
        let settle = |place: usize, outcome| {
            desk.settle(Settlement {
                id: jobs[place].id,
                outcome,
                sent: 0,
            })
        };
        let (one, other, counts) = tokio::join!(
            settle(0, Outcome::Released),
            settle(1, Outcome::Disposed),
            desk.ask(|queue| queue.counts()),
        );
        assert_eq!(one.unwrap(), Ok(State::Waiting));
        let out_of_turn = Refusal::OutOfTurn {
            id: jobs[1].id,
            state: State::Running,
        };
        assert_eq!(other.unwrap(), Err(out_of_turn));
        assert_eq!(counts.unwrap().of(State::Waiting).jobs, 1);
        desk.close().await;
        assert!(thread.await.unwrap());
        assert!(matches!(
            desk.ask(|queue| queue.counts()).await,
            Err(DeskError::Gone)
        ));
    }
}
