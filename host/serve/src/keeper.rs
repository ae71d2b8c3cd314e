//! What keeps the credentials of one role fresh, and gives them to whoever asks.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sealift_config::RoleAlias;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::freshness::{Advice, Freshness, Moment};
use crate::{Clock, CredentialSource, Credentials, FetchError};

mod figures;

pub(crate) use figures::Figures;

/// A fetch that takes longer has failed.
const LONGEST_FETCH: Duration = Duration::from_mins(1);

/// How long somebody waits for fresh credentials who could have those that end soon: SDKs give up after 1
/// or 2 seconds.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long somebody waits who could have none.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The wall clock may jump while we sleep, so it is looked at this often while there is something to keep
/// fresh.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Questions that are not taken yet. Who has more waits.
const QUEUE: usize = 16;

type Outcome = Result<Arc<Credentials>, Arc<FetchError>>;

/// Asks a [`Keeper`].
#[derive(Clone, Debug)]
pub(crate) struct Asking(mpsc::Sender<oneshot::Sender<Answer>>);

#[derive(Debug)]
enum Answer {
    Now(Outcome),
    /// A fetch is under way.
    Soon {
        /// Good for a while yet.
        held: Option<Arc<Credentials>>,
        outcome: oneshot::Receiver<Outcome>,
    },
}

impl Asking {
    /// Credentials that have not ended, fresh ones if possible.
    pub(crate) async fn credentials(&self) -> Outcome {
        let (tell, told) = oneshot::channel();
        let asked = self.0.send(tell).await;
        let answer = match asked {
            Ok(()) => told.await.ok(),
            Err(_) => None,
        };
        match answer {
            Some(Answer::Now(outcome)) => outcome,
            Some(Answer::Soon {
                held: Some(held),
                outcome,
            }) => match timeout(PATIENCE, outcome).await {
                Ok(Ok(Ok(fresh))) => Ok(fresh),
                // They are good yet, whatever became of the fetch.
                _ => Ok(held),
            },
            Some(Answer::Soon {
                held: None,
                outcome,
            }) => match timeout(LONGEST_WAIT, outcome).await {
                Ok(outcome) => outcome.unwrap_or_else(|_| Err(stopped())),
                Err(_) => Err(unavailable(
                    "credentials are being fetched, which takes long; try again",
                )),
            },
            None => Err(stopped()),
        }
    }
}

fn stopped() -> Arc<FetchError> {
    unavailable("the service is being stopped; try again when it runs")
}

fn unavailable(message: &str) -> Arc<FetchError> {
    Arc::new(FetchError {
        message: message.to_owned(),
        status: None,
        retryable: true,
    })
}

/// Looks after the credentials of one role.
pub(crate) struct Keeper {
    role: Option<RoleAlias>,
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    figures: Figures,
    questions: mpsc::Receiver<oneshot::Sender<Answer>>,
    cleared: watch::Receiver<()>,
    freshness: Freshness,
    fetch: Option<BoxFuture<'static, Result<Credentials, FetchError>>>,
    /// As many as connections that wait.
    waiting: Vec<oneshot::Sender<Outcome>>,
}

impl Keeper {
    /// A keeper, to be run, and what asks it.
    pub(crate) fn new(
        role: Option<RoleAlias>,
        source: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
        figures: Figures,
        cleared: watch::Receiver<()>,
    ) -> (Self, Asking) {
        let (ask, questions) = mpsc::channel(QUEUE);
        let keeper = Self {
            role,
            source,
            clock,
            figures,
            questions,
            cleared,
            freshness: Freshness::default(),
            fetch: None,
            waiting: Vec::new(),
        };
        (keeper, Asking(ask))
    }

    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        loop {
            let refresh_in = self.refresh_in();
            tokio::select! {
                biased;
                changed = self.cleared.changed() => match changed {
                    Ok(()) => self.clear(),
                    Err(_) => return,
                },
                outcome = poll(&mut self.fetch) => self.settle(outcome),
                question = self.questions.recv() => match question {
                    Some(tell) => self.answer(tell),
                    None => return,
                },
                () = sleep(refresh_in.unwrap_or_default()), if refresh_in.is_some() => self.refresh(),
            }
        }
    }

    /// When to look again whether to refresh, if nobody asks until then.
    fn refresh_in(&self) -> Option<Duration> {
        if self.fetch.is_some() {
            return None;
        }
        let refresh_in = self.freshness.refresh_in(self.now())?;
        Some(refresh_in.min(LONGEST_SLEEP))
    }

    fn refresh(&mut self) {
        if self.freshness.refresh_in(self.now()) == Some(Duration::ZERO) {
            self.begin();
        }
    }

    fn answer(&mut self, tell: oneshot::Sender<Answer>) {
        let answer = match self.freshness.ask(self.now()) {
            Advice::Give(credentials) => Answer::Now(Ok(credentials)),
            Advice::Fail(error) => Answer::Now(Err(error)),
            Advice::Fetch(held) => {
                self.begin();
                let (tell, outcome) = oneshot::channel();
                self.waiting.retain(|waiting| !waiting.is_closed());
                self.waiting.push(tell);
                Answer::Soon { held, outcome }
            }
        };
        // Whoever asked may have gone meanwhile.
        drop(tell.send(answer));
    }

    /// Begins a fetch, unless one is under way.
    fn begin(&mut self) {
        if self.fetch.is_some() {
            return;
        }
        let (source, role) = (Arc::clone(&self.source), self.role.clone());
        let held = self.freshness.held();
        let fetch = async move {
            let fetch = source.fetch(role.as_ref(), held.as_deref());
            timeout(LONGEST_FETCH, fetch).await.unwrap_or_else(|_| {
                Err(FetchError {
                    message: format!(
                        "credentials did not come within {} seconds; check the link",
                        LONGEST_FETCH.as_secs()
                    ),
                    status: None,
                    retryable: true,
                })
            })
        };
        self.fetch = Some(fetch.boxed());
    }

    fn settle(&mut self, outcome: Result<Credentials, FetchError>) {
        self.fetch = None;
        let now = self.now();
        let outcome = self.freshness.settle(outcome, now, fastrand::f64());
        self.figures.record(&outcome);
        if let Err(error) = &outcome {
            let role = self.role.as_ref().map(RoleAlias::as_str);
            tracing::warn!(role, %error, "cannot fetch credentials for local programs");
        }
        for waiting in self.waiting.drain(..) {
            // Whoever waited may have gone meanwhile.
            drop(waiting.send(outcome.clone()));
        }
    }

    /// What was fetched by the old configuration is gone, and what is being fetched is not waited for.
    fn clear(&mut self) {
        self.freshness.clear();
        self.figures.clear();
        self.fetch = None;
        self.waiting.retain(|waiting| !waiting.is_closed());
        if !self.waiting.is_empty() {
            self.begin();
        }
    }

    fn now(&self) -> Moment {
        Moment {
            wall: self.clock.wall(),
            monotonic: Instant::now(),
        }
    }
}

/// The outcome of a fetch; never, if there is none.
async fn poll(
    fetch: &mut Option<BoxFuture<'static, Result<Credentials, FetchError>>>,
) -> Result<Credentials, FetchError> {
    match fetch {
        Some(fetch) => fetch.await,
        None => future::pending().await,
    }
}

#[cfg(test)]
mod tests;
