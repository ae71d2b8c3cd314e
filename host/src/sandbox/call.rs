//! One call of one fresh instance.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sealift_network::{Network, Reach};
use tokio::time::timeout_at;
use wasmtime::component::Resource;
use wasmtime::{CallHook, Store};

use sealift_payload::Payload;
use sealift_state::JournalError;

use super::bindings::Uploader;
use super::bindings::exports::sealift::gateway::transfer::{self, Place, Unfinished};
use super::component::Loaded;
use super::deadline::Deadline;
use super::delivery::Deliveries;
use super::egress::Egress;
use super::error::{CallError, Cause, NotTaken, RetriesSpent};
use super::imports::{jobs, payload};
use super::job::{Job, Outcome, Uploaded};
use super::journal::JobJournal;
use super::limits::{HOSTCALL_FUEL, Limits, OutOfTime};
use super::rooms::Room;
use super::state::State;
use super::text::{clock_cure, plain, plain_answer};
use super::ticker::Ticker;
use super::usage::Usage;
use super::{Answer, Credentials, ErrorKind, Provider, Services};

/// How often a call is looked at for signs of life.
const GLANCE: Duration = Duration::from_secs(5);

/// What an instance may send to list or abort uploads, in bytes.
const STORE_BYTES: u64 = 1024 * 1024;

/// An instance that is about to be made. Dropping the future of a call ends the instance and
/// cuts its connections.
pub(super) struct Call<'a> {
    loaded: &'a Loaded,
    pub(super) store: Store<State>,
    usage: Arc<Usage>,
    network: Network,
    /// Last, so that others find it free only when the instance is gone.
    _room: Room,
}

impl<'a> Call<'a> {
    /// For an instance that works for a job. Waits for room.
    pub(super) async fn job(
        loaded: &'a Loaded,
        network: &Network,
        services: Arc<dyn Services>,
    ) -> Self {
        let room = loaded.rooms.job(loaded.memories).await;
        Self::new(loaded, network, services, room)
    }

    /// For an instance that fetches credentials. Waits for room.
    pub(super) async fn fetch(
        loaded: &'a Loaded,
        network: &Network,
        services: Arc<dyn Services>,
    ) -> Self {
        let room = loaded.rooms.fetch(loaded.memories).await;
        Self::new(loaded, network, services, room)
    }

    fn new(loaded: &'a Loaded, network: &Network, services: Arc<dyn Services>, room: Room) -> Self {
        let limits = &loaded.limits;
        let egress = Egress::new(network.clone(), Arc::clone(&services), limits);
        let usage = Arc::clone(egress.usage());
        let mut store = Store::new(
            loaded.uploader.engine(),
            State::new(limits, services, egress),
        );
        bound(&mut store, loaded.ticker.clone());
        Self {
            loaded,
            store,
            usage,
            network: network.clone(),
            _room: room,
        }
    }

    pub(super) async fn upload(mut self, job: Job) -> Result<Outcome, CallError> {
        let payload = job.payload.clone();
        let journal = job.journal.clone();
        let fingerprint = payload.fingerprint();
        let deliveries = Deliveries::of(job.target.clone(), fingerprint, journal.clone());
        let state = self.store.data_mut();
        state.egress.upload(deliveries, job.bytes_out, job.urgency);
        state.account.grant(job.parts);
        state.journal = Some(journal.clone());
        let deadline = job.time.map(Deadline::after);
        let handle = self.lend(job)?;
        let answer = self
            .run(deadline, async |uploader, store| {
                uploader
                    .sealift_gateway_transfer()
                    .call_upload(store, handle)
                    .await
            })
            .await;
        match answer {
            Ok(transfer::Outcome::Stored(uploaded)) => {
                // Also where it is not confirmed: from that journal no later job gets any further.
                forget(&journal).await;
                self.confirmed(&payload)?;
                self.told(&uploaded).map(Outcome::Stored)
            }
            Ok(transfer::Outcome::AlreadyThere(found)) => {
                forget(&journal).await;
                self.told(&found).map(Outcome::AlreadyThere)
            }
            Err(CallError::Answered { answer, cause }) => Err(match deadline {
                Some(deadline) if answer.kind == ErrorKind::Timeout && deadline.has_passed() => {
                    deadline.missed()
                }
                _ => with_blame(&payload, *answer, cause),
            }),
            Err(error) => Err(error),
        }
    }

