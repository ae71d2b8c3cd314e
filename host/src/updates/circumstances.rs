//! What decisions about releases depend on, as the configuration and this host have it.

use std::num::NonZeroU32;

use sealift_config::Config;
use sealift_release::{Circumstances, Tally, Trial, TrialRule, Window, World};
use semver::Version;

use crate::sandbox;

/// The process may die so often with a job of a component under way before that is held against the component: once is
/// a loss of power, and twice may be.
const DEATHS: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The circumstances of now. `settled` is how jobs fared on what is settled.
pub(super) fn circumstances(config: &Config, window: Window, settled: Tally) -> Circumstances {
    Circumstances {
        host_version: host_version(),
        worlds: worlds(),
        grants: config.network.allow.clone(),
        thing: name(config),
        window,
        trial: rule(config),
        settled,
    }
}

/// When a trial is over.
fn rule(config: &Config) -> TrialRule {
    TrialRule {
        jobs: config.release.trial_jobs,
        deaths: DEATHS,
    }
}

/// Whether trials may begin now.
pub(super) fn window(config: &Config) -> Window {
    if config
        .release
        .window
        .contains(sealift_network::time_of_day())
    {
        Window::Open
    } else {
        Window::Closed
    }
}

/// Whether now is in the maintenance window, or there is none.
pub fn window_is_open(config: &Config) -> bool {
    window(config) == Window::Open
}

/// Whether this trial has had as many jobs as one needs.
pub fn has_enough(trial: &Trial, config: &Config) -> bool {
    trial.has_enough(rule(config))
}

/// The version of this host.
pub fn host_version() -> Version {
    // Cargo takes no other.
    Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(0, 0, 0))
}

/// The worlds that this host offers.
pub fn worlds() -> Vec<World> {
    sandbox::WORLD.parse().into_iter().collect()
}

/// What tells this device from others: the name of its thing, else of its machine.
fn name(config: &Config) -> String {
    let thing = config.device.thing_name.as_ref().map(ToString::to_string);
    let machine = || nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    thing.or_else(|| machine().ok()).unwrap_or_default()
}
