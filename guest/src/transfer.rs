//! `transfer`: bytes become objects.

use sealift_core::checksum::Checksum;
use sealift_core::retry::Policy;
use sealift_core::s3::Destination;
use sealift_core::upload::{Action, Event, Framing, Job, Options, Upload, Uploaded};
use sealift_core::{Error, ErrorKind};

use crate::bindings::exports::sealift::gateway::transfer::{self, Guest, Place, Unfinished};
use crate::bindings::payload::{self, ByteRange, Payload};
use crate::bindings::progress::{self, Directive, Retry, Step};
use crate::bindings::types::{self, Provider, Setting};
use crate::bindings::{jobs, vault};
use crate::{Component, clock, convert, http};

impl Guest for Component {
    fn upload(job: jobs::Job) -> Result<transfer::Outcome, types::Error> {
        let uploaded = Transfer::new(&job)?.run()?;
        Ok(transfer::Outcome::Stored(transfer::Uploaded {
            etag: uploaded.etag.trim_matches('"').to_owned(),
            checksum: uploaded.checksum.as_ref().map(convert::checksum),
            version_id: uploaded.version_id,
            attempts: uploaded.attempts.into(),
            reasons: uploaded
                .failures
                .into_iter()
                .map(|failure| failure.message)
                .collect(),
        }))
    }

    fn list_unfinished(_place: Place) -> Result<Vec<Unfinished>, types::Error> {
        Err(unsupported("multipart uploads").into())
    }

    fn abort(_place: Place, _upload: Unfinished) -> Result<(), types::Error> {
        Err(unsupported("multipart uploads").into())
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this component knows no {what}"),
    )
}

/// One job: the core's state machine, and what it needs to be done.
struct Transfer {
    upload: Upload,
    payload: Payload,
    whole: ByteRange,
    provider: Provider,
    attempt: u32,
}

impl Transfer {
    fn new(job: &jobs::Job) -> Result<Self, Error> {
        let payload = job.payload();
        let length = payload
            .size()
            .ok_or_else(|| unsupported("payloads of unknown size"))?;
        let named = |name: &str, value| Setting {
            name: name.to_owned(),
            value,
        };
        let place = vec![named("bucket", job.bucket()), named("key", job.key())];
        let mut settings = convert::settings([place, job.location(), job.options()])?;
        let destination = Destination::from_settings(&mut settings)?;
        let checksum = Checksum::from_settings(&mut settings)?;
        let options = Options::from_settings(&mut settings)?;
        let policy = Policy::from_settings(&mut settings)?;
        settings.finish()?;
        let upload = Upload::new(
            Job::new(destination, length, checksum, options)?,
            policy,
            clock::now(),
        );
        let whole = ByteRange { offset: 0, length };
        Ok(Self {
            upload,
            payload,
            whole,
            provider: job.credentials_provider(),
            attempt: 0,
        })
    }

    fn run(mut self) -> Result<Uploaded, Error> {
        loop {
            let event = match self.upload.next(clock::now()) {
                Action::Done(result) => return result,
                Action::Credentials { rejected } => self.credentials(rejected.as_deref()),
                Action::Digest { algorithm } => {
                    Event::Digest(self.digest(convert::algorithm(algorithm)))
                }
                Action::Put { request, framing } => self.put(&request, framing),
                Action::Wait(time) => self.wait(time),
            };
            self.upload.handle(event, clock::now(), clock::random());
        }
    }

    fn credentials(&self, rejected: Option<&str>) -> Event {
        let answer = vault::credentials(&self.provider, rejected).map_err(Error::from);
        Event::Credentials(answer.and_then(convert::credentials))
    }

    fn digest(&self, algorithm: types::Algorithm) -> Result<String, Error> {
        let checksum = self.payload.checksum(algorithm, self.whole)?;
        Ok(convert::digest(checksum)?.to_base64())
    }

    fn put(&mut self, request: &::http::Request<()>, framing: Framing) -> Event {
        self.attempt += 1;
        if progress::report(&Step::Attempt(self.attempt)) == Directive::Stop {
            return Event::Cancelled;
        }
        match self.send(request, framing) {
            Ok(answered) => answered,
            Err(error) => Event::Failed(error),
        }
    }

    fn send(&self, request: &::http::Request<()>, framing: Framing) -> Result<Event, Error> {
        let outgoing = http::outgoing(request)?;
        let framing = match framing {
            Framing::Raw => payload::Framing::Raw(None),
            Framing::AwsChunked(algorithm) => {
                payload::Framing::AwsChunked(convert::algorithm(algorithm))
            }
        };
        let sending = self.payload.attach(&outgoing, self.whole, framing)?;
        let to = request
            .uri()
            .authority()
            .map_or("the store", |authority| authority.as_str());
        let response = http::send(outgoing, to)?;
        if response.status().is_success() && sending.sent() < self.whole.length {
            let message = format!("{to} answered before it had the whole object");
            return Err(Error::new(ErrorKind::Integrity, message));
        }
        let sent_checksum = sending.checksum().map(convert::digest).transpose()?;
        Ok(Event::Answer {
            response,
            sent_checksum: sent_checksum.map(|digest| digest.to_base64()),
        })
    }

    fn wait(&self, time: std::time::Duration) -> Event {
        let reason = self
            .upload
            .failures()
            .last()
            .map(|failure| failure.message.clone());
        let delay = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let retry = Retry {
            reason: reason.unwrap_or_default(),
            delay,
        };
        if progress::report(&Step::Retrying(retry)) == Directive::Stop {
            return Event::Cancelled;
        }
        clock::sleep(time);
        Event::WaitOver
    }
}