    /// Whether the host saw what the component reports. Before the end of a stream was seen, no upload
    /// of it is whole.
    fn confirmed(&self, payload: &Payload) -> Result<(), CallError> {
        let deliveries = self.store.data().egress.deliveries();
        if payload.len().is_some_and(|length| deliveries.cover(length)) {
            return Ok(());
        }
        Err(CallError::Unconfirmed)
    }

    /// The component's report of an object.
    fn told(&self, uploaded: &transfer::Uploaded) -> Result<Uploaded, CallError> {
        let checksum = uploaded
            .checksum
            .as_ref()
            .map(payload::checksum_from)
            .transpose()
            .map_err(|answer| self.answered(answer))?;
        Ok(Uploaded {
            etag: plain(&uploaded.etag),
            checksum,
            version_id: uploaded.version_id.as_deref().map(plain),
            attempts: uploaded.attempts,
            reasons: uploaded
                .reasons
                .iter()
                .map(|reason| plain(reason))
                .collect(),
        })
    }

    pub(super) async fn fetch_credentials(
        mut self,
        provider: Provider,
        reach: Reach,
    ) -> Result<Credentials, CallError> {
        self.store.data_mut().egress.fetch(reach);
        self.run(None, async |uploader, store| {
            uploader
                .sealift_gateway_credentials()
                .call_fetch(store, &provider)
                .await
        })
        .await
        .map(Credentials::from)
    }

    pub(super) async fn probe(mut self, limit: Duration) -> Result<(), CallError> {
        self.run(Some(Deadline::after(limit)), async |uploader, store| {
            uploader.sealift_gateway_plugin().call_probe(store).await
        })
        .await
    }

    pub(super) async fn list_unfinished(
        mut self,
        place: Place,
    ) -> Result<Vec<Unfinished>, CallError> {
        self.store.data_mut().egress.store(STORE_BYTES, 0);
        self.run(None, async |uploader, store| {
            uploader
                .sealift_gateway_transfer()
                .call_list_unfinished(store, &place)
                .await
        })
        .await
    }

    pub(super) async fn abort(
        mut self,
        place: Place,
        unfinished: Unfinished,
    ) -> Result<(), CallError> {
        self.store.data_mut().egress.store(STORE_BYTES, 0);
        self.run(None, async |uploader, store| {
            uploader
                .sealift_gateway_transfer()
                .call_abort(store, &place, &unfinished)
                .await
        })
        .await
    }

    fn lend(&mut self, job: Job) -> Result<Resource<jobs::Held>, CallError> {
        self.store
            .data_mut()
            .table
            .push(jobs::Held::new(job))
            .map_err(|error| CallError::Trapped(error.to_string()))
    }

