//! The host's job in the core's terms.

use sealift_core::checksum::Checksum;
use sealift_core::retry::Policy;
use sealift_core::s3::{Bucket, Destination};
use sealift_core::upload::{Described, Job, Options, Transfer, Upload};
use sealift_core::{Error, Settings};
use sealift_wasi::clock;

use crate::bindings::payload::Payload;
use crate::bindings::types::Setting;
use crate::bindings::{hints, jobs};
use crate::convert;

/// The state machine of a job, and the name under which its bucket's region is remembered.
pub(super) fn begin(job: &jobs::Job, payload: &Payload) -> Result<(Upload, String), Error> {
    let named = |name: &str, value| Setting {
        name: name.to_owned(),
        value,
    };
    let place = vec![named("bucket", job.bucket()), named("key", job.key())];
    let mut settings = convert::settings([place, job.location(), job.options()])?;
    let policy = Policy::from_settings(&mut settings)?;
    let job = described(&mut settings, payload)?;
    settings.finish()?;
    let hint = region_hint(&job.destination().bucket);
    let region = hints::get(&hint).and_then(|region| region.parse().ok());
    // Where it was found may be out of reach by now: then the store says where it is.
    let found = region.and_then(|region| job.clone().in_region(region).ok());
    let job = found.unwrap_or(job);
    Ok((Upload::new(job, policy, clock::now()), hint))
}

fn described(settings: &mut Settings, payload: &Payload) -> Result<Job, Error> {
    let described = Described {
        length: payload.size(),
        fingerprint: payload.fingerprint(),
    };
    Job::new(
        Destination::from_settings(settings)?,
        described,
        Checksum::from_settings(settings)?,
        Options::from_settings(settings)?,
        Transfer::from_settings(settings)?,
    )
}

fn region_hint(bucket: &Bucket) -> String {
    format!("region/{bucket}")
}
