#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use sealift_config::RoleAlias;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{Asking, Figures, Keeper};
use crate::{Clock, CredentialSource, Credentials, FetchError, Metrics};

/// Runs with tokio's paused time.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(490_896) + self.0.elapsed()
    }
}

/// What a fetch comes to: credentials of this life, or a failure that may end by itself or not.
#[derive(Clone, Copy)]
enum Plan {
    Life(Duration),
    Fail { retryable: bool },
    Hang,
}

const HOUR: Duration = Duration::from_hours(1);

struct Source {
    clock: Arc<PausedClock>,
    /// What the next fetches come to; the last one stays.
    plans: Mutex<VecDeque<Plan>>,
    /// What was held when each fetch began.
    held: Mutex<Vec<Option<String>>>,
    /// A fetch ends when there is a permit.
    gate: Semaphore,
}

impl CredentialSource for Source {
    fn fetch<'a>(
        &'a self,
        _: Option<&'a RoleAlias>,
        held: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credentials, FetchError>> {
        async move {
            let number = {
                let mut fetches = self.held.lock().unwrap();
                fetches.push(held.map(str::to_owned));
                fetches.len()
            };
            let plan = {
                let mut plans = self.plans.lock().unwrap();
                if plans.len() > 1 {
                    plans.pop_front()
                } else {
                    plans.front().copied()
                }
            };
            self.gate.acquire().await.unwrap().forget();
            match plan.unwrap() {
                Plan::Life(life) => Ok(Credentials {
                    access_key_id: format!("ASIA{number}"),
                    secret_access_key: "s".to_owned().into(),
                    session_token: "t".to_owned().into(),
                    expiration: self.clock.wall() + life,
                }),
                Plan::Fail { retryable } => Err(FetchError {
                    message: format!("failure {number}"),
                    status: None,
                    retryable,
                }),
                Plan::Hang => std::future::pending().await,
            }
        }
        .boxed()
    }
}

struct Stage {
    source: Arc<Source>,
    asking: Asking,
    clear: watch::Sender<()>,
    _running: JoinHandle<()>,
}

impl Stage {
    fn new(plans: &[Plan]) -> Self {
        let clock = Arc::new(PausedClock(Instant::now()));
        let source = Arc::new(Source {
            clock: Arc::clone(&clock),
            plans: Mutex::new(plans.iter().copied().collect()),
            held: Mutex::default(),
            gate: Semaphore::new(1000),
        });
        let (clear, cleared) = watch::channel(());
        let figures = Figures::register(&Metrics::default(), None).unwrap();
        let (keeper, asking) = Keeper::new(None, Arc::clone(&source) as _, clock, figures, cleared);
        Self {
            source,
            asking,
            clear,
            _running: tokio::spawn(keeper.run()),
        }
    }

    /// The access key id, or the message.
    async fn ask(&self) -> Result<String, String> {
        let outcome = self.asking.credentials().await;
        outcome
            .map(|credentials| credentials.access_key_id.clone())
            .map_err(|error| error.to_string())
    }

    fn fetches(&self) -> usize {
        self.source.held.lock().unwrap().len()
    }

    fn close_gate(&self) {
        self.source.gate.forget_permits(1000);
    }

