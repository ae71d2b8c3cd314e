//! Where components run.
//!
//! A component gets one fresh [instance](Component::upload) for each call: a trap, a leak or a runaway
//! loop ends one job, and nothing that a job learned outlives it unless the host keeps it.
//! An instance has bounded memory, computing time, requests and output; its only way out
//! is `wasi:http/outgoing-handler`, and the [network](sealift_network) decides where that leads.

mod aws;
mod bindings;
mod call;
mod clock;
mod component;
mod credentials;
mod deadline;
mod delivery;
mod egress;
mod engine;
mod error;
mod imports;
mod inspect;
mod job;
mod journal;
mod limits;
mod linker;
mod log;
mod options;
mod rooms;
mod services;
mod state;
mod target;
mod text;
mod ticker;
mod turns;
mod usage;

pub use aws::Receiver;
pub use bindings::exports::sealift::gateway::aws::Request as AwsRequest;
pub use bindings::exports::sealift::gateway::transfer::{Place, Unfinished};
pub use bindings::sealift::gateway::keystore::{DeviceIdentity, KeyAlgorithm, Purpose};
pub use bindings::sealift::gateway::progress::{Directive, Retry, Step};
pub use bindings::sealift::gateway::types::{Error as Answer, ErrorKind, Provider, Setting};
pub use component::Component;
pub use credentials::Credentials;
pub use engine::Sandbox;
pub use error::{CallError, Cause, LoadError, Reach, Trouble};
pub use inspect::{Misfit, Shape, WORLD};
pub use job::{Job, Outcome, Uploaded};
pub use journal::JobJournal;
pub use limits::Limits;
pub use options::Options;
pub use sealift_compiled::Digest;
pub use services::{Answered, Exchange, Failure, NoRetryLeft, Services};
pub use target::Target;

use clock::CorrectedClock;
