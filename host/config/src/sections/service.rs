//! `[service]`: the gateway service.

use std::path::PathBuf;

use super::LocalEndpoints;
use crate::Error;
use crate::section::Section;
use crate::value::Value;

/// `[service]`: settings of `sealift run` and of everything that keeps state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Service {
    /// Queue, journal and component slots; see
    /// [`Config::state_dir`](crate::Config::state_dir) for the default.
    pub state: Option<PathBuf>,
    /// Where programs on this machine reach it.
    pub local: LocalEndpoints,
}

impl Service {
    pub(crate) const NAME: &'static str = "service";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let service = Self {
            state: section.optional("state", Value::path)?,
            local: LocalEndpoints::read(&mut section)?,
        };
        section.finish()?;
        Ok(service)
    }
}
