#![allow(clippy::unwrap_used, reason = "tests")]

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, Ordering};

use sealift_config::Period;

use super::*;

const KIB: usize = 1024;

fn always(limit: &str) -> Rates {
    Rates {
        limit: limit.parse().unwrap(),
        timetable: Timetable::default(),
    }
}

async fn send(mut pace: Pace, mut bytes: usize) -> Instant {
    while bytes > 0 {
        bytes -= poll_fn(|cx| pace.poll_share(bytes.min(64 * KIB), cx)).await;
    }
    Instant::now()
}

#[tokio::test(start_paused = true)]
async fn requests_that_began_at_once_end_one_after_the_other_at_the_rate() {
    let throttle = Throttle::new(always("16KiB")).unwrap();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..3)
        .map(|_| tokio::spawn(send(throttle.begin(0), 64 * KIB)))
        .collect();
    let mut ends = Vec::new();
    for task in tasks {
        ends.push((task.await.unwrap() - begun).as_secs_f64());
    }
    assert!(ends[0] < ends[1] && ends[1] < ends[2], "{ends:?}");
    assert!((11.7..=12.3).contains(&ends[2]), "{ends:?}");
    assert!((3.9..=4.3).contains(&ends[0]), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_lets_the_next_one_go() {
    let throttle = Throttle::new(always("1KiB")).unwrap();
    let first = tokio::spawn(send(throttle.begin(0), 1 << 30));
    let second = tokio::spawn(send(throttle.begin(0), 10 * KIB));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    first.abort();
    let took = second.await.unwrap() - begun;
    assert!(took < Duration::from_millis(10_500), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_timetable_takes_effect_within_a_second_for_those_who_wait_already() {
    static HOUR: AtomicU8 = AtomicU8::new(7);
    let at = |hour| TimeOfDay::new(hour, 0).unwrap();
    let mut rates = always("none");
    let day = Period::new(at(8), at(18)).unwrap();
    rates.timetable.add(day, "1KiB".parse().unwrap()).unwrap();
    let clock = Box::new(|| TimeOfDay::new(HOUR.load(Ordering::Relaxed), 0).unwrap());
    let throttle = Throttle::with_clock(rates, clock);

    let begun = Instant::now();
    assert_eq!(
        send(throttle.begin(0), 1 << 30).await,
        begun,
        "no limit yet"
    );

    HOUR.store(8, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let limited = [
        tokio::spawn(send(throttle.begin(0), 1 << 30)),
        tokio::spawn(send(throttle.begin(0), 1 << 30)),
    ];
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(limited.iter().all(|task| !task.is_finished()));

    HOUR.store(18, Ordering::Relaxed);
    let changed = Instant::now();
    for task in limited {
        assert!(task.await.unwrap() - changed <= Duration::from_secs(1));
    }
}

#[test]
fn where_nothing_is_limited_there_is_no_throttle() {
    assert!(Throttle::new(Rates::default()).is_none());
    let mut timetable = Timetable::default();
    let day = Period::new(TimeOfDay::MIDNIGHT, TimeOfDay::new(8, 0).unwrap()).unwrap();
    timetable.add(day, "1KiB".parse().unwrap()).unwrap();
    let limit = RateLimit::NONE;
    assert!(Throttle::new(Rates { limit, timetable }).is_some());
}