    /// Makes the instance, calls it, and says what became of it.
    pub(super) async fn run<T>(
        &mut self,
        deadline: Option<Deadline>,
        call: impl AsyncFnOnce(Uploader, &mut Store<State>) -> wasmtime::Result<Result<T, Answer>>,
    ) -> Result<T, CallError> {
        let limits = &self.loaded.limits;
        let store = &mut self.store;
        let turns = Arc::clone(store.data().egress.turns());
        // An instance may wait for the requests of others: under a rate limit, and for a turn.
        let moves = || {
            turns.expire();
            let others = if turns.are_waited_for() {
                self.network.moves()
            } else {
                self.network.paced()
            };
            self.usage.moves().wrapping_add(others)
        };
        let work = alive(moves, limits.stall, async {
            let uploader = self.loaded.uploader.instantiate_async(&mut *store).await?;
            call(uploader, store).await
        });
        let outcome = match deadline {
            None => work.await,
            Some(deadline) => match timeout_at(deadline.end(), work).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(deadline.missed()),
            },
        };
        match outcome {
            None => Err(CallError::Stalled {
                limit: limits.stall,
            }),
            Some(Err(trap)) => Err(self.trapped(trap, limits)),
            Some(Ok(Err(answer))) => Err(self.answered(answer)),
            Some(Ok(Ok(result))) => Ok(result),
        }
    }

    fn trapped(&self, trap: wasmtime::Error, limits: &Limits) -> CallError {
        let trap = match trap.downcast::<JournalError>() {
            Ok(error) => return CallError::Journal(error),
            Err(trap) => trap,
        };
        let trap = match trap.downcast::<NotTaken>() {
            Ok(NotTaken(error)) => return CallError::NotTaken(error),
            Err(trap) => trap,
        };
        if let Some(RetriesSpent(reason)) = trap.downcast_ref() {
            CallError::RetriesSpent {
                reason: reason.clone(),
                cause: self.network_failure(),
            }
        } else if trap.is::<OutOfTime>() {
            CallError::OutOfTime {
                limit: self.store.data().account.budget(),
            }
        } else if self.store.data().memory.refused() {
            CallError::OutOfMemory {
                limit: limits.memory,
            }
        } else {
            CallError::Trapped(plain(&format!("{trap:#}")))
        }
    }

    fn answered(&self, answer: Answer) -> CallError {
        let cause = self.network_failure();
        let mut answer = plain_answer(answer);
        if cause.as_ref().is_some_and(Cause::suspects_clock) {
            answer.cure = Some(clock_cure(SystemTime::now()));
        }
        CallError::Answered {
            answer: Box::new(answer),
            cause,
        }
    }

    fn network_failure(&self) -> Option<Cause> {
        self.usage.failure().map(Cause::Network)
    }
}

/// The job has ended well. A journal that stays is no reason to fail: at worst a later job looks into
/// it and begins anew.
async fn forget(journal: &JobJournal) {
    if let Err(error) = journal.remove().await {
        tracing::debug!(error = %crate::report::chain(&error), "journal not removed");
    }
}

/// The component's answer with what is wrong with the payload, if that can be behind it: a request
/// whose body was cut because the file changed looks to the component like a broken connection.
fn with_blame(payload: &Payload, answer: Answer, cause: Option<Cause>) -> CallError {
    let found = match payload {
        Payload::File(source) if may_be_the_source(answer.kind) => source
            .verify()
            .err()
            .map(|error| Cause::Source(Arc::new(error))),
        Payload::File(_) => None,
        Payload::Stream(stream) => stream.failure().map(Cause::Stream),
    };
    let kind = match found {
        Some(Cause::Source(_)) => ErrorKind::SourceChanged,
        _ => answer.kind,
    };
    CallError::Answered {
        answer: Box::new(Answer { kind, ..answer }),
        cause: found.or(cause),
    }
}

/// Whether the change of a file can be behind such an answer.
fn may_be_the_source(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Integrity | ErrorKind::SourceChanged
    )
}

/// Puts the limits on a store.
fn bound(store: &mut Store<State>, ticker: Ticker) {
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOSTCALL_FUEL);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| Ok(store.data_mut().account.tick(Instant::now())?));
    store.call_hook(move |mut store, hook| {
        let state = store.data_mut();
        match hook {
            CallHook::CallingWasm | CallHook::ReturningFromHost => {
                state.computing = Some(ticker.compute());
                state.account.enter(Instant::now());
                Ok(())
            }
            CallHook::ReturningFromWasm | CallHook::CallingHost => {
                state.computing = None;
                Ok(state.account.leave(Instant::now())?)
            }
        }
    });
}

/// The output of `call`, or nothing when there was no move for `stall`.
async fn alive<T>(
    moves: impl Fn() -> u64,
    stall: Duration,
    call: impl Future<Output = T>,
) -> Option<T> {
    let watch = async {
        let (mut seen, mut since) = (moves(), Instant::now());
        while since.elapsed() < stall {
            tokio::time::sleep(GLANCE.min(stall)).await;
            if moves() != seen {
                (seen, since) = (moves(), Instant::now());
            }
        }
    };
    tokio::select! {
        output = call => Some(output),
        () = watch => None,
    }
}
