//! How much an instance may use, and what it used.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, UpdateDeadline};

/// What one instance may use. An instance serves one job, so these are per job.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Linear memory in bytes, all memories of the instance together.
    pub memory: usize,
    /// Time spent computing in the component. Waiting in the host does not count. An upload has a
    /// thousandth of it more for each part that it may have to make.
    pub computing: Duration,
    /// Requests under way at once.
    pub open_requests: usize,
    /// Bytes of request bodies in all, where a job does not say otherwise.
    pub bytes_out: u64,
    /// Bytes of one answer.
    pub response: u64,
    /// Bytes of the component's standard output and error that are logged.
    pub log: usize,
    /// Time without a byte moved and without an answer, after which a job is ended.
    pub stall: Duration,
}

impl Limits {
    /// Those of a sandbox that only looks at components, and runs none.
    pub const NONE: Self = Self {
        memory: 0,
        computing: Duration::ZERO,
        open_requests: 0,
        bytes_out: 0,
        response: 0,
        log: 0,
        stall: Duration::ZERO,
    };
}

/// Bytes that one call into the host may carry out of the instance, so that a list
/// of 4 billion elements is refused before the host makes room for it. The largest honest call
/// is a request with a 100 KiB session token.
pub(super) const HOSTCALL_FUEL: usize = 4 * 1024 * 1024;

/// Tables are small; this many elements are beyond what any compiler makes of our kind of component.
const TABLE_ELEMENTS: usize = 100_000;

/// Core instances, memories and tables of a component, each.
const ITEMS: usize = 64;

/// What one part of an upload may cost beside what the job may: this share of it. Signing a request and
/// taking in its answer is 1 to 2 ms on a gateway, of the 10 ms that the default makes.
const PART_SHARE: u32 = 1000;

/// Parts that computing time is granted for: S3 takes no more ("Amazon S3 multipart upload limits").
const MOST_PARTS: u32 = 10_000;

/// The store's limiter: it remembers that it refused, so that the trap which usually
/// follows an allocation failure is reported for what it is.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    used: usize,
    refused: bool,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            refused: false,
        }
    }

    /// Whether the component asked for more than it may have.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        ITEMS
    }

    fn tables(&self) -> usize {
        ITEMS
    }

    fn memories(&self) -> usize {
        ITEMS
    }
}

/// The computing time of an instance.
///
/// Epochs alone would count the time that a component waits in the host for an answer.
/// So the epoch only makes the instance pause often enough to look at this account,
/// which runs while the component does and stands while the host does.
#[derive(Debug)]
pub(super) struct Account {
    budget: Duration,
    for_a_part: Duration,
    /// Parts that more may be granted for.
    parts_left: u32,
    spent: Duration,
    running_since: Option<Instant>,
}

/// The trap of a component that used up its computing time.
#[derive(Debug, thiserror::Error)]
#[error("the component used up its computing time")]
pub(super) struct OutOfTime;

impl Account {
    pub(super) fn new(budget: Duration) -> Self {
        Self {
            budget,
            for_a_part: budget / PART_SHARE,
            parts_left: MOST_PARTS,
            spent: Duration::ZERO,
            running_since: None,
        }
    }

    /// The component may have to make so many parts more.
    pub(super) fn grant(&mut self, parts: u64) {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        let granted = parts.min(self.parts_left);
        self.parts_left -= granted;
        self.budget = self.budget.saturating_add(self.for_a_part * granted);
    }

    /// What may be used in all.
    pub(super) fn budget(&self) -> Duration {
        self.budget
    }

    /// The component goes on computing.
    pub(super) fn enter(&mut self, now: Instant) {
        self.running_since = Some(now);
    }

    /// The host takes over.
    pub(super) fn leave(&mut self, now: Instant) -> Result<(), OutOfTime> {
        if let Some(since) = self.running_since.take() {
            self.spent += now.saturating_duration_since(since);
        }
        if self.spent > self.budget {
            Err(OutOfTime)
        } else {
            Ok(())
        }
    }

    /// An epoch has passed while the component was computing: let others run, then go on.
    pub(super) fn tick(&mut self, now: Instant) -> Result<UpdateDeadline, OutOfTime> {
        self.leave(now)?;
        self.enter(now);
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waiting_in_the_host_costs_nothing() {
        let mut account = Account::new(SECOND);
        let start = Instant::now();
        for hour in 0..10 {
            let now = start + Duration::from_secs(3600 * hour);
            account.enter(now);
            account.leave(now + SECOND / 20).unwrap();
        }
        assert_eq!(account.spent, SECOND / 2);
    }

    #[test]
    fn many_short_calls_add_up_to_the_budget() {
        let mut account = Account::new(SECOND);
        let start = Instant::now();
        for call in 0..100 {
            account.enter(start);
            assert!(account.leave(start + SECOND / 100).is_ok(), "call {call}");
        }
        account.enter(start);
        assert!(account.leave(start + SECOND / 100).is_err());
    }

    #[test]
    fn ten_thousand_parts_have_ten_times_the_budget_more_and_no_more_is_granted() {
        let mut account = Account::new(SECOND);
        account.grant(20);
        assert_eq!(account.budget(), SECOND + SECOND / 50);
        account.grant(u64::MAX);
        assert_eq!(account.budget(), 11 * SECOND);
        // Pieces of a stream without end.
        account.grant(1);
        assert_eq!(account.budget(), 11 * SECOND);
        let start = Instant::now();
        for part in 0..10_000 {
            account.enter(start);
            assert!(account.leave(start + SECOND / 1000).is_ok(), "part {part}");
        }
    }

    #[test]
    fn a_loop_without_calls_ends_at_a_tick() {
        let mut account = Account::new(SECOND);
        let start = Instant::now();
        account.enter(start);
        assert!(account.tick(start + SECOND / 2).is_ok());
        assert!(account.tick(start + SECOND * 2).is_err());
    }

    #[test]
    fn memory_counts_all_memories_together() {
        let mut memory = Memory::new(100);
        assert!(memory.memory_growing(0, 60, None).unwrap());
        assert!(!memory.memory_growing(0, 60, None).unwrap());
        assert!(memory.refused());
        assert!(memory.memory_growing(60, 100, None).unwrap());
    }
}
