//! What the host lends to an instance.

use std::error::Error;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use sealift_payload::Sending;
use sealift_state::Hints;

use super::{Answer, Credentials, DeviceIdentity, Directive, Provider, Purpose, Step};

/// An answer to a component: what it asked for, or why not, in the contract's terms.
pub type Answered<T> = Result<T, Answer>;

/// What one instance may ask of the host beside HTTP and the bytes of its job.
pub trait Services: Send + Sync {
    /// The time by the clock of AWS, as far as the host knows it.
    fn now(&self) -> SystemTime;

    /// Public facts about the device.
    fn identity(&self) -> Answered<DeviceIdentity>;

    /// A signature by the device's key over a message that has the form of its purpose.
    fn sign(
        &self,
        purpose: Purpose,
        message: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Answered<Vec<u8>>> + Send + '_>>;

    /// Credentials from the vault; `rejected` is an access key id that AWS refused.
    fn credentials(
        &self,
        provider: Provider,
        rejected: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Answered<Credentials>> + Send + '_>>;

    /// The component's hints.
    fn hints(&self) -> Arc<Mutex<Hints>>;

    /// The job reached a step. The answer says whether it should go on.
    fn step(&self, step: Step) -> Directive;

    /// An attempt failed, with or without an answer, and the component wants to try again.
    fn retry(&self, failure: Failure) -> Result<(), NoRetryLeft>;

    /// This range of the job's bytes is on its way; again for each attempt.
    fn sending(&self, range: Range<u64>, sending: &Sending);

    /// A request was answered.
    fn answered(&self, exchange: &Exchange<'_>);

    /// Something that should outlast the process cannot be kept. The job goes on without.
    fn unkept(&self, error: &dyn Error);
}

/// How an attempt failed that is to be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service answered with an error.
    Answered,
    /// There was no answer: the network failed, or it took too long.
    Unanswered,
}

/// Retries cost, and all jobs of the process have spent what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRetryLeft;

/// A request and the head of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// Whether TLS vouches for the answer.
    pub authentic: bool,
    /// Whether the store took bytes of the payload with it, or made the object of them.
    pub delivered: bool,
    /// Of the answer.
    pub status: StatusCode,
    /// Of the answer.
    pub headers: &'a HeaderMap,
    /// From the beginning of the request to the head of the answer.
    pub round_trip: Duration,
    /// When the head came, by this device's clock, not corrected.
    pub received: SystemTime,
}
