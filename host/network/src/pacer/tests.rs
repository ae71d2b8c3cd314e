#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use proptest::prelude::*;

use super::*;

const WINDOW: Duration = Duration::from_millis(100);

/// What a request still has to send, and when it asks next.
#[derive(Clone, Copy, Debug)]
struct Sender {
    ticket: Ticket,
    left: usize,
    asks: Instant,
}

/// A slice that was let through.
#[derive(Clone, Copy, Debug)]
struct Slice {
    at: Instant,
    ticket: Ticket,
    bytes: usize,
}

/// Requests that always have something to send, on a line without limits, with timers that are late.
struct Line {
    pacer: Pacer,
    senders: Vec<Sender>,
    now: Instant,
    lateness: Vec<Duration>,
    sent: Vec<Slice>,
}

impl Line {
    fn new(rate: u64, sizes: &[usize], lateness: &[u64]) -> Self {
        let now = Instant::now();
        let mut pacer = Pacer::new(NonZeroU64::new(rate), now);
        let senders = sizes.iter().map(|&left| Sender {
            ticket: pacer.begin(0, now),
            left,
            asks: now,
        });
        Self {
            senders: senders.collect(),
            pacer,
            now,
            lateness: lateness
                .iter()
                .copied()
                .map(Duration::from_millis)
                .collect(),
            sent: Vec::new(),
        }
    }

    /// Lets everybody ask at their time until all is sent.
    fn run(mut self) -> Vec<Slice> {
        while let Some(next) = self
            .senders
            .iter()
            .enumerate()
            .min_by_key(|(_, sender)| sender.asks)
            .map(|(next, _)| next)
        {
            self.step(next);
        }
        self.sent
    }

    fn step(&mut self, next: usize) {
        let Sender { ticket, left, asks } = self.senders[next];
        self.now = self.now.max(asks);
        match self.pacer.ask(ticket, left, self.now) {
            Share::Now(bytes) => {
                self.sent.push(Slice {
                    at: self.now,
                    ticket,
                    bytes,
                });
                self.senders[next].left -= bytes;
                if self.senders[next].left == 0 {
                    self.senders.remove(next);
                    self.pacer.end(ticket);
                }
            }
            Share::At(time) => {
                let late = self.lateness[self.sent.len() % self.lateness.len()];
                self.senders[next].asks = time + late;
                return;
            }
            Share::Behind => self.senders[next].asks = self.now + ASK_AGAIN,
        }
        // As the throttle does it.
        if let Some(turn) = self.pacer.turn(self.now) {
            for sender in &mut self.senders {
                if sender.ticket == turn {
                    sender.asks = self.now;
                }
            }
        }
    }
}

/// The most bytes of any window.
fn peak(sent: &[Slice]) -> u64 {
    let from = |first: usize| {
        let end = sent[first].at + WINDOW;
        let inside = sent[first..].iter().take_while(|slice| slice.at < end);
        inside.map(|slice| slice.bytes as u64).sum()
    };
    (0..sent.len()).map(from).max().unwrap_or(0)
}

fn in_window(rate: u64) -> u64 {
    rate / 10
}

fn largest_slice(rate: u64) -> u64 {
    slice(NonZeroU64::new(rate).unwrap()) as u64
}

fn rates() -> impl Strategy<Value = u64> {
    (10..24_u32, 1..1024_u64).prop_map(|(shift, more)| (1 << shift) + (more << shift >> 10))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_has_more_than_the_rate_and_a_slice(
        rate in rates(), sizes in proptest::collection::vec(1..200_000_usize, 1..5)
    ) {
        let sizes: Vec<_> = sizes.iter().map(|size| size.min(&(rate as usize * 20)) + 1).collect();
        let sent = Line::new(rate, &sizes, &[0]).run();
        let pause = rate / 100;
        prop_assert!(peak(&sent) <= in_window(rate) + largest_slice(rate) + pause + 1);
    }

    #[test]
    fn late_timers_make_no_burst_of_more_than_a_window(
        rate in rates(), lateness in proptest::collection::vec(0..400_u64, 1..9)
    ) {
        let sent = Line::new(rate, &[rate as usize * 10], &lateness).run();
        let mut at_once = 0;
        for pair in sent.windows(2) {
            at_once = if pair[0].at == pair[1].at { at_once + pair[1].bytes as u64 } else { 0 };
            prop_assert!(at_once <= in_window(rate), "{at_once}");
        }
        prop_assert!(peak(&sent) <= in_window(rate) * 3 / 2 + largest_slice(rate) + 1);
    }

    #[test]
    fn the_average_is_within_two_percent_of_the_rate_though_timers_are_late(
        rate in rates(), lateness in proptest::collection::vec(0..30_u64, 1..9),
        sizes in proptest::collection::vec(1..100_u64, 1..6)
    ) {
        let total: u64 = sizes.iter().sum();
        let sizes: Vec<_> = sizes.iter().map(|size| (rate * 30 * size / total) as usize + 1).collect();
        let sent = Line::new(rate, &sizes, &lateness).run();
        let (first, last) = (sent.first().unwrap(), sent.last().unwrap());
        let took = (last.at - first.at).as_millis();
        let bytes: usize = sent.iter().map(|slice| slice.bytes).sum();
        let ideal = bytes as u128 * 1000 / u128::from(rate);
        prop_assert!(took * 100 <= ideal * 102 + 100, "{took} ms instead of {ideal}");
        prop_assert!(took * 100 >= ideal * 98 - 1000, "{took} ms instead of {ideal}");
    }
}

