//! Whether the way to AWS works, as far as jobs tell: a state machine without a clock.
//!
//! One failure says little: the next file may go to another bucket. Several in a row without a success
//! between them say that the link is down. Then nothing is begun but one job at a time, as a probe, after
//! pauses that grow; whatever gets an answer, be it a refusal, says that the link is up.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::ATTEMPTS;

/// So many failures in a row say that the link is down.
const MOST_FAILURES: u32 = 2;

/// What attempts told of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It works, as far as is known.
    Up {
        /// Since the last success.
        failures: u32,
    },
    /// It does not.
    Down {
        /// Probes that failed.
        probes: u32,
        /// When the next one may begin.
        probe_at: Instant,
        /// Whether one is under way.
        probing: bool,
    },
}

/// How many jobs may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// As many as there are places.
    All,
    /// One, to see whether it gets through.
    Probe,
    /// None before this time; without one, until what is under way has ended.
    Wait(Option<Instant>),
}

/// What became of the link with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing new.
    Same,
    /// It is down since.
    Lost,
    /// It is back.
    Back,
}

impl Default for Link {
    fn default() -> Self {
        Self::Up { failures: 0 }
    }
}

impl Link {
    pub(super) fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// How many jobs may begin now.
    pub(super) fn leave(self, now: Instant) -> Leave {
        match self {
            Self::Up { .. } => Leave::All,
            Self::Down { probing: true, .. } => Leave::Wait(None),
            Self::Down { probe_at, .. } if probe_at > now => Leave::Wait(Some(probe_at)),
            Self::Down { .. } => Leave::Probe,
        }
    }

    /// A job begins, with leave.
    pub(super) fn begun(&mut self) {
        if let Self::Down { probing, .. } = self {
            *probing = true;
        }
    }

    /// A job got an answer.
    pub(super) fn reached(&mut self) -> Turn {
        let was_up = self.is_up();
        *self = Self::default();
        if was_up { Turn::Same } else { Turn::Back }
    }

    /// A job got none. `random` is any number.
    pub(super) fn unreached(&mut self, now: Instant, random: u32) -> Turn {
        match self {
            Self::Up { failures } if *failures + 1 < MOST_FAILURES => {
                *failures += 1;
                Turn::Same
            }
            Self::Up { .. } => {
                *self = Self::down(1, now, random);
                Turn::Lost
            }
            // One that began before the link was lost tells nothing new.
            Self::Down { probing: false, .. } => Turn::Same,
            Self::Down { probes, .. } => {
                *self = Self::down(probes.saturating_add(1), now, random);
                Turn::Same
            }
        }
    }

    /// A job ended and told nothing of the link.
    pub(super) fn ended(&mut self) {
        if let Self::Down { probing, .. } = self {
            *probing = false;
        }
    }

    /// The network of this machine is another: the next probe may begin at once.
    pub(super) fn network_changed(&mut self, now: Instant) {
        if let Self::Down {
            probes, probe_at, ..
        } = self
        {
            *probes = 0;
            *probe_at = now;
        }
    }

    fn down(probes: u32, now: Instant, random: u32) -> Self {
        let pause = ATTEMPTS.delay(probes, random);
        Self::Down {
            probes,
            probe_at: now + pause.max(Duration::from_millis(100)),
            probing: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn lost(now: Instant) -> Link {
        let mut link = Link::default();
        assert_eq!(link.unreached(now, u32::MAX), Turn::Same);
        assert_eq!(link.unreached(now, u32::MAX), Turn::Lost);
        link
    }

    #[test]
    fn one_failure_is_no_lost_link_and_a_success_between_two_forgets_the_first() {
        let now = Instant::now();
        let mut link = Link::default();
        for _ in 0..3 {
            assert_eq!(link.unreached(now, 0), Turn::Same);
            assert_eq!(link.leave(now), Leave::All);
            assert_eq!(link.reached(), Turn::Same);
        }
    }

    #[test]
    fn one_probe_at_a_time_after_growing_pauses() {
        let mut now = Instant::now();
        let mut link = lost(now);
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let at = now + Duration::from_secs(seconds);
            assert_eq!(link.leave(now), Leave::Wait(Some(at)));
            now = at;
            assert_eq!(link.leave(now), Leave::Probe);
            link.begun();
            assert_eq!(link.leave(now), Leave::Wait(None));
            assert_eq!(link.unreached(now, u32::MAX), Turn::Same);
        }
        now += 5 * MINUTE;
        link.begun();
        assert_eq!(link.reached(), Turn::Back);
        assert_eq!(link.leave(now), Leave::All);
    }

    #[test]
    fn what_began_before_the_loss_does_not_lengthen_the_pause() {
        let now = Instant::now();
        let mut link = lost(now);
        let before = link;
        assert_eq!(link.unreached(now + MINUTE, 0), Turn::Same);
        assert_eq!(link, before);
    }

    #[test]
    fn another_network_is_tried_at_once() {
        let now = Instant::now();
        let mut link = lost(now);
        link.network_changed(now);
        assert_eq!(link.leave(now), Leave::Probe);
    }

    #[test]
    fn a_probe_that_tells_nothing_makes_way_for_the_next() {
        let now = Instant::now();
        let mut link = lost(now);
        link.begun();
        link.ended();
        assert_eq!(link.leave(now + MINUTE), Leave::Probe);
    }

    proptest! {
        #[test]
        fn a_lost_link_is_tried_again_within_five_minutes(events in prop::collection::vec(0_u8..5, 0..200)) {
            let mut now = Instant::now();
            let mut link = Link::default();
            for event in events {
                match event {
                    0 => drop(link.unreached(now, u32::MAX)),
                    1 => drop(link.reached()),
                    2 => link.ended(),
                    3 => link.network_changed(now),
                    _ => now += MINUTE,
                }
                if link.leave(now + 5 * MINUTE) == Leave::Probe {
                    link.begun();
                    prop_assert_eq!(link.leave(now), Leave::Wait(None));
                    link.ended();
                }
                prop_assert_ne!(link.leave(now + 5 * MINUTE), Leave::Wait(None));
            }
        }
    }
}
