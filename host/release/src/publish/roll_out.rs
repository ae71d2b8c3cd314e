//! More of the fleet, or less of it.

use std::time::SystemTime;

use semver::Version;
use tough::schema::Targets;

use super::draft::unsigned;
use super::error::PublishError;
use super::publisher::Publisher;
use crate::trust::release_of;
use crate::{Release, Role, Rollout};

impl Publisher {
    /// Drafts a list of targets in which the release of this version reaches another part of the fleet. All else that
    /// is said of it stays.
    pub fn roll_out(
        &self,
        version: &Version,
        rollout: Rollout,
        now: SystemTime,
    ) -> Result<Release, PublishError> {
        let mut targets = self.next_targets(now)?;
        let release = change(&mut targets, version, rollout)?;
        self.put_draft(Role::Targets, unsigned(targets))?;
        self.drop_draft(Role::Snapshot)?;
        self.drop_draft(Role::Timestamp)?;
        Ok(release)
    }
}

fn change(
    targets: &mut Targets,
    version: &Version,
    rollout: Rollout,
) -> Result<Release, PublishError> {
    let mut others = Vec::new();
    for (name, target) in &mut targets.targets {
        let read = |target: &tough::schema::Target| {
            let custom = target.custom.get("sealift")?;
            release_of(name, target, custom).ok()
        };
        match read(target) {
            Some(release) if release.version() == version => {
                if let Some(custom) = target.custom.get_mut("sealift") {
                    custom["rollout"] = u8::from(rollout).into();
                }
                return read(target).ok_or_else(|| PublishError::NoSuchVersion {
                    version: version.clone(),
                    others: String::new(),
                });
            }
            Some(release) => others.push(release.version().clone()),
            None => {}
        }
    }
    others.sort();
    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
    Err(PublishError::NoSuchVersion {
        version: version.clone(),
        others: others.join(", "),
    })
}
