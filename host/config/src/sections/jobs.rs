//! `[jobs]`: updates as the fleet's operator orders them.

use std::str::FromStr;

use super::Device;
use crate::section::Section;
use crate::value::Value;
use crate::{Authority, AuthorityError, Error, Interval};

/// `[jobs]`: AWS IoT Jobs, which tell the device when to update.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Jobs {
    /// AWS IoT's data endpoint of the account; port 8443 unless said otherwise.
    pub endpoint: Authority,
    /// How often `sealift run` asks for a job; 1 s–30 days, default 15 min.
    pub check: Interval,
}

const CHECK: Interval = Interval::from_mins::<15>();

/// Where AWS IoT takes HTTPS with a client certificate without ALPN ("Device communication protocols", AWS IoT Core
/// developer guide).
const USUAL_PORT: u16 = 8443;

impl Jobs {
    pub(crate) const NAME: &'static str = "jobs";

    /// None if nothing is said of jobs.
    pub(crate) fn read(mut section: Section<'_>, device: &Device) -> Result<Option<Self>, Error> {
        if !section.is_present() {
            return Ok(None);
        }
        let jobs = Self {
            endpoint: section.required("endpoint", |value| {
                value.parse_if(|Endpoint(authority)| Ok(authority))
            })?,
            check: section.optional("check", Value::parse)?.unwrap_or(CHECK),
        };
        if device.thing_name.is_none() {
            return Err(
                section.error("[jobs] needs `thing_name` in [device]: jobs are those of a thing")
            );
        }
        section.finish()?;
        Ok(Some(jobs))
    }
}

/// `HOST[:PORT]` with the port of AWS IoT.
struct Endpoint(Authority);

impl FromStr for Endpoint {
    type Err = AuthorityError;

    fn from_str(text: &str) -> Result<Self, AuthorityError> {
        Authority::with_usual_port(text, USUAL_PORT).map(Self)
    }
}
