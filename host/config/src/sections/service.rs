//! `[service]`: the gateway service.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::LocalEndpoints;
use crate::section::Section;
use crate::value::Value;
use crate::{ByteSize, Error, TimeLimit};

/// `[service]`: settings of `sealift run` and of everything that keeps state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Service {
    /// Queue, journal and component slots; see
    /// [`Config::state_dir`](crate::Config::state_dir) for the default.
    pub state: Option<PathBuf>,
    /// Where programs on this machine reach it.
    pub local: LocalEndpoints,
    /// How many files are uploaded at once, 2–32; one place is kept free of large files.
    pub jobs: u8,
    /// How long jobs under way may go on when the service is told to stop; then they are put back
    /// into the queue.
    pub drain: TimeLimit,
    /// How many bytes may be sent on a day, in UTC. None: as many as there are.
    pub daily_bytes: Option<ByteSize>,
    /// How many bytes may be sent in a month, in UTC. None: as many as there are.
    pub monthly_bytes: Option<ByteSize>,
}

const JOBS: u8 = 4;
const DRAIN: TimeLimit = TimeLimit::from_secs::<30>();

/// The least and the most that a budget can be.
const BUDGET: RangeInclusive<ByteSize> = ByteSize::from_mib(1)..=ByteSize::from_mib(1 << 30);

impl Service {
    pub(crate) const NAME: &'static str = "service";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let service = Self {
            state: section.optional("state", Value::path)?,
            local: LocalEndpoints::read(&mut section)?,
            jobs: section
                .optional("jobs", |value| value.count(&(2..=32)))?
                .and_then(|jobs| u8::try_from(jobs).ok())
                .unwrap_or(JOBS),
            drain: section
                .optional("drain", Value::time_limit)?
                .unwrap_or(DRAIN),
            daily_bytes: section.optional("daily_bytes", |value| value.size(&BUDGET))?,
            monthly_bytes: section.optional("monthly_bytes", |value| value.size(&BUDGET))?,
        };
        section.finish()?;
        Ok(service)
    }
}
