//! Multipart uploads that were begun and neither completed nor aborted: finding them, and
//! aborting one.
//!
//! A smaller sibling of [`upload`](crate::upload): one request at a time, tried in the same way.

use std::time::{Duration, SystemTime};

use http::{Method, Request};

use crate::checksum::Digest;
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::exchange::{Ended, Exchanges, Finished, Purpose, RequestId, Todo};
use crate::response::Response;
use crate::retry::Policy;
use crate::s3::error::refusal;
use crate::s3::listing::Marker;
use crate::s3::multipart::{self, Unfinished, UnfinishedPage};
use crate::s3::{Destination, Listing, Operation, Store, UploadId};
use crate::sign::{self, Payload, Scope};

/// The most uploads that are listed.
pub const MOST_LISTED: usize = 1000;

/// What the caller is to do next. Each is to be carried out once.
#[derive(Debug)]
pub enum Action {
    /// Get credentials. Answer with [`Event::Credentials`].
    Credentials {
        /// The access key id that the store has rejected.
        rejected: Option<String>,
    },
    /// Send the signed request, which has no body. Answer with [`Event::Answer`],
    /// [`Event::Failed`] or [`Event::NotSent`].
    Send(Request<()>),
    /// Wait. Answer with [`Event::Time`].
    Wait(Duration),
    /// Nothing more: the uploads that were found (none, when one was aborted), or why not.
    Done(Result<Vec<Unfinished>, Error>),
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// The credentials that were asked for.
    Credentials(Result<Credentials, Error>),
    /// The store's answer.
    Answer(Response),
    /// The request did not come to an answer.
    Failed(Error),
    /// The request has not left, since as many as may be are under way.
    NotSent,
    /// The wait is over.
    Time,
}

/// One errand to a store, on its way.
#[derive(Debug)]
pub struct Errand {
    exchanges: Exchanges<Task>,
    sent: Option<RequestId>,
    found: Vec<Unfinished>,
    result: Option<Result<Vec<Unfinished>, Error>>,
}

#[derive(Debug)]
enum Task {
    List {
        listing: Listing,
        after: Option<Marker>,
    },
    Abort {
        destination: Destination,
        upload: UploadId,
    },
}

impl Errand {
    /// Finds the unfinished uploads of a listing, at most [`MOST_LISTED`].
    pub fn list(listing: Listing, policy: Policy, now: Now) -> Self {
        let after = None;
        Self::begin(Task::List { listing, after }, policy, now)
    }

    /// Aborts an upload; its parts are gone afterwards.
    pub fn abort(destination: Destination, upload: UploadId, policy: Policy, now: Now) -> Self {
        let task = Task::Abort {
            destination,
            upload,
        };
        Self::begin(task, policy, now)
    }

