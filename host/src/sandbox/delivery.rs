//! What the host itself saw of an upload: which bytes went out and were answered.
//!
//! A component reports what it did; whether a local file may be called uploaded must not
//! rest on that. So the host takes down what it saw of the requests to the job's own object:
//! which range of the payload each took, whether all of it was gone when the 2xx came, and of which
//! parts an object was made. The whole payload is one such PUT, or the parts of one completed
//! upload; never a mixture. What a request without an answer may have done counts too.
//!
//! Parts outlive a process: they are noted in the job's journal, with the fingerprint of
//! the source that they are of, and count again when a later instance reads its journal. Before
//! anything leaves that could make them untrue, the journal is forgotten.

mod aim;
mod attached;
mod completion;
mod evidence;
mod listing;
mod note;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use sealift_payload::{FileBody, Framing, Sending};
use sealift_state::JournalError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::journal::JobJournal;
use super::target::Target;
use aim::{Aim, Part};
pub(super) use attached::Attached;
use attached::Parcel;
use completion::{Peek, Verdict};
use evidence::{Claim, Evidence};
use note::Note;

/// The deliveries of one instance.
#[derive(Clone, Debug)]
pub(super) struct Deliveries {
    evidence: Arc<Mutex<Evidence>>,
    /// Whose list of parts is in memory; one at a time.
    listing: Arc<Semaphore>,
    job: Option<Arc<Job>>,
}

/// What is delivered where.
#[derive(Debug)]
struct Job {
    target: Target,
    /// Of the source.
    fingerprint: String,
    journal: JobJournal,
}

/// A request to the object, under way.
#[derive(Debug)]
pub(super) struct Ticket {
    deliveries: Deliveries,
    effect: Effect,
}

/// What a request does.
#[derive(Debug)]
enum Effect {
    /// Keeps a part.
    Part(Part, Parcel),
    /// Makes the object of a range that begins with the payload.
    Object(Claim, Parcel),
    /// Makes the object of parts, whose list is in memory.
    Complete {
        claim: Claim,
        _turn: OwnedSemaphorePermit,
    },
}

/// An answer that is yet to say whether an upload was completed.
#[derive(Debug)]
pub(super) struct Completion {
    deliveries: Deliveries,
    peek: Peek,
    confirmed: bool,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            evidence: Arc::default(),
            listing: Arc::new(Semaphore::new(1)),
            job: None,
        }
    }
}

impl Deliveries {
    /// The deliveries of a job; those of an instance without one are none.
    pub(super) fn of(target: Target, fingerprint: String, journal: JobJournal) -> Self {
        let job = Job {
            target,
            fingerprint,
            journal,
        };
        Self {
            job: Some(Arc::new(job)),
            ..Self::default()
        }
    }

    /// The body for a range of the payload.
    #[expect(clippy::unused_self, reason = "a body is attached for a job")]
    pub(super) fn attach(
        &self,
        body: FileBody,
        range: Range<u64>,
        framing: Framing,
        sending: Sending,
    ) -> Attached {
        let parcel = Parcel {
            range,
            framing,
            sending,
        };
        Attached::new(body, parcel)
    }

    /// Takes down what a request does to the object, before it leaves. A list of parts is read to its
    /// end meanwhile.
    ///
    /// # Errors
    /// The request must not leave: its body is too long or broke off, or what the journal says cannot
    /// be read or forgotten.
    pub(super) async fn send(
        &self,
        request: &mut http::Request<WasiBody>,
    ) -> Result<Option<Ticket>, HttpError> {
        let Some(job) = &self.job else {
            return Ok(None);
        };
        let Some(aim) = job.target.aim(request.method(), request.uri()) else {
            return Ok(None);
        };
        let fields = request.headers();
        let parcel = Parcel::in_body(request.body())
            .filter(|parcel| parcel.is_announced_by(fields) && !aim::is_amended(fields));
        let effect = match (aim, parcel) {
            (Aim::Part(part), Some(parcel)) => {
                self.recall(job).await?;
                let same = self.evidence().send_part(&part, &parcel.range);
                same.then_some(Effect::Part(part, parcel))
            }
            (Aim::Object, Some(parcel)) => (parcel.range.start == 0)
                .then(|| Effect::Object(self.claim(Some(parcel.range.end)), parcel)),
            (Aim::Complete(upload), None) => {
                let turn = self.turn().await?;
                let claim = self.list(&upload, request).await?;
                Some(Effect::Complete {
                    claim: self.claim(claim),
                    _turn: turn,
                })
            }
            _ => None,
        };
        let Some(effect) = effect else {
            self.lose(job).await?;
            return Ok(None);
        };
        let deliveries = self.clone();
        Ok(Some(Ticket { deliveries, effect }))
    }

