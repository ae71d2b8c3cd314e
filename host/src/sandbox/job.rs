//! What a component is asked to upload, and what became of it.

use std::time::Duration;

use sealift_payload::{Checksum, Payload};

use super::{JobJournal, Options, Provider, Setting, Target};

/// One object to upload. The settings are those that `jobs.wit` names.
#[derive(Clone, Debug)]
pub struct Job {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, literally.
    pub key: String,
    /// How to reach the bucket.
    pub location: Vec<Setting>,
    /// How to upload.
    pub options: Options,
    /// Where credentials for it come from.
    pub provider: Provider,
    /// Its bytes.
    pub payload: Payload,
    /// What earlier jobs like it left, and this one leaves for a later one.
    pub journal: JobJournal,
    /// Where its object is, by the host's own reckoning.
    pub target: Target,
    /// The most parts that it can be cut into; of a stream, what is acquired counts.
    pub parts: u64,
    /// When it is to have ended, however it stands then. The component knows it from the option
    /// `deadline`, and has a while longer to end by itself.
    pub time: Option<Duration>,
    /// Under a rate limit, its bytes go before those of less urgent jobs.
    pub urgency: u8,
    /// How many bytes of requests the component may send for it.
    pub bytes_out: u64,
    /// How many more for each byte of a stream that it acquires.
    pub bytes_out_per_acquired: u64,
}

/// How an upload ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The object was made.
    Stored(Uploaded),
    /// The component found the same object there and sent nothing. It is the component's word.
    AlreadyThere(Uploaded),
}

/// An object that S3 confirmed.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// Without quotes.
    pub etag: String,
    /// The checksum that was sent and not contradicted.
    pub checksum: Option<Checksum>,
    /// In a versioned bucket.
    pub version_id: Option<String>,
    /// Requests made to carry the object.
    pub attempts: u32,
    /// Why earlier attempts failed.
    pub reasons: Vec<String>,
}

impl Outcome {
    /// The object that is there now.
    pub fn object(&self) -> &Uploaded {
        match self {
            Self::Stored(object) | Self::AlreadyThere(object) => object,
        }
    }
}

impl Setting {
    /// A setting.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}