    fn begin(task: Task, policy: Policy, now: Now) -> Self {
        let mut exchanges = Exchanges::new(policy, now);
        exchanges.open(task);
        Self {
            exchanges,
            sent: None,
            found: Vec::new(),
            result: None,
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Now) -> Action {
        if let Some(result) = &self.result {
            return Action::Done(result.clone());
        }
        match self.exchanges.next(&(), now) {
            Ok(Some(Todo::Credentials { rejected })) => Action::Credentials { rejected },
            Ok(Some(Todo::Send { id, request, .. })) => {
                self.sent = Some(id);
                Action::Send(*request)
            }
            Ok(Some(todo @ (Todo::Announce(_) | Todo::Digest { .. }))) => {
                let message = format!("{todo:?} is for uploads");
                self.done(Err(Error::new(ErrorKind::Internal, message)))
            }
            Ok(None) => {
                let due = self.exchanges.due().unwrap_or_default();
                Action::Wait(due.saturating_sub(now.monotonic))
            }
            Err(error) => self.done(Err(error)),
        }
    }

    /// Takes in what has happened. `random` is uniform over all of `u64`.
    pub fn handle(&mut self, event: Event, now: Now, random: u64) {
        let ended = match (event, self.sent) {
            (Event::Credentials(credentials), _) => {
                self.exchanges.credentials(credentials, now, random)
            }
            (Event::Answer(response), Some(id)) => {
                let answer = &response;
                self.exchanges.answered(&(), id, answer, None, now, random)
            }
            (Event::NotSent, Some(id)) => self.exchanges.not_sent(id, now),
            (Event::Failed(error), Some(id)) => self.exchanges.failed(id, error, None, now, random),
            (Event::Answer(_) | Event::Failed(_) | Event::NotSent, None) | (Event::Time, _) => {
                return;
            }
        };
        match ended {
            Ended::Nothing | Ended::Retrying { .. } => {}
            Ended::Elsewhere { error, .. } => drop(self.done(Err(error))),
            Ended::Finished(finished) => self.finished(finished),
        }
    }

    fn finished(&mut self, finished: Finished<Task, UnfinishedPage>) {
        let Finished {
            purpose, result, ..
        } = finished;
        let page = match result {
            Ok(page) => page,
            // Somebody else was quicker.
            Err(error) if matches!(purpose, Task::Abort { .. }) && is_gone(&error) => {
                UnfinishedPage::default()
            }
            Err(error) => return drop(self.done(Err(error))),
        };
        self.found.extend(page.uploads);
        self.found.truncate(MOST_LISTED);
        match (purpose, page.next) {
            (Task::List { listing, .. }, Some(next)) if self.found.len() < MOST_LISTED => {
                let after = Some(next);
                self.exchanges.open(Task::List { listing, after });
            }
            _ => {
                let found = std::mem::take(&mut self.found);
                self.done(Ok(found));
            }
        }
    }

    fn done(&mut self, result: Result<Vec<Unfinished>, Error>) -> Action {
        self.result = Some(result.clone());
        Action::Done(result)
    }
}

impl Purpose for Task {
    type Job = ();
    type Body = ();
    type Receipt = UnfinishedPage;

    fn store<'a>(&'a self, (): &'a ()) -> &'a Store {
        match self {
            Self::List { listing, .. } => &listing.store,
            Self::Abort { destination, .. } => &destination.store,
        }
    }

