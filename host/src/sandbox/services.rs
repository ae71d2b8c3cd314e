//! What the host lends to an instance.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::time::SystemTime;

use sealift_payload::Sending;

use super::{Answer, Credentials, DeviceIdentity, Directive, Provider, Step};

/// An answer to a component: what it asked for, or why not, in the contract's terms.
pub type Answered<T> = Result<T, Answer>;

/// What one instance may ask of the host beside HTTP and the bytes of its job.
pub trait Services: Send + Sync {
    /// The time by the clock of AWS, as far as the host knows it.
    fn now(&self) -> SystemTime;

    /// Public facts about the device.
    fn identity(&self) -> Answered<DeviceIdentity>;

    /// Credentials from the vault; `rejected` is an access key id that AWS refused.
    fn credentials(
        &self,
        provider: Provider,
        rejected: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Answered<Credentials>> + Send + '_>>;

    /// The job reached a step. The answer says whether it should go on.
    fn step(&self, step: Step) -> Directive;

    /// This range of the job's bytes is on its way; again for each attempt.
    fn sending(&self, range: Range<u64>, sending: &Sending);
}
