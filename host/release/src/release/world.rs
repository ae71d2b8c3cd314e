//! WIT worlds by name.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A WIT world, written `PACKAGE/WORLD@VERSION` as WIT does: `sealift:gateway/uploader@0.1.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct World(String);

/// Not a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a WIT world is written NAMESPACE:PACKAGE/WORLD@VERSION, such as sealift:gateway/uploader@0.1.0"
)]
pub struct WorldError;

impl World {
    const LONGEST: usize = 128;
}

impl TryFrom<String> for World {
    type Error = WorldError;

    fn try_from(text: String) -> Result<Self, WorldError> {
        let whole = || {
            let (namespace, rest) = text.split_once(':')?;
            let (package, rest) = rest.split_once('/')?;
            let (world, version) = rest.split_once('@')?;
            let named = [namespace, package, world].into_iter().all(is_name);
            (named && semver::Version::parse(version).is_ok()).then_some(())
        };
        match whole() {
            Some(()) if text.len() <= Self::LONGEST => Ok(Self(text)),
            _ => Err(WorldError),
        }
    }
}

/// Words of lower-case letters and digits with hyphens between them: WIT's kebab-case, without acronyms.
fn is_name(text: &str) -> bool {
    text.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

impl FromStr for World {
    type Err = WorldError;

    fn from_str(text: &str) -> Result<Self, WorldError> {
        text.to_owned().try_into()
    }
}

impl From<World> for String {
    fn from(world: World) -> Self {
        world.0
    }
}

impl Display for World {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_names_package_and_version() {
        for bad in [
            "",
            "uploader",
            "sealift:gateway/uploader",
            "sealift:gateway@0.1.0",
            "sealift:gateway/up loader@0.1.0",
            "Sealift:gateway/uploader@0.1.0",
            "a:b/c@1",
            ":b/c@1.0.0",
        ] {
            assert_eq!(bad.parse::<World>(), Err(WorldError), "{bad}");
        }
        assert!("sealift:gateway/uploader@0.1.0".parse::<World>().is_ok());
    }
}
