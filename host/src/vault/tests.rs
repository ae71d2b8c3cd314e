#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use super::*;
use crate::sandbox::Answer;

const HOUR: Duration = Duration::from_hours(1);
const START: SystemTime = UNIX_EPOCH;

fn provider() -> Provider {
    Provider {
        name: "iot".into(),
        settings: Vec::new(),
    }
}

fn good_for(id: u32, life: Duration) -> Credentials {
    Credentials::new(id.to_string(), "secret".into(), None, START + life)
}

/// So long after the start, by both clocks.
fn after(time: Duration) -> Moment {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment {
        wall: START + time,
        monotonic: *BEGUN + time,
        identity: 1,
    }
}

fn failure(kind: ErrorKind) -> CallError {
    CallError::refused(Answer::new(kind, "failed"))
}

/// A vault whose fetches are counted; each gives credentials for an hour from the start.
#[derive(Default)]
struct Counted {
    vault: Vault,
    fetches: Cell<u32>,
}

impl Counted {
    async fn get(&self, rejected: Option<&str>, at: Duration) -> String {
        let fetch = async || {
            self.fetches.set(self.fetches.get() + 1);
            tokio::task::yield_now().await;
            Ok(good_for(self.fetches.get(), HOUR))
        };
        let digest = Digest::of(b"component");
        let now = || after(at);
        let provider = provider();
        let given = self
            .vault
            .credentials(digest, &provider, rejected, now, fetch)
            .await;
        given.unwrap().access_key_id().to_owned()
    }
}

#[tokio::test]
async fn one_fetch_serves_all_that_wait() {
    let counted = Counted::default();
    let (one, other, third) = tokio::join!(
        counted.get(None, Duration::ZERO),
        counted.get(None, Duration::ZERO),
        counted.get(None, Duration::ZERO),
    );
    assert_eq!([one, other, third], ["1", "1", "1"]);
}

#[tokio::test]
async fn credentials_are_renewed_before_the_last_five_minutes() {
    let counted = Counted::default();
    counted.get(None, Duration::ZERO).await;
    assert_eq!(counted.get(None, Duration::from_mins(54)).await, "1");
    assert_eq!(counted.get(None, Duration::from_mins(55)).await, "2");
}

#[test]
fn short_lived_credentials_are_used_for_two_thirds_of_their_life() {
    let held = Held::new(good_for(1, Duration::from_secs(30)), START);
    assert_eq!(held.good_until, START + Duration::from_secs(20));
}

#[test]
fn credentials_fetched_while_the_clock_was_far_ahead_still_end() {
    let ahead = START + 9 * HOUR;
    let held = Held::new(good_for(1, HOUR), ahead);
    assert_eq!(held.good_until, START + HOUR);
}

#[tokio::test]
async fn rejected_credentials_are_replaced_once() {
    let counted = Counted::default();
    counted.get(None, Duration::ZERO).await;
    assert_eq!(counted.get(Some("1"), Duration::ZERO).await, "2");
    // Another job that was refused with the old ones finds the new ones.
    assert_eq!(counted.get(Some("1"), Duration::ZERO).await, "2");
}

#[tokio::test]
async fn a_fetch_that_failed_on_the_way_fails_for_all_that_wait_and_is_not_remembered() {
    let vault = Vault::default();
    let fetches = Cell::new(0);
    let digest = Digest::of(b"component");
    let get = async || {
        let fetch = async || {
            fetches.set(fetches.get() + 1);
            tokio::task::yield_now().await;
            Err(failure(ErrorKind::Network))
        };
        vault
            .credentials(digest, &provider(), None, || after(Duration::ZERO), fetch)
            .await
    };
    let (one, other) = tokio::join!(get(), get());
    assert!(one.is_err() && other.is_err());
    assert_eq!(fetches.get(), 1);
    assert!(get().await.is_err());
    assert_eq!(fetches.get(), 2);
}