    fn open_gate(&self) {
        self.source.gate.add_permits(1000);
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_who_ask_at_once_share_one_fetch() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    stage.close_gate();
    let all = join_all((0..50).map(|_| stage.ask()));
    let (all, ()) = tokio::join!(all, async {
        sleep(Duration::from_secs(1)).await;
        stage.open_gate();
    });
    assert_eq!(all.len(), 50);
    assert!(
        all.iter().all(|one| *one == Ok("ASIA1".to_owned())),
        "{all:?}"
    );
    assert_eq!(stage.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_who_ask_at_once_share_one_failure() {
    let stage = Stage::new(&[Plan::Fail { retryable: true }]);
    let all = join_all((0..50).map(|_| stage.ask())).await;
    let failure = Err("failure 1".to_owned());
    assert!(all.iter().all(|one| *one == failure), "{all:?}");
    assert_eq!(stage.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_who_asked_first_has_gone() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    stage.close_gate();
    let impatient = timeout(Duration::from_secs(1), stage.ask()).await;
    assert!(impatient.is_err());
    stage.open_gate();
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    assert_eq!(stage.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_replaced_before_their_end_without_being_asked_for() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    sleep(Duration::from_mins(49)).await;
    assert_eq!(stage.fetches(), 1);
    sleep(Duration::from_secs(6 * 60 + 1)).await;
    assert_eq!(stage.fetches(), 2);
    let held = stage.source.held.lock().unwrap().clone();
    assert_eq!(held, [None, Some("ASIA1".to_owned())]);
    assert_eq!(stage.ask().await, Ok("ASIA2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_live_for_seconds_are_replaced_too() {
    let stage = Stage::new(&[Plan::Life(Duration::from_secs(20))]);
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    for _ in 0..600 {
        sleep(Duration::from_millis(100)).await;
        stage.ask().await.unwrap();
    }
    // In a minute; each is held from 6.7 to 13.3 seconds.
    assert!((5..=10).contains(&stage.fetches()), "{}", stage.fetches());
}

#[tokio::test(start_paused = true)]
async fn an_idle_gateway_fetches_nothing() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    stage.ask().await.unwrap();
    sleep(HOUR * 24).await;
    // Once more while somebody had asked within as long as they live.
    assert_eq!(stage.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn valid_credentials_are_kept_while_fetches_fail_and_ended_ones_are_not() {
    let failing = Plan::Fail { retryable: true };
    let stage = Stage::new(&[Plan::Life(HOUR), failing]);
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    sleep(Duration::from_mins(58)).await;
    assert!(stage.fetches() > 2, "{}", stage.fetches());
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    // From 5 to 10 minutes before the end, with pauses of a minute or half of one.
    assert!(stage.fetches() < 30, "{}", stage.fetches());
    sleep(Duration::from_mins(2)).await;
    let failed = stage.ask().await.unwrap_err();
    assert!(failed.starts_with("failure"), "{failed}");
    *stage.source.plans.lock().unwrap() = VecDeque::from([Plan::Life(HOUR)]);
    sleep(Duration::from_mins(1)).await;
    stage.ask().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_could_have_credentials_that_end_soon_waits_less_than_sdks_do() {
    let stage = Stage::new(&[Plan::Life(HOUR), Plan::Hang]);
    stage.ask().await.unwrap();
    sleep(Duration::from_mins(56)).await;
    let before = Instant::now();
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let stage = Stage::new(&[Plan::Hang, Plan::Life(HOUR)]);
    let before = Instant::now();
    let error = stage.ask().await.unwrap_err();
    assert!(error.contains("takes long"), "{error}");
    assert!(before.elapsed() < Duration::from_secs(30));
    // A fetch that hangs is given up, and the next one is another.
    sleep(Duration::from_secs(40)).await;
    assert_eq!(stage.ask().await, Ok("ASIA2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_cleared_is_not_given_any_more() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    assert_eq!(stage.ask().await, Ok("ASIA1".to_owned()));
    stage.clear.send_replace(());
    assert_eq!(stage.ask().await, Ok("ASIA2".to_owned()));
    // There was nothing to replace.
    assert_eq!(*stage.source.held.lock().unwrap(), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_while_all_is_cleared_gets_what_is_fetched_anew() {
    let stage = Stage::new(&[Plan::Life(HOUR)]);
    stage.close_gate();
    let (asked, ()) = tokio::join!(stage.ask(), async {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(stage.fetches(), 1);
        stage.clear.send_replace(());
        sleep(Duration::from_secs(1)).await;
        stage.open_gate();
    });
    assert_eq!(asked, Ok("ASIA2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_forgotten_when_all_is_cleared() {
    let refused = Plan::Fail { retryable: false };
    let stage = Stage::new(&[refused, Plan::Life(HOUR)]);
    assert_eq!(stage.ask().await, Err("failure 1".to_owned()));
    assert_eq!(stage.ask().await, Err("failure 1".to_owned()));
    stage.clear.send_replace(());
    assert_eq!(stage.ask().await, Ok("ASIA2".to_owned()));
}
