//! What the host keeps for one instance.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::egress::Egress;
use super::journal::JobJournal;
use super::limits::{Account, Limits, Memory};
use super::log::GuestLog;
use super::ticker::Computing;
use super::{CorrectedClock, Services};

/// Headers of one message in memory: room for a session token of 100 KiB and then some. AWS sets
/// no maximum; hyper's own limit on what arrives is about 400 KiB.
const FIELDS: usize = 192 * 1024;

/// Handles that an instance may hold: some for itself, and for each open request its future, its
/// response, body and stream, and something to wait on. What they stand for is in the host's
/// memory, so this and [`FIELDS`] bound it as `sandbox.memory` bounds the component's own.
fn handles(open_requests: usize) -> usize {
    64 + 5 * open_requests
}

/// Steps of a job that are told: 10,000 parts, each tried a few times. A component that reports more
/// reports nothing.
pub(super) const STEPS: usize = 100_000;

/// The store's data: resources, standard WASI, HTTP and what the host lends.
pub(super) struct State {
    pub(super) table: ResourceTable,
    pub(super) memory: Memory,
    pub(super) account: Account,
    /// While the component computes, and not while it waits in the host.
    pub(super) computing: Option<Computing>,
    pub(super) services: Arc<dyn Services>,
    pub(super) egress: Egress,
    /// None where the instance has no job.
    pub(super) journal: Option<JobJournal>,
    pub(super) steps: usize,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl State {
    pub(super) fn new(limits: &Limits, services: Arc<dyn Services>, egress: Egress) -> Self {
        let log = GuestLog::new(limits.log);
        // No arguments, no environment, no directories; sockets are not even linked.
        let wasi = WasiCtx::builder()
            .stdout(log.clone())
            .stderr(log)
            .wall_clock(CorrectedClock(Arc::clone(&services)))
            .build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELDS);
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles(limits.open_requests));
        Self {
            table,
            journal: None,
            steps: 0,
            memory: Memory::new(limits.memory),
            account: Account::new(limits.computing),
            computing: None,
            services,
            egress,
            wasi,
            http,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.egress,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
