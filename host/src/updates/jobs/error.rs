//! Why a job could not be asked for, or spoken of.

use http::StatusCode;
use sealift_config::ThingName;
use sealift_network::NetworkError;

/// AWS IoT Jobs could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// There is no answer.
    #[error("cannot reach AWS IoT Jobs")]
    Network(#[from] NetworkError),
    /// The certificate may not do that.
    #[error(
        "AWS IoT Jobs refuses this device ({status}{said}); attach a policy to its certificate that allows {action} on \
         thing/{thing}, and the thing to the certificate"
    )]
    Denied {
        /// The status.
        status: StatusCode,
        /// The thing in whose name it was asked.
        thing: ThingName,
        /// The action that is not allowed.
        action: &'static str,
        /// What the service said, with a separator before it.
        said: String,
    },
    /// There is no such job, or no such thing.
    #[error(
        "AWS IoT Jobs knows no such job of the thing `{thing}`{said}; check `device.thing_name`"
    )]
    NotFound {
        /// The thing in whose name it was asked.
        thing: ThingName,
        /// What the service said, with a separator before it.
        said: String,
    },
    /// The job is not in the state that was believed: called off, timed out, or changed by another. Ask anew.
    #[error("the job has changed meanwhile{said}")]
    Changed {
        /// What the service said, with a separator before it.
        said: String,
    },
    /// The service has too much to do, or a failure of its own. Ask later.
    #[error("AWS IoT Jobs cannot answer now ({status}{said})")]
    Unavailable {
        /// The status.
        status: StatusCode,
        /// What the service said, with a separator before it.
        said: String,
    },
    /// The service takes the request for none.
    #[error("AWS IoT Jobs does not take the request ({status}{said}); check `jobs.endpoint`")]
    Refused {
        /// The status.
        status: StatusCode,
        /// What the service said, with a separator before it.
        said: String,
    },
    /// The answer is not what the service would say.
    #[error("the answer is not one of AWS IoT Jobs; check `jobs.endpoint`")]
    Unreadable(#[source] serde_json::Error),
    /// No request can be made of it.
    #[error("cannot make the request")]
    Request(#[from] http::Error),
}

impl JobsError {
    /// Whether it may be otherwise in a while, without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(error) => error.is_transient(),
            Self::Unavailable { .. } | Self::Changed { .. } => true,
            _ => false,
        }
    }
}
