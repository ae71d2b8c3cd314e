//! Multipart uploads that were begun and neither completed nor aborted: finding them, and
//! aborting one.
//!
//! A smaller sibling of [`upload`](crate::upload): one request at a time, until it is answered.

use std::time::Duration;

use http::{Method, Request};

use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::retry::{History, Policy, Quota, Retry};
use crate::s3::error::refusal;
use crate::s3::listing::Marker;
use crate::s3::multipart::{self, Unfinished};
use crate::s3::{Destination, Listing, Operation, UploadId};
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
    /// Send the signed request, which has no body. Answer with [`Event::Answer`] or
    /// [`Event::Failed`].
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
    /// The wait is over.
    Time,
}

/// One errand to a store, on its way.
#[derive(Debug)]
pub struct Errand {
    task: Task,
    policy: Policy,
    quota: Quota,
    started: Duration,
    attempts: u8,
    refreshed: bool,
    signed_by: Option<String>,
    state: State,
}

#[derive(Debug)]
enum Task {
    List {
        listing: Listing,
        after: Option<Marker>,
        found: Vec<Unfinished>,
    },
    Abort {
        destination: Destination,
        upload: UploadId,
    },
}

#[derive(Debug)]
enum State {
    Unsigned { rejected: Option<String> },
    Signing(Credentials),
    Sent,
    Waiting(Duration),
    Done(Result<Vec<Unfinished>, Error>),
}

impl Errand {
    /// Finds the unfinished uploads of a listing, at most [`MOST_LISTED`].
    pub fn list(listing: Listing, policy: Policy, now: Now) -> Self {
        let task = Task::List {
            listing,
            after: None,
            found: Vec::new(),
        };
        Self::begin(task, policy, now)
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
        Self {
            task,
            policy,
            quota: Quota::default(),
            started: now.monotonic,
            attempts: 0,
            refreshed: false,
            signed_by: None,
            state: State::Unsigned { rejected: None },
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Now) -> Action {
        match &self.state {
            State::Unsigned { rejected } => Action::Credentials {
                rejected: rejected.clone(),
            },
            State::Signing(credentials) => {
                let signer = credentials.access_key_id().to_owned();
                match self.task.request(credentials, now) {
                    Ok(request) => {
                        self.signed_by = Some(signer);
                        self.state = State::Sent;
                        Action::Send(request)
                    }
                    Err(error) => {
                        self.state = State::Done(Err(error.clone()));
                        Action::Done(Err(error))
                    }
                }
            }
            State::Sent => Action::Wait(Duration::ZERO),
            State::Waiting(time) => Action::Wait(*time),
            State::Done(result) => Action::Done(result.clone()),
        }
    }

    /// Takes in what has happened. `random` is uniform over all of `u64`.
    pub fn handle(&mut self, event: Event, now: Now, random: u64) {
        match event {
            Event::Credentials(Ok(credentials)) => {
                self.attempts = self.attempts.saturating_add(1);
                self.state = State::Signing(credentials);
            }
            Event::Credentials(Err(error)) => {
                self.attempts = self.attempts.saturating_add(1);
                self.fail(error, now, random);
            }
            Event::Failed(error) => self.fail(error, now, random),
            Event::Answer(response) => match self.task.judge(&response) {
                Ok(Some(found)) => self.state = State::Done(Ok(found)),
                Ok(None) => {
                    self.attempts = 0;
                    self.state = State::Unsigned { rejected: None };
                }
                Err(error) => self.fail(error, now, random),
            },
            Event::Time => self.state = State::Unsigned { rejected: None },
        }
    }

    fn fail(&mut self, error: Error, now: Now, random: u64) {
        let history = History {
            started: self.started,
            attempts: self.attempts,
            refreshed: self.refreshed,
            clock_corrected: false,
        };
        let decided = self
            .policy
            .decide(history, &error, &mut self.quota, random, now);
        self.state = match decided {
            Retry::After(wait) => State::Waiting(wait),
            Retry::Refresh => {
                self.refreshed = true;
                let rejected = self.signed_by.take();
                State::Unsigned { rejected }
            }
            Retry::GiveUp => State::Done(Err(error)),
        };
    }
}

impl Task {
    fn request(&self, credentials: &Credentials, now: Now) -> Result<Request<()>, Error> {
        let mut request = Request::new(());
        let store = match self {
            Self::List { listing, after, .. } => {
                *request.method_mut() = Method::GET;
                *request.uri_mut() = listing.uri(after.as_ref())?;
                &listing.store
            }
            Self::Abort {
                destination,
                upload,
            } => {
                let operation = Operation::AbortMultipartUpload { upload };
                *request.method_mut() = operation.method();
                *request.uri_mut() = destination.uri_of(operation)?;
                &destination.store
            }
        };
        let scope = Scope {
            region: store.region().as_str(),
            service: "s3",
        };
        sign::sign(&mut request, Payload::Empty, credentials, scope, now.wall)?;
        Ok(request)
    }

    /// All that was looked for, or nothing while there is more.
    fn judge(&mut self, response: &Response) -> Result<Option<Vec<Unfinished>>, Error> {
        match self {
            Self::List {
                listing,
                after,
                found,
            } => {
                let page = multipart::unfinished(response, after.as_ref(), listing)?;
                found.extend(page.uploads);
                found.truncate(MOST_LISTED);
                *after = page.next.filter(|_| found.len() < MOST_LISTED);
                Ok(after.is_none().then(|| std::mem::take(found)))
            }
            Self::Abort {
                destination,
                upload,
            } => {
                let operation = Operation::AbortMultipartUpload { upload };
                match refusal(response, operation, destination) {
                    // Somebody else was quicker.
                    Some(error) if error.kind == ErrorKind::NotFound && is_gone(&error) => {
                        Ok(Some(Vec::new()))
                    }
                    Some(error) => Err(error),
                    None => Ok(Some(Vec::new())),
                }
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

    use std::time::SystemTime;

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::s3::{Addressing, Store};

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

    fn sent(errand: &mut Errand) -> Request<()> {
        loop {
            let event = match errand.next(now()) {
                Action::Send(request) => return request,
                Action::Credentials { .. } => {
                    Event::Credentials(Credentials::new("A".to_owned(), "s".to_owned(), None, None))
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
