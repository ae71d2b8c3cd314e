//! Room for instances, used again by the next.
//!
//! An instance lives as long as one request or two, so that making and removing it counts. Its memory, tables
//! and stack come from a pool whose places stay mapped, and what one instance left in its place is reset
//! before the next one gets it. The pool is a reservation of addresses: memory is taken when it is used.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Component;
use wasmtime::{Enabled, PoolingAllocationConfig};

/// Linear memories of instances that work for jobs: one for each of the 64 files that `put` uploads at
/// once at most, and some for components that have more than one.
const JOBS: u32 = 80;

/// Linear memories of instances that fetch credentials. Apart, since jobs wait for them.
const FETCHES: u32 = 16;

/// Linear memories of one component: most have one, those composed of others have one of each.
const MEMORIES: u32 = 4;

/// Core instances of one component; each language's adapters are two or three.
const CORE_INSTANCES: u32 = 64;

/// Tables of one component.
const TABLES: u32 = 4;

/// Elements of one table: as many as a component has functions whose address it takes.
const ELEMENTS: usize = 20_000;

/// Bytes of memory, of tables and of a stack that stay resident for the next instance, each: about as much as our
/// own component touches.
const RESIDENT: usize = 256 * 1024;

/// How an engine lays out its rooms.
pub(super) fn pool() -> PoolingAllocationConfig {
    let all = JOBS + FETCHES;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(all)
        .total_core_instances(all * CORE_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(all)
        .max_memories_per_component(MEMORIES)
        .total_tables(all * TABLES)
        .max_tables_per_component(TABLES)
        .table_elements(ELEMENTS)
        .total_stacks(all)
        .linear_memory_keep_resident(RESIDENT)
        .table_keep_resident(RESIDENT)
        .async_stack_keep_resident(RESIDENT)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Who may make an instance, and who waits until there is room.
#[derive(Clone, Debug)]
pub(super) struct Rooms {
    jobs: Arc<Semaphore>,
    fetches: Arc<Semaphore>,
}

/// Room for one instance, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    /// Nothing only if nobody counts any more.
    _permits: Option<OwnedSemaphorePermit>,
}

impl Rooms {
    pub(super) fn new() -> Self {
        Self {
            jobs: Arc::new(Semaphore::new(JOBS as usize)),
            fetches: Arc::new(Semaphore::new(FETCHES as usize)),
        }
    }

    /// Room for an instance that works for a job.
    pub(super) async fn job(&self, memories: u32) -> Room {
        Room::of(&self.jobs, memories).await
    }

    /// Room for an instance that fetches credentials.
    pub(super) async fn fetch(&self, memories: u32) -> Room {
        Room::of(&self.fetches, memories).await
    }
}

impl Room {
    async fn of(semaphore: &Arc<Semaphore>, memories: u32) -> Self {
        Self {
            _permits: Arc::clone(semaphore)
                .acquire_many_owned(memories)
                .await
                .ok(),
        }
    }
}

/// How many linear memories an instance of this component has. A component without any takes a room
/// all the same.
pub(super) fn memories(component: &Component) -> u32 {
    component
        .resources_required()
        .map_or(MEMORIES, |resources| resources.num_memories)
        .clamp(1, MEMORIES)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn jobs_that_wait_for_credentials_leave_room_to_fetch_them() {
        let rooms = Rooms::new();
        let jobs: Vec<_> = (0..JOBS)
            .map_while(|_| rooms.job(1).now_or_never())
            .collect();
        assert_eq!(jobs.len(), 80);
        assert!(rooms.job(1).now_or_never().is_none());
        assert!(rooms.fetch(1).now_or_never().is_some());
    }

    #[test]
    fn a_component_of_several_takes_the_room_of_several() {
        let rooms = Rooms::new();
        let composed: Vec<_> = (0..JOBS)
            .map_while(|_| rooms.job(MEMORIES).now_or_never())
            .collect();
        assert_eq!(composed.len(), 20);
        drop(composed);
        assert!(rooms.job(1).now_or_never().is_some());
    }
}