    /// Counts the parts that earlier instances delivered of this source, as they were noted in the
    /// job's journal.
    pub(super) fn remember(&self, notes: &[Vec<u8>]) {
        let Some(job) = &self.job else { return };
        let mut evidence = self.evidence();
        if !evidence.recall_begins() {
            return;
        }
        for note in notes.iter().filter_map(|note| Note::read(note)) {
            if note.fingerprint == job.fingerprint {
                let (part, range) = note.into_part();
                evidence.recall(&part, &range);
            }
        }
    }

    /// Whether what was delivered makes the object the whole payload of this length.
    pub(super) fn cover(&self, length: u64) -> bool {
        self.evidence().cover(length)
    }

    /// Remembers, if the component did not load its journal before it sends parts.
    async fn recall(&self, job: &Job) -> Result<(), HttpError> {
        if self.evidence().has_recalled() {
            return Ok(());
        }
        let notes = match job.journal.load().await {
            Ok(records) => records.host,
            // What cannot be read says nothing that could become untrue.
            Err(JournalError::Unusable { .. }) => Vec::new(),
            Err(error) => return Err(kept(&error)),
        };
        self.remember(&notes);
        Ok(())
    }

    /// The component sends what is not known to be the payload's. It can do so; but nothing says any
    /// more what the object or a part of it is, to no later instance either.
    async fn lose(&self, job: &Job) -> Result<(), HttpError> {
        if self.evidence().is_lost() {
            return Ok(());
        }
        tracing::debug!("the component sends something of its own in the place of the payload");
        self.evidence().lose();
        job.journal.reset().await.map_err(|error| kept(&error))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, HttpError> {
        let turn = Arc::clone(&self.listing).acquire_owned().await;
        turn.map_err(|_| HttpError::InternalError(None))
    }

    /// What the parts that the request lists make.
    async fn list(
        &self,
        upload: &str,
        request: &mut http::Request<WasiBody>,
    ) -> Result<Claim, HttpError> {
        let mut document = Vec::new();
        while let Some(frame) = request.body_mut().frame().await {
            if let Ok(bytes) = frame?.into_data() {
                document.extend_from_slice(&bytes);
            }
            if document.len() > listing::LONGEST {
                return Err(HttpError::HttpRequestBodySize(Some(
                    listing::LONGEST as u64,
                )));
            }
        }
        let numbers = listing::numbers(&document);
        let whole = Full::new(Bytes::from(document)).map_err(|never| match never {});
        *request.body_mut() = whole.boxed_unsync();
        Ok(numbers.and_then(|numbers| self.evidence().joined(upload, &numbers)))
    }

    fn claim(&self, claim: Claim) -> Claim {
        self.evidence().claim(claim);
        claim
    }

    fn stored(&self, part: &Part, range: &Range<u64>, whole: bool) {
        let mut evidence = self.evidence();
        evidence.stored(part, range, whole);
        // Under the same lock as the loss of the evidence, after which the journal is forgotten.
        if let Some(job) = &self.job
            && whole
            && !evidence.is_lost()
        {
            let note = Note::new(&job.fingerprint, part, range);
            job.journal.note(note.write());
        }
    }

    fn evidence(&self) -> MutexGuard<'_, Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The request was answered, `early` if before its last byte had left. Bytes count only if all
    /// of them had gone out by then: a server that answers sooner has not got them. What an answer
    /// to the completion of an upload means is in its body.
    pub(super) fn answered(self, status: StatusCode, early: bool) -> Option<Completion> {
        let Self { deliveries, effect } = self;
        let whole = |parcel: &Parcel| parcel.gone() && !early;
        match effect {
            Effect::Part(part, parcel) if status.is_success() => {
                deliveries.stored(&part, &parcel.range, whole(&parcel));
            }
            Effect::Object(_, parcel) if status.is_success() && whole(&parcel) => {
                deliveries.evidence().confirmed();
            }
            Effect::Complete { .. } if status.is_success() => {
                return Some(Completion {
                    deliveries,
                    peek: Peek::default(),
                    confirmed: false,
                });
            }
            Effect::Object(claim, _) | Effect::Complete { claim, .. }
                if status.is_client_error() =>
            {
                deliveries.evidence().refused(claim);
            }
            // What failed in the store may have been done.
            Effect::Part(..) | Effect::Object(..) | Effect::Complete { .. } => {}
        }
        None
    }
}

impl Completion {
    /// The component reads these bytes of the answer.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        let verdict = self.peek.read(bytes);
        let mut evidence = self.deliveries.evidence();
        match verdict {
            Verdict::Completed if !self.confirmed => {
                self.confirmed = true;
                evidence.confirmed();
            }
            Verdict::Failed if self.confirmed => {
                self.confirmed = false;
                evidence.unconfirmed();
            }
            Verdict::Open | Verdict::Completed | Verdict::Failed => {}
        }
    }
}

/// Why a request does not leave: the journal could say the wrong thing of it later.
fn kept(error: &JournalError) -> HttpError {
    tracing::warn!(error = %crate::report::chain(error), "a request is held back");
    HttpError::InternalError(Some(error.to_string()))
}
