#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Advice, Freshness, LONGEST_PAUSE, MARGIN, Moment, PAUSE_WHEN_REFUSED};
use crate::{Credentials, FetchError};

const HOUR: Duration = Duration::from_hours(1);

/// A clock that starts at 2026 and is set by hand.
struct Time {
    begun: Instant,
    passed: Duration,
}

impl Time {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            passed: Duration::ZERO,
        }
    }

    fn now(&self) -> Moment {
        Moment {
            wall: SystemTime::UNIX_EPOCH + Duration::from_hours(490_896) + self.passed,
            monotonic: self.begun + self.passed,
        }
    }

    fn pass(&mut self, time: Duration) {
        self.passed += time;
    }

    fn credentials(&self, life: Duration) -> Credentials {
        Credentials {
            access_key_id: format!("ASIA{}", self.passed.as_secs()),
            secret_access_key: "s".to_owned().into(),
            session_token: "t".to_owned().into(),
            expiration: self.now().wall + life,
        }
    }
}

fn failure(retryable: bool) -> FetchError {
    FetchError {
        message: "no".to_owned(),
        status: None,
        retryable,
    }
}

fn given(advice: Advice) -> String {
    match advice {
        Advice::Give(credentials) => credentials.access_key_id.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_asks_first_waits_for_a_fetch() {
    let (mut freshness, time) = (Freshness::default(), Time::new());
    let advice = freshness.ask(time.now());
    assert!(matches!(advice, Advice::Fetch(None)), "{advice:?}");
    let fetched = freshness.settle(Ok(time.credentials(HOUR)), time.now(), 0.5);
    assert_eq!(fetched.unwrap().access_key_id, "ASIA0");
    assert_eq!(given(freshness.ask(time.now())), "ASIA0");
}

#[test]
fn credentials_are_good_until_their_end_while_fetches_fail() {
    let (mut freshness, mut time) = (Freshness::default(), Time::new());
    freshness
        .settle(Ok(time.credentials(HOUR)), time.now(), 0.0)
        .unwrap();
    time.pass(HOUR.checked_sub(MARGIN).unwrap());
    let advice = freshness.ask(time.now());
    assert!(
        matches!(&advice, Advice::Fetch(Some(held)) if held.access_key_id == "ASIA0"),
        "{advice:?}"
    );
    freshness
        .settle(Err(failure(true)), time.now(), 0.0)
        .unwrap_err();
    // Between tries they are given at once.
    assert_eq!(given(freshness.ask(time.now())), "ASIA0");
    time.pass(MARGIN.checked_sub(Duration::from_millis(1)).unwrap());
    freshness
        .settle(Err(failure(true)), time.now(), 0.0)
        .unwrap_err();
    assert_eq!(given(freshness.ask(time.now())), "ASIA0");
    time.pass(Duration::from_millis(1));
    let advice = freshness.ask(time.now());
    assert!(
        matches!(&advice, Advice::Fail(error) if error.message == "no"),
        "{advice:?}"
    );
}

#[test]
fn pauses_grow_to_a_minute_and_end_with_a_success() {
    let (mut freshness, mut time) = (Freshness::default(), Time::new());
    let mut pauses = Vec::new();
    for _ in 0..9 {
        freshness
            .settle(Err(failure(true)), time.now(), 0.0)
            .unwrap_err();
        let mut seconds = 0;
        while !matches!(freshness.ask(time.now()), Advice::Fetch(None)) {
            time.pass(Duration::from_secs(1));
            seconds += 1;
        }
        pauses.push(seconds);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    freshness
        .settle(
            Ok(time.credentials(Duration::from_secs(1))),
            time.now(),
            0.0,
        )
        .unwrap();
    time.pass(Duration::from_secs(1));
    freshness
        .settle(Err(failure(true)), time.now(), 0.0)
        .unwrap_err();
    time.pass(Duration::from_secs(1));
    assert!(matches!(freshness.ask(time.now()), Advice::Fetch(None)));
}

#[test]
fn after_a_refusal_two_minutes_pass() {
    let (mut freshness, mut time) = (Freshness::default(), Time::new());
    freshness
        .settle(Err(failure(false)), time.now(), 0.0)
        .unwrap_err();
    time.pass(
        PAUSE_WHEN_REFUSED
            .checked_sub(Duration::from_secs(1))
            .unwrap(),
    );
    assert!(matches!(freshness.ask(time.now()), Advice::Fail(_)));
    time.pass(Duration::from_secs(1));
    assert!(matches!(freshness.ask(time.now()), Advice::Fetch(None)));
}

#[test]
fn credentials_that_nobody_asks_for_are_not_replaced() {
    let (mut freshness, mut time) = (Freshness::default(), Time::new());
    freshness.ask(time.now());
    freshness
        .settle(Ok(time.credentials(HOUR)), time.now(), 0.0)
        .unwrap();
    assert_eq!(
        freshness.refresh_in(time.now()),
        Some(HOUR.checked_sub(MARGIN).unwrap())
    );
    time.pass(HOUR.checked_sub(MARGIN).unwrap());
    assert_eq!(freshness.refresh_in(time.now()), Some(Duration::ZERO));
    freshness
        .settle(Ok(time.credentials(HOUR)), time.now(), 0.0)
        .unwrap();
    // Nobody has asked meanwhile, and by then nobody will have for longer than they live.
    time.pass(HOUR.checked_sub(MARGIN).unwrap());
    assert_eq!(freshness.refresh_in(time.now()), None);
    freshness.ask(time.now());
    assert_eq!(freshness.refresh_in(time.now()), Some(Duration::ZERO));
}

#[test]
fn credentials_that_have_ended_already_are_a_failure() {
    let (mut freshness, mut time) = (Freshness::default(), Time::new());
    let old = time.credentials(Duration::from_secs(5));
    time.pass(Duration::from_secs(5));
    let error = freshness.settle(Ok(old), time.now(), 0.0).unwrap_err();
    assert!(error.message.contains("clock"), "{error}");
    assert!(matches!(freshness.ask(time.now()), Advice::Fail(_)));
}

#[test]
fn what_is_cleared_is_fetched_anew_without_a_pause() {
    let (mut freshness, time) = (Freshness::default(), Time::new());
    freshness
        .settle(Ok(time.credentials(HOUR)), time.now(), 0.0)
        .unwrap();
    freshness.clear();
    assert_eq!(freshness.held(), None);
    assert!(matches!(freshness.ask(time.now()), Advice::Fetch(None)));
    freshness
        .settle(Err(failure(false)), time.now(), 0.0)
        .unwrap_err();
    freshness.clear();
    assert!(matches!(freshness.ask(time.now()), Advice::Fetch(None)));
}

proptest! {
    /// 5 to 10 minutes before their end; those that live shorter between two and one third of their life.
    #[test]
    fn they_are_replaced_between_twice_the_margin_and_the_margin_before_their_end(
        life in 1..43_200_u64, chance in 0.0..=1.0_f64
    ) {
        let (mut freshness, time) = (Freshness::default(), Time::new());
        let life = Duration::from_secs(life);
        freshness.ask(time.now());
        freshness.settle(Ok(time.credentials(life)), time.now(), chance).unwrap();
        let refresh_in = freshness.refresh_in(time.now()).unwrap();
        let before_end = life.checked_sub(refresh_in).unwrap();
        let margin = MARGIN.min(life / 3);
        prop_assert!(before_end >= margin, "{before_end:?}");
        prop_assert!(before_end <= margin * 2, "{before_end:?}");
    }

    #[test]
    fn no_pause_is_longer_than_its_limit_or_shorter_than_half_of_it(
        failures in 1..200_u32, retryable: bool, chance in 0.0..=1.0_f64
    ) {
        let pause = super::pause(failures, retryable, chance);
        let limit = if retryable { LONGEST_PAUSE } else { PAUSE_WHEN_REFUSED };
        prop_assert!(pause <= limit);
        prop_assert!(pause >= super::FIRST_PAUSE / 2);
        if !retryable || failures > 6 {
            prop_assert!(pause >= limit / 2);
        }
    }

    /// Whatever the clock does, nothing that has ended is given.
    #[test]
    fn nothing_that_has_ended_is_given(steps in prop::collection::vec((any::<bool>(), any::<bool>(), 0..2000_u64), 1..40)) {
        let (mut freshness, mut time) = (Freshness::default(), Time::new());
        for (succeeds, retryable, seconds) in steps {
            match freshness.ask(time.now()) {
                Advice::Give(credentials) => prop_assert!(credentials.expiration > time.now().wall),
                Advice::Fetch(held) => {
                    if let Some(held) = held {
                        prop_assert!(held.expiration > time.now().wall);
                    }
                    let outcome = if succeeds { Ok(time.credentials(Duration::from_mins(15))) } else { Err(failure(retryable)) };
                    drop(freshness.settle(outcome, time.now(), 0.3));
                }
                Advice::Fail(_) => {}
            }
            time.pass(Duration::from_secs(seconds));
        }
    }
}
