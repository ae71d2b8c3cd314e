//! AWS IoT Jobs: updates as the fleet's operator orders them.
//!
//! An operator makes a job whose document is `{"operation": "sealift.update"}`, with a `"version"` if it is to be that
//! one; other operations are somebody else's and left alone. The device asks for the next job, starts it and says what
//! became of it ("Jobs device HTTP API", AWS IoT Core developer guide), over TLS with its certificate.
//!
//! What is asked and what answers mean has no IO ([`Execution`], [`Order`], [`StatusDetails`]); [`JobsClient`] is the
//! thin rest, over a network whose policy allows the thing's jobs and nothing else.

mod answer;
mod client;
mod details;
mod error;
mod execution;
mod job_id;
mod order;
mod status;

pub use self::client::JobsClient;
pub use self::details::{DetailError, StatusDetails};
pub use self::error::JobsError;
pub use self::execution::Execution;
pub use self::job_id::{JobId, JobIdError};
pub use self::order::{Order, Unusable};
pub use self::status::{Progress, Status};
