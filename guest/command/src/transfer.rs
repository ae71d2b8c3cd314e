//! An upload: the core's state machine, and what it needs to be done.

use sealift_core::checksum::Checksum;
use sealift_core::retry::Policy;
use sealift_core::s3::Destination;
use sealift_core::upload::{Action, Event, Job, Options, Outcome, Step, Transfer, Upload};
use sealift_core::{Error, ErrorKind, Settings};
use sealift_wasi::clock;

use crate::arguments::Put;
use crate::file::Source;
use crate::flight::Flights;
use crate::journal::Journal;
use crate::tell;
use crate::vault::Vault;

/// Uploads the file, and goes on where the journal ends.
pub(crate) fn put(put: &Put) -> Result<Outcome, Error> {
    let source = Source::open(&put.file)?;
    let mut upload = begin(put, &source)?;
    let journal = Journal::open(put.journal.as_deref())?;
    let mut vault = Vault::default();
    let mut flights = Flights::default();
    loop {
        let event = match upload.next(clock::now()) {
            Action::Done(Ok(outcome)) => {
                if let Err(error) = journal.remove() {
                    tell(format_args!("{}; remove it", error.message));
                }
                return Ok(outcome);
            }
            Action::Done(Err(error)) => return Err(error),
            Action::Load => Event::Journal(told(journal.load())),
            Action::Append(record) => Event::Written(told(journal.append(&record))),
            Action::Reset => Event::Written(told(journal.reset())),
            Action::Credentials { rejected } => {
                let rejected = rejected.as_deref();
                let fetch = || put.provider.fetch();
                Event::Credentials(vault.credentials(rejected, clock::now().wall, fetch))
            }
            Action::Digest { algorithm, range } => Event::Digest(source.digest(algorithm, range)),
            Action::Acquire { .. } => Event::Acquired(Err(no_stream())),
            Action::Report(step) => {
                if let Step::Retrying { reason, delay } = step {
                    tell(format_args!("{reason}; again in {} s", delay.as_secs()));
                }
                Event::GoOn
            }
            Action::Send { id, request, body } => match flights.depart(id, &request, body) {
                Ok(()) => continue,
                Err(error) => Event::Failed { id, error },
            },
            Action::Wait { until } => flights.wait(until, &source),
            Action::Cut => {
                flights.cut();
                continue;
            }
            // A file stays where it is, and another run knows nothing of this one.
            Action::Release(_) | Action::Remember(_) => continue,
        };
        upload.handle(event, clock::now(), clock::random());
    }
}

fn begin(put: &Put, source: &Source) -> Result<Upload, Error> {
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let place = [named("bucket", &put.bucket), named("key", &put.key)];
    let all = place.into_iter().chain(put.settings.iter().cloned());
    let mut settings = Settings::new(all.collect())?;
    let policy = Policy::from_settings(&mut settings)?;
    let job = Job::new(
        Destination::from_settings(&mut settings)?,
        source.described(),
        Checksum::from_settings(&mut settings)?,
        Options::from_settings(&mut settings)?,
        Transfer::from_settings(&mut settings)?,
    )?;
    settings.finish()?;
    Ok(Upload::new(job, policy, clock::now()))
}

/// What the journal refuses is no reason to end, and the user's to know: a later run would not go on.
fn told<T>(done: Result<T, Error>) -> Result<T, Error> {
    done.inspect_err(|error| tell(&error.message))
}

fn no_stream() -> Error {
    Error::new(ErrorKind::Internal, "a file has no stream")
}
