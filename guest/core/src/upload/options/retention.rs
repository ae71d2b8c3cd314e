//! How long an object cannot be deleted ("Locking objects with Object Lock", Amazon S3 User
//! Guide).

use http::{HeaderName, HeaderValue};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::contradiction;
use super::value::invalid;
use crate::error::Error;
use crate::settings::Settings;

/// A lock until a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retention {
    mode: Mode,
    until: HeaderValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Some may delete it all the same.
    Governance,
    /// Nobody may.
    Compliance,
}

impl Retention {
    /// Takes `object-lock-mode` and `object-lock-retain-until`: both, or none.
    pub(super) fn from_settings(settings: &mut Settings) -> Result<Option<Self>, Error> {
        let mode = settings.take_as("object-lock-mode", mode)?;
        let until = settings.take_as("object-lock-retain-until", date)?;
        match (mode, until) {
            (Some(mode), Some(until)) => Ok(Some(Self { mode, until })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(contradiction(
                "`object-lock-mode` does not tell how long".to_owned(),
                "give `object-lock-retain-until` too",
            )),
            (None, Some(_)) => Err(contradiction(
                "`object-lock-retain-until` does not tell how strictly".to_owned(),
                "give `object-lock-mode` too: GOVERNANCE or COMPLIANCE",
            )),
        }
    }

    pub(super) fn headers(&self) -> [(HeaderName, HeaderValue); 2] {
        let mode = match self.mode {
            Mode::Governance => "GOVERNANCE",
            Mode::Compliance => "COMPLIANCE",
        };
        [
            (
                HeaderName::from_static("x-amz-object-lock-mode"),
                HeaderValue::from_static(mode),
            ),
            (
                HeaderName::from_static("x-amz-object-lock-retain-until-date"),
                self.until.clone(),
            ),
        ]
    }
}

fn mode(text: &str) -> Result<Mode, Error> {
    match text {
        "GOVERNANCE" => Ok(Mode::Governance),
        "COMPLIANCE" => Ok(Mode::Compliance),
        _ => Err(invalid(text, "is not GOVERNANCE or COMPLIANCE")),
    }
}

/// RFC 3339 in any offset; sent in UTC.
fn date(text: &str) -> Result<HeaderValue, Error> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok();
    let date = date.and_then(|date| date.checked_to_offset(UtcOffset::UTC));
    let date = date.and_then(|date| date.format(&Rfc3339).ok());
    date.and_then(|date| HeaderValue::from_str(&date).ok())
        .ok_or_else(|| invalid(text, "is not a date such as 2030-01-31T00:00:00Z"))
}