    fn request(
        &self,
        (): &(),
        _digests: &[Digest],
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<(Request<()>, ()), Error> {
        let mut request = Request::new(());
        match self {
            Self::List { listing, after } => {
                *request.method_mut() = Method::GET;
                *request.uri_mut() = listing.uri(after.as_ref())?;
            }
            Self::Abort {
                destination,
                upload,
            } => {
                let operation = Operation::AbortMultipartUpload { upload };
                *request.method_mut() = operation.method();
                *request.uri_mut() = destination.uri_of(operation)?;
            }
        }
        let scope = Scope {
            region: self.store(&()).region().as_str(),
            service: "s3",
        };
        sign::sign(&mut request, Payload::Empty, credentials, scope, now)?;
        Ok((request, ()))
    }

    fn judge(
        &self,
        (): &(),
        _digests: &[Digest],
        response: &Response,
        _sent: Option<&str>,
    ) -> Result<UnfinishedPage, Error> {
        match self {
            Self::List { listing, after } => {
                multipart::unfinished(response, after.as_ref(), listing)
            }
            Self::Abort {
                destination,
                upload,
            } => {
                let operation = Operation::AbortMultipartUpload { upload };
                let refusal = refusal(response, operation, destination);
                refusal.map_or_else(|| Ok(UnfinishedPage::default()), Err)
            }
        }
    }
}

fn is_gone(error: &Error) -> bool {
    error.code.as_deref() == Some("NoSuchUpload")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::s3::Addressing;

    fn now() -> Now {
        Now {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Duration::ZERO,
        }
    }

    fn store() -> Store {
        let region = "eu-west-1".parse().unwrap();
        Store::at("https://h".parse().unwrap(), Addressing::Path, region).unwrap()
    }

    fn list() -> Errand {
        let listing = Listing {
            store: store(),
            bucket: "abc".parse().unwrap(),
            prefix: "p/".to_owned(),
        };
        Errand::list(listing, Policy::default(), now())
    }

    fn abort() -> Errand {
        let destination = Destination {
            store: store(),
            bucket: "abc".parse().unwrap(),
            key: "k".parse().unwrap(),
        };
        Errand::abort(destination, "id".parse().unwrap(), Policy::default(), now())
    }

    fn keys(id: &str) -> Result<Credentials, Error> {
        Credentials::new(id.to_owned(), "s".to_owned(), None, None)
    }

    fn sent(errand: &mut Errand) -> Request<()> {
        loop {
            let event = match errand.next(now()) {
                Action::Send(request) => return request,
                Action::Credentials { rejected } => {
                    Event::Credentials(keys(if rejected.is_some() { "B" } else { "A" }))
                }
                Action::Wait(_) => Event::Time,
                Action::Done(result) => panic!("{result:?}"),
            };
            errand.handle(event, now(), 0);
        }
    }

    fn answer(errand: &mut Errand, status: u16, body: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let response = Response::new(status, HeaderMap::new(), body.as_bytes().to_vec()).unwrap();
        errand.handle(Event::Answer(response), now(), 0);
    }

    fn done(errand: &mut Errand) -> Result<Vec<Unfinished>, Error> {
        match errand.next(now()) {
            Action::Done(result) => result,
            other => panic!("{other:?}"),
        }
    }

    fn page(key: &str, more: bool) -> String {
        format!(
            "<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated>\
             <NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>\
             <Upload><Key>{key}</Key><UploadId>u</UploadId>\
             <Initiated>2023-11-14T22:13:20.000Z</Initiated></Upload></ListMultipartUploadsResult>"
        )
    }

    #[test]
    fn all_pages_are_listed() {
        let mut errand = list();
        let first = sent(&mut errand);
        assert!(first.uri().query().unwrap().contains("prefix=p%2F"));
        answer(&mut errand, 200, &page("p/a", true));
        let second = sent(&mut errand);
        assert!(second.uri().query().unwrap().contains("key-marker=p%2Fa"));
        answer(&mut errand, 200, &page("p/b", false));
        let keys: Vec<_> = done(&mut errand).unwrap();
        let keys: Vec<_> = keys.iter().map(|upload| upload.key.as_str()).collect();
        assert_eq!(keys, ["p/a", "p/b"]);
    }

    #[test]
    fn an_upload_that_is_gone_counts_as_aborted() {
        let mut errand = abort();
        let request = sent(&mut errand);
        assert_eq!(request.method(), "DELETE");
        assert_eq!(request.uri(), "https://h/abc/k?uploadId=id");
        answer(&mut errand, 404, "<Error><Code>NoSuchUpload</Code></Error>");
        assert_eq!(done(&mut errand), Ok(Vec::new()));
    }

    #[test]
    fn a_busy_store_is_asked_again_and_a_refusal_stands() {
        let mut errand = abort();
        sent(&mut errand);
        answer(&mut errand, 503, "<Error><Code>SlowDown</Code></Error>");
        sent(&mut errand);
        answer(&mut errand, 403, "<Error><Code>AccessDenied</Code></Error>");
        let error = done(&mut errand).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.cure.unwrap().contains("s3:AbortMultipartUpload"));
    }

    #[test]
    fn rejected_credentials_are_renewed_once() {
        let mut errand = list();
        sent(&mut errand);
        answer(&mut errand, 400, "<Error><Code>ExpiredToken</Code></Error>");
        match errand.next(now()) {
            Action::Credentials { rejected } => assert_eq!(rejected.as_deref(), Some("A")),
            other => panic!("{other:?}"),
        }
        sent(&mut errand);
        answer(&mut errand, 400, "<Error><Code>ExpiredToken</Code></Error>");
        assert_eq!(
            done(&mut errand).unwrap_err().kind,
            ErrorKind::ExpiredCredentials
        );
    }
}
