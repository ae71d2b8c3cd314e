//! Answers that are kept until their request is repeated.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::response::Parts;
use http::{Response, Uri};
use http_body_util::BodyExt as _;

use crate::body::{AnswerBody, whole};

/// Answers that are kept until their request is repeated, at most
/// [`LIMIT`](Self::LIMIT) of them.
#[derive(Debug, Default)]
pub(super) struct Replays(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    uri: Uri,
    parts: Parts,
    body: Bytes,
}

impl Replays {
    const LIMIT: usize = 64;

    pub(super) async fn keep(
        &self,
        uri: Uri,
        answer: Response<AnswerBody>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut kept = self.lock();
        if kept.len() >= Self::LIMIT {
            kept.pop_front();
        }
        kept.push_back(Kept { uri, parts, body });
        Ok(())
    }

    /// The answer that a request had before. It stays: clients may repeat twice.
    pub(super) fn find(&self, uri: &Uri) -> Option<Response<AnswerBody>> {
        let kept = self.lock();
        let found = kept.iter().find(|kept| kept.uri == *uri)?;
        Some(Response::from_parts(
            found.parts.clone(),
            whole(found.body.clone()),
        ))
    }

    /// Every change is one insertion or removal, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
