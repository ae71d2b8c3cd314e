//! What the host itself saw of an upload: which bytes went out and were answered.
//!
//! A component reports what it did; whether a local file may be called uploaded must not
//! rest on that. So the host remembers what it saw of the requests to the job's own object:
//! which range of the payload each took, whether all of it was gone when the 2xx came, and which
//! multipart upload was completed. The whole payload is one such PUT, or the parts of one completed
//! upload; never a mixture.
//!
//! Parts outlive a process: they are noted in the job's journal, with the fingerprint of
//! the source that they are of, and count again when a later instance reads its journal.

mod aim;
mod attached;
mod completion;
mod evidence;
mod note;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use sealift_payload::{FileBody, Sending};
use wasmtime_wasi_http::WasiBody;

use super::journal::JobJournal;
use super::target::Target;
use aim::{Aim, Part};
pub(super) use attached::Attached;
use attached::Parcel;
use completion::{Peek, Verdict};
use evidence::Evidence;
use note::Note;

/// The deliveries of one instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries {
    evidence: Arc<Mutex<Evidence>>,
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
    aim: Aim,
    /// None where the bytes are not the payload's.
    parcel: Option<Parcel>,
}

/// An answer that is yet to say whether an upload was completed.
#[derive(Debug)]
pub(super) struct Completion {
    deliveries: Deliveries,
    upload: String,
    peek: Peek,
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
            evidence: Arc::default(),
            job: Some(Arc::new(job)),
        }
    }

    /// The body for a range of the payload.
    #[expect(clippy::unused_self, reason = "a body is attached for a job")]
    pub(super) fn attach(&self, body: FileBody, range: Range<u64>, sending: Sending) -> Attached {
        Attached::new(body, Parcel { range, sending })
    }

    /// Remembers a request that does something to the object.
    pub(super) fn send(&self, request: &http::Request<WasiBody>) -> Option<Ticket> {
        let target = &self.job.as_ref()?.target;
        let aim = target.aim(request.method(), request.uri())?;
        let copied = aim::is_copy(request.headers());
        let parcel = Parcel::in_body(request.body()).filter(|_| !copied);
        Some(Ticket {
            deliveries: self.clone(),
            aim,
            parcel,
        })
    }

    /// Counts the parts that earlier instances delivered of this source, as they were noted in the
    /// job's journal.
    pub(super) fn remember(&self, notes: &[Vec<u8>]) {
        let Some(job) = &self.job else { return };
        let mut evidence = self.evidence();
        for note in notes.iter().filter_map(|note| Note::read(note)) {
            if note.fingerprint == job.fingerprint {
                let (part, range) = note.into_part();
                evidence.part(part, Some(range));
            }
        }
    }

    /// Whether what was delivered makes the object the whole payload of this length.
    pub(super) fn cover(&self, length: u64) -> bool {
        self.evidence().cover(length)
    }

    fn delivered(&self, part: Part, range: Option<Range<u64>>) {
        if let (Some(job), Some(range)) = (&self.job, &range) {
            let note = Note::new(&job.fingerprint, &part, range);
            job.journal.note(note.write());
        }
        self.evidence().part(part, range);
    }

    fn evidence(&self) -> MutexGuard<'_, Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The request was answered, `early` if before its last byte had left. Bytes count only if all
    /// of them had gone out by then: a server that answers sooner has not got them. What an answer to the completion of an upload means is in
    /// its body.
    pub(super) fn answered(self, status: StatusCode, early: bool) -> Option<Completion> {
        if !status.is_success() {
            return None;
        }
        let Self {
            deliveries,
            aim,
            parcel,
        } = self;
        let range = parcel
            .filter(|parcel| parcel.gone() && !early)
            .map(|parcel| parcel.range);
        match aim {
            Aim::Object => deliveries.evidence().object(range),
            Aim::Part(part) => deliveries.delivered(part, range),
            Aim::Removal => deliveries.evidence().lost(),
            Aim::Complete(upload) => {
                return Some(Completion {
                    deliveries,
                    upload,
                    peek: Peek::default(),
                });
            }
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
            Verdict::Open => {}
            Verdict::Completed => evidence.completed(&self.upload),
            Verdict::Failed => evidence.lost(),
        }
    }
}
