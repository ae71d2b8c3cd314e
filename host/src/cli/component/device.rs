//! The releases of the device that the configuration is of. Its key is not needed for them.

use sealift::updates::{Releases, ReleasesError, conclude};
use sealift_config::{Config, Environment};
use sealift_release::{Event, State};

use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// Configuration and state.
pub(crate) struct Device {
    pub(crate) config: Config,
    pub(crate) releases: Releases,
}

impl Device {
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let config = Config::load(global.config.as_deref(), &environment)?;
        let releases = Releases::new(config.state_dir(&environment)?);
        Ok(Self { config, releases })
    }

    /// Where things stand. Damage is told and done without, as whoever runs it does.
    pub(super) fn state(&self) -> Result<State, Failure> {
        let kept = self.releases.read().map_err(Failure::failed)?;
        for damage in kept.damage {
            output::remark(format_args!("warning: {damage}"));
        }
        Ok(kept.state)
    }

    /// Tells of what a person wants; a service that runs follows within seconds.
    pub(super) fn tell(&self, event: Event) -> Result<(), Failure> {
        let told = self.releases.apply(&self.config, event);
        told.map_err(ReleasesError::from)?;
        conclude(&self.releases, &self.config).map_err(Failure::failed)
    }
}
