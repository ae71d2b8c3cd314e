//! Multipart uploads that were begun and neither completed nor aborted.

use sealift_core::retry::Policy;
use sealift_core::s3::{Destination, Listing, Store};
use sealift_core::unfinished::{Action, Errand, Event};
use sealift_core::{Error, s3};
use sealift_wasi::clock;
use sealift_wasi::http::{self, Unanswered};

use crate::bindings::exports::sealift::gateway::transfer::{Place, Unfinished};
use crate::bindings::types::Provider;
use crate::bindings::vault;
use crate::convert;

pub(super) fn list(place: Place) -> Result<Vec<Unfinished>, Error> {
    let listing = Listing {
        store: store(place.location)?,
        bucket: place.bucket.parse()?,
        prefix: place.prefix,
    };
    let errand = Errand::list(listing, Policy::default(), clock::now());
    let found = run(errand, &place.provider)?;
    Ok(found.into_iter().map(told).collect())
}

pub(super) fn abort(place: Place, upload: &Unfinished) -> Result<(), Error> {
    let destination = Destination {
        store: store(place.location)?,
        bucket: place.bucket.parse()?,
        key: upload.key.parse()?,
    };
    let id = upload.upload_id.parse()?;
    let errand = Errand::abort(destination, id, Policy::default(), clock::now());
    run(errand, &place.provider)?;
    Ok(())
}

fn store(location: Vec<crate::bindings::types::Setting>) -> Result<Store, Error> {
    let mut settings = convert::settings([location])?;
    let store = Store::from_settings(&mut settings)?;
    settings.finish()?;
    Ok(store)
}

fn run(mut errand: Errand, provider: &Provider) -> Result<Vec<s3::multipart::Unfinished>, Error> {
    loop {
        let event = match errand.next(clock::now()) {
            Action::Done(result) => return result,
            Action::Credentials { rejected } => {
                let answer = vault::credentials(provider, rejected.as_deref());
                let answer = answer.map_err(Error::from);
                Event::Credentials(answer.and_then(convert::credentials))
            }
            Action::Send(request) => {
                let outgoing = http::outgoing(&request).map_err(Unanswered::from);
                match outgoing.and_then(|out| http::send(out, "the store")) {
                    Ok(answer) => Event::Answer(answer),
                    Err(Unanswered::NotSent { .. }) => Event::NotSent,
                    Err(Unanswered::Failed(error)) => Event::Failed(error),
                }
            }
            Action::Wait(time) => {
                clock::sleep(time);
                Event::Time
            }
        };
        errand.handle(event, clock::now(), clock::random());
    }
}

fn told(upload: s3::multipart::Unfinished) -> Unfinished {
    Unfinished {
        key: upload.key,
        upload_id: upload.upload.as_str().to_owned(),
        initiated: upload.initiated,
    }
}