#[test]
fn the_oldest_goes_first_and_the_others_get_a_trickle() {
    const RATE: u64 = 100 * 1024;
    let size = RATE as usize * 30;
    let sent = Line::new(RATE, &[size; 3], &[0]).run();
    let end = |ticket| {
        sent.iter()
            .rposition(|slice| slice.ticket == Ticket(Reverse(0), ticket))
    };
    assert!(end(0) < end(1) && end(1) < end(2));

    let until_first = &sent[..end(0).unwrap()];
    for ticket in [Ticket(Reverse(0), 1), Ticket(Reverse(0), 2)] {
        let slices: Vec<_> = until_first
            .iter()
            .filter(|slice| slice.ticket == ticket)
            .collect();
        assert!(slices.iter().all(|slice| slice.bytes == TRICKLE));
        assert!((5..=6).contains(&slices.len()), "{}", slices.len());
        for pair in slices.windows(2) {
            assert!(pair[1].at - pair[0].at < STARVED + ASK_AGAIN);
        }
    }
}

#[test]
fn one_that_does_not_ask_again_is_passed_over() {
    let now = Instant::now();
    let mut pacer = Pacer::new(NonZeroU64::new(1 << 20), now);
    let (old, young) = (pacer.begin(0, now), pacer.begin(0, now));
    let Share::Now(_) = pacer.ask(old, 1 << 16, now) else {
        panic!("nothing is to be paid yet");
    };
    let Share::At(_) = pacer.ask(old, 1 << 16, now) else {
        panic!("the slice is to be paid");
    };
    assert_eq!(pacer.ask(young, 1, now), Share::Behind);
    assert_eq!(pacer.ask(young, 1, now + ASK_AGAIN), Share::Behind);
    assert_eq!(pacer.ask(young, 1, now + 3 * ASK_AGAIN), Share::Now(1));
}

#[test]
fn an_urgent_request_goes_before_one_that_began_before_it() {
    let now = Instant::now();
    let mut pacer = Pacer::new(NonZeroU64::new(1 << 20), now);
    let old = pacer.begin(5, now);
    let Share::Now(_) = pacer.ask(old, 1 << 16, now) else {
        panic!("nothing is to be paid yet");
    };
    assert!(matches!(pacer.ask(old, 1 << 16, now), Share::At(_)));
    let urgent = pacer.begin(9, now);
    let Share::At(paid) = pacer.ask(urgent, 1 << 16, now) else {
        panic!("the slice is to be paid");
    };
    assert_eq!(pacer.ask(old, 1 << 16, paid), Share::Behind);
    assert!(matches!(pacer.ask(urgent, 1 << 16, paid), Share::Now(_)));
}

#[test]
fn a_pause_is_not_made_up_for() {
    const RATE: u64 = 1 << 20;
    let now = Instant::now();
    let mut pacer = Pacer::new(NonZeroU64::new(RATE), now);
    let ticket = pacer.begin(0, now);
    let later = now + Duration::from_mins(1);
    let mut at_once = 0;
    while let Share::Now(bytes) = pacer.ask(ticket, 1 << 16, later) {
        at_once += bytes as u64;
    }
    assert!(at_once <= RATE / 100 + largest_slice(RATE), "{at_once}");
}

#[test]
fn without_a_limit_everything_goes_at_once() {
    let now = Instant::now();
    let mut pacer = Pacer::new(None, now);
    let ticket = pacer.begin(0, now);
    for _ in 0..3 {
        assert_eq!(pacer.ask(ticket, 1 << 30, now), Share::Now(1 << 30));
    }
    assert!(pacer.set_rate(NonZeroU64::new(1024)));
    assert!(!pacer.set_rate(NonZeroU64::new(1024)));
    assert_eq!(pacer.ask(ticket, 1 << 30, now), Share::Now(51));
}
