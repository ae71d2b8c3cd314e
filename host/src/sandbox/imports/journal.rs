//! `journal`: how an upload goes on where another instance left it.

use sealift_state::JournalError;

use super::super::bindings::sealift::gateway::journal::Host;
use super::super::journal::AppendError;
use super::super::state::State;
use super::super::{Answer, Answered, ErrorKind};

impl Host for State {
    async fn load(&mut self) -> wasmtime::Result<Answered<Vec<Vec<u8>>>> {
        let Some(journal) = self.journal.clone() else {
            return Ok(Err(no_job()));
        };
        let _busy = self.egress.usage().busy();
        match journal.load().await {
            Ok(records) => {
                self.egress.deliveries().remember(&records.host);
                Ok(Ok(records.component))
            }
            Err(error) => {
                self.without(error)?;
                Ok(Ok(Vec::new()))
            }
        }
    }

    async fn append(&mut self, entry: Vec<u8>) -> wasmtime::Result<Answered<()>> {
        let Some(journal) = self.journal.clone() else {
            return Ok(Err(no_job()));
        };
        let _busy = self.egress.usage().busy();
        match journal.append(entry).await {
            Ok(()) => Ok(Ok(())),
            Err(AppendError::Journal(error)) => Ok(Err(self.without(error)?)),
            Err(error @ AppendError::Unkept) => {
                Ok(Err(Answer::new(ErrorKind::Unavailable, error.to_string())))
            }
        }
    }

    async fn reset(&mut self) -> wasmtime::Result<Answered<()>> {
        let Some(journal) = self.journal.clone() else {
            return Ok(Err(no_job()));
        };
        let _busy = self.egress.usage().busy();
        match journal.reset().await {
            Ok(()) => Ok(Ok(())),
            Err(error) => Ok(Err(self.without(error)?)),
        }
    }
}

impl State {
    /// What a component learns that has to do without the journal, where an upload is better than
    /// none. Where another upload could be spoilt, or a user has to decide, the instance is ended.
    fn without(&self, error: JournalError) -> wasmtime::Result<Answer> {
        let kind = match error {
            JournalError::Busy { .. } | JournalError::Damaged { .. } => return Err(error.into()),
            JournalError::Unusable { .. } => {
                self.services.unkept(&error);
                ErrorKind::Unavailable
            }
            JournalError::RecordTooLong { .. } | JournalError::Full { .. } => ErrorKind::TooLarge,
        };
        Ok(Answer::new(kind, crate::report::chain(&error)))
    }
}

fn no_job() -> Answer {
    Answer::new(
        ErrorKind::Unavailable,
        "there is no job to keep a journal of",
    )
}