#[tokio::test]
async fn whoever_waits_takes_over_from_a_cancelled_fetch() {
    let counted = Counted::default();
    let digest = Digest::of(b"component");
    let never = async || std::future::pending().await;
    let stuck = provider();
    let mut cancelled =
        Box::pin(
            counted
                .vault
                .credentials(digest, &stuck, None, || after(Duration::ZERO), never),
        );
    tokio::select! {
        biased;
        _ = &mut cancelled => unreachable!("it never ends"),
        () = tokio::task::yield_now() => {}
    }
    let waiting = counted.get(None, Duration::ZERO);
    drop(cancelled);
    assert_eq!(waiting.await, "1");
}

#[tokio::test]
async fn components_do_not_share_credentials() {
    let counted = Counted::default();
    counted.get(None, Duration::ZERO).await;
    let other = Digest::of(b"on trial");
    let fetch = async || Ok(good_for(9, HOUR));
    let given = counted
        .vault
        .credentials(other, &provider(), None, || after(Duration::ZERO), fetch)
        .await;
    assert_eq!(given.unwrap().access_key_id(), "9");
}

/// How many fetches there are when one is wanted right after a failure and then after each of
/// these times.
async fn fetches_after(failure: fn() -> CallError, times: &[Duration]) -> Vec<u32> {
    let vault = Vault::default();
    let fetches = Cell::new(0);
    let mut counts = Vec::new();
    for time in [Duration::ZERO].iter().chain(times) {
        let fetch = async || {
            fetches.set(fetches.get() + 1);
            Err(failure())
        };
        let (digest, provider) = (Digest::of(b"component"), provider());
        let given = vault.credentials(digest, &provider, None, || after(*time), fetch);
        assert_eq!(given.await.unwrap_err().kind(), failure().kind());
        counts.push(fetches.get());
    }
    counts
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_again_within_two_minutes() {
    let times = [
        Duration::ZERO,
        Duration::from_secs(119),
        Duration::from_mins(2),
    ];
    for refusal in [
        || failure(ErrorKind::Denied),
        || failure(ErrorKind::NotFound),
        || failure(ErrorKind::InvalidInput),
    ] {
        assert_eq!(fetches_after(refusal, &times).await, [1, 1, 1, 2]);
    }
}

#[tokio::test]
async fn a_service_in_trouble_is_left_alone_as_long_as_it_asks_for_but_not_for_hours() {
    fn throttled(milliseconds: Option<u64>) -> CallError {
        let mut answer = Answer::new(ErrorKind::Throttled, "slow down");
        answer.retry_after = milliseconds;
        CallError::refused(answer)
    }
    let times = [9, 10, 69, 70].map(Duration::from_secs);
    assert_eq!(
        fetches_after(|| throttled(None), &times).await,
        [1, 2, 3, 4, 5]
    );
    assert_eq!(
        fetches_after(|| throttled(Some(10_000)), &times).await,
        [1, 1, 2, 3, 3]
    );
    assert_eq!(
        fetches_after(|| throttled(Some(u64::MAX)), &times).await,
        [1, 1, 1, 2, 2]
    );
}

#[tokio::test]
async fn a_failure_of_unknown_reason_is_remembered_for_five_minutes() {
    let times = [299, 300].map(Duration::from_secs);
    let stalled = || CallError::Stalled { limit: HOUR };
    assert_eq!(fetches_after(stalled, &times).await, [1, 1, 2]);
}

#[tokio::test]
async fn a_remembered_failure_does_not_keep_good_credentials_back() {
    let counted = Counted::default();
    counted.get(None, Duration::ZERO).await;
    let digest = Digest::of(b"component");
    let refused = async || Err(failure(ErrorKind::Denied));
    let now = || after(Duration::ZERO);
    let provider = provider();
    let asked = counted
        .vault
        .credentials(digest, &provider, Some("1"), now, refused);
    assert_eq!(asked.await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(counted.get(None, Duration::ZERO).await, "1");
}
