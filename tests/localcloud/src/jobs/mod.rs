//! AWS IoT Jobs, as far as a device asks it.
//!
//! <https://docs.aws.amazon.com/iot/latest/developerguide/jobs-http-device-api.html>

mod job;
mod refusal;
mod request;
mod service;
mod store;

pub(crate) use service::Jobs;
