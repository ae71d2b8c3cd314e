//! One call of one fresh instance.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealift_network::Network;
use wasmtime::component::Resource;
use wasmtime::{CallHook, Store};

use sealift_payload::Payload;

use super::bindings::Uploader;
use super::bindings::exports::sealift::gateway::transfer;
use super::component::Loaded;
use super::egress::Egress;
use super::error::{CallError, Cause};
use super::imports::{jobs, payload};
use super::job::{Job, Outcome, Uploaded};
use super::limits::{HOSTCALL_FUEL, Limits, OutOfTime};
use super::state::State;
use super::text::{plain, plain_answer};
use super::usage::Usage;
use super::{Answer, Credentials, ErrorKind, Provider, Services};

/// How often a call is looked at for signs of life.
const GLANCE: Duration = Duration::from_secs(5);

/// An instance that is about to be made. Dropping the future of a call ends the instance and
/// cuts its connections.
pub(super) struct Call<'a> {
    loaded: &'a Loaded,
    store: Store<State>,
    usage: Arc<Usage>,
    network: Network,
}

impl<'a> Call<'a> {
    pub(super) fn new(loaded: &'a Loaded, network: &Network, services: Arc<dyn Services>) -> Self {
        let limits = &loaded.limits;
        let egress = Egress::new(network.clone(), limits);
        let usage = Arc::clone(egress.usage());
        let mut store = Store::new(
            loaded.uploader.engine(),
            State::new(limits, services, egress),
        );
        bound(&mut store);
        Self {
            loaded,
            store,
            usage,
            network: network.clone(),
        }
    }

    pub(super) async fn upload(mut self, job: Job) -> Result<Outcome, CallError> {
        let payload = job.payload.clone();
        let egress = &mut self.store.data_mut().egress;
        egress.upload(job.target.clone(), job.bytes_out);
        let handle = self.lend(job)?;
        let answer = self
            .run(async |uploader, store| {
                uploader
                    .sealift_gateway_transfer()
                    .call_upload(store, handle)
                    .await
            })
            .await;
        match answer {
            Ok(transfer::Outcome::Stored(uploaded)) => {
                self.confirmed(&payload)?;
                self.told(&uploaded).map(Outcome::Stored)
            }
            Ok(transfer::Outcome::AlreadyThere(found)) => {
                self.told(&found).map(Outcome::AlreadyThere)
            }
            Err(CallError::Answered { answer, cause }) => Err(with_blame(&payload, *answer, cause)),
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
    ) -> Result<Credentials, CallError> {
        self.run(async |uploader, store| {
            uploader
                .sealift_gateway_credentials()
                .call_fetch(store, &provider)
                .await
        })
        .await
        .map(Credentials::from)
    }

    fn lend(&mut self, job: Job) -> Result<Resource<jobs::Held>, CallError> {
        self.store
            .data_mut()
            .table
            .push(jobs::Held::new(job))
            .map_err(|error| CallError::Trapped(error.to_string()))
    }

    /// Makes the instance, calls it, and says what became of it.
    async fn run<T>(
        &mut self,
        call: impl AsyncFnOnce(Uploader, &mut Store<State>) -> wasmtime::Result<Result<T, Answer>>,
    ) -> Result<T, CallError> {
        let _running = self.loaded.ticker.run();
        let limits = &self.loaded.limits;
        let store = &mut self.store;
        // Under a rate limit an instance may wait for the requests of others.
        let moves = || self.usage.moves().wrapping_add(self.network.paced());
        let outcome = alive(moves, limits.stall, async {
            let uploader = self.loaded.uploader.instantiate_async(&mut *store).await?;
            call(uploader, store).await
        })
        .await;
        match outcome {
            None => Err(CallError::Stalled {
                limit: limits.stall,
            }),
            Some(Err(trap)) => Err(self.trapped(&trap, limits)),
            Some(Ok(Err(answer))) => Err(self.answered(answer)),
            Some(Ok(Ok(result))) => Ok(result),
        }
    }

    fn trapped(&self, trap: &wasmtime::Error, limits: &Limits) -> CallError {
        if trap.is::<OutOfTime>() {
            CallError::OutOfTime {
                limit: limits.computing,
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
        let cause = self.usage.failure().map(Cause::Network);
        CallError::Answered {
            answer: Box::new(plain_answer(answer)),
            cause,
        }
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
fn bound(store: &mut Store<State>) {
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOSTCALL_FUEL);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| Ok(store.data_mut().account.tick(Instant::now())?));
    store.call_hook(|mut store, hook| {
        let account = &mut store.data_mut().account;
        match hook {
            CallHook::CallingWasm | CallHook::ReturningFromHost => {
                account.enter(Instant::now());
                Ok(())
            }
            CallHook::ReturningFromWasm | CallHook::CallingHost => {
                Ok(account.leave(Instant::now())?)
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
