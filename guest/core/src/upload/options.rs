//! What a store is told of an object and of a request, beside the bytes.

mod condition;
mod encryption;
mod metadata;
mod pairs;
mod retention;
mod tags;
mod value;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::condition::Condition;
use self::encryption::Encryption;
use self::metadata::Metadata;
use self::retention::Retention;
use self::tags::Tags;
use crate::error::{Error, ErrorKind};
use crate::s3::{Operation, Scheme, Store};
use crate::settings::Settings;

/// The options of an object and its requests, known to fit together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of the object: for the request that begins it.
    object: HeaderMap,
    retention: Option<Retention>,
    encryption: Option<Encryption>,
    condition: Option<Condition>,
    /// Whose bucket it is and who pays: for every request.
    request: HeaderMap,
}

/// The name of a setting, the header that it becomes, and what makes the one of the other.
type Rule = (
    &'static str,
    &'static str,
    fn(&str) -> Result<HeaderValue, Error>,
);

const OBJECT: [Rule; 9] = [
    ("content-type", "content-type", value::media_type),
    ("cache-control", "cache-control", value::field),
    ("content-disposition", "content-disposition", value::field),
    ("content-encoding", "content-encoding", value::codings),
    ("content-language", "content-language", value::field),
    ("expires", "expires", value::http_date),
    ("acl", "x-amz-acl", value::canned_acl),
    ("storage-class", "x-amz-storage-class", value::storage_class),
    (
        "legal-hold",
        "x-amz-object-lock-legal-hold",
        value::legal_hold,
    ),
];

const REQUEST: [Rule; 2] = [
    (
        "expected-bucket-owner",
        "x-amz-expected-bucket-owner",
        value::account,
    ),
    ("request-payer", "x-amz-request-payer", value::payer),
];

impl Options {
    /// Takes the settings of the object and of the request that `job.options` documents.
    /// Settings of others are left in the list.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let mut object = take(settings, &OBJECT)?;
        if let Some(metadata) = settings.take_as("metadata", Metadata::parse)? {
            object.extend(metadata.into_headers());
        }
        if let Some(tags) = settings.take_as("tags", Tags::parse)? {
            object.extend(tags.into_header());
        }
        Ok(Self {
            object,
            retention: Retention::from_settings(settings)?,
            encryption: Encryption::from_settings(settings)?,
            condition: Condition::from_settings(settings)?,
            request: take(settings, &REQUEST)?,
        })
    }

    /// The headers that a request carries for these options, as S3's API reference has them.
    /// The values that are secrets are marked as sensitive.
    pub fn headers(&self, operation: Operation<'_>) -> HeaderMap {
        let mut headers = self.request.clone();
        let (encryption, condition) = (self.encryption.as_ref(), self.condition.as_ref());
        match operation {
            Operation::PutObject => {
                headers.extend(self.beginning());
                headers.extend(condition.map(Condition::header));
            }
            Operation::CreateMultipartUpload => headers.extend(self.beginning()),
            Operation::CompleteMultipartUpload { .. } => {
                headers.extend(encryption.into_iter().flat_map(Encryption::each_time));
                headers.extend(condition.map(Condition::header));
            }
            Operation::UploadPart { .. }
            | Operation::ListParts { .. }
            | Operation::HeadObject
            | Operation::GetObject => {
                headers.extend(encryption.into_iter().flat_map(Encryption::each_time));
            }
            Operation::AbortMultipartUpload { .. } => {}
        }
        headers
    }

    /// Whether the object must not be there before.
    pub(super) fn must_be_new(&self) -> bool {
        self.condition == Some(Condition::Absent)
    }

    /// Whether the object must be there before.
    pub(super) fn must_match(&self) -> bool {
        matches!(self.condition, Some(Condition::Matches(_)))
    }

    /// The headers of a request about the bucket rather than the object.
    pub(super) fn listing_headers(&self) -> HeaderMap {
        self.request.clone()
    }

    /// Refuses what this store would refuse after it had all the bytes, or must never get.
    pub fn check(&self, store: &Store, has_checksum: bool) -> Result<(), Error> {
        let plain = store.endpoint().scheme() == Scheme::Http;
        if plain && matches!(self.encryption, Some(Encryption::Customer(_))) {
            let message = format!(
                "{} would get the key of `sse-customer-key` in the clear",
                store.endpoint()
            );
            return Err(Error::new(ErrorKind::InvalidInput, message)
                .with_cure("use an endpoint that begins with https://"));
        }
        let locked =
            self.retention.is_some() || self.object.contains_key("x-amz-object-lock-legal-hold");
        if locked && !has_checksum {
            let message = "an object with a lock needs a checksum, and `checksum` is `none`";
            return Err(Error::new(ErrorKind::InvalidInput, message)
                .with_cure("leave out `checksum`, or name an algorithm"));
        }
        Ok(())
    }

    fn beginning(&self) -> HeaderMap {
        let mut headers = self.object.clone();
        headers.extend(self.retention.iter().flat_map(Retention::headers));
        headers.extend(self.encryption.iter().flat_map(Encryption::at_first));
        headers
    }
}

fn take(settings: &mut Settings, rules: &[Rule]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (setting, header, parse) in rules {
        if let Some(value) = settings.take_as(setting, parse)? {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
    Ok(headers)
}

/// Two settings that contradict each other.
fn contradiction(message: String, cure: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message).with_cure(cure)
}

#[cfg(test)]
mod tests;
