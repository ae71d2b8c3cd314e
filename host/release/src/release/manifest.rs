//! The custom metadata of a target.

use std::fmt::Display;
use std::str::FromStr;

use sealift_config::OriginPattern;
use semver::Version;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Rollout, World};

/// A release asks for so many origins at most.
pub const MOST_ORIGINS: usize = 64;

/// No component is larger, in bytes.
pub const LARGEST_COMPONENT: u64 = 64 * 1024 * 1024;

/// What a publisher says of a component, beyond its size and digest: the target's `custom.sealift`.
///
/// Fields that are not known are passed over: what a later release cannot do without is behind
/// `minimum-host-version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Which version it is, by <https://semver.org>.
    pub version: Version,
    /// Which contract it was built for.
    pub world: World,
    /// The oldest host that can run it.
    pub minimum_host_version: Version,
    /// Where it wants to send requests, beyond what the configuration names.
    #[serde(default, with = "origins")]
    pub origins: Vec<OriginPattern>,
    /// Which part of the fleet takes it by itself; everyone if it does not say.
    #[serde(default = "everyone")]
    pub rollout: Rollout,
}

/// Not the custom metadata of a component.
#[derive(Debug, thiserror::Error)]
#[error(
    "the custom metadata of a component is not as it should be; publish it with `sealift release add`"
)]
pub struct ManifestError(#[from] serde_json::Error);

impl Manifest {
    /// Reads `custom.sealift`.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, ManifestError> {
        Ok(Self::deserialize(value)?)
    }

    /// As it stands in `custom.sealift`.
    pub fn to_json(&self) -> Result<serde_json::Value, ManifestError> {
        Ok(serde_json::to_value(self)?)
    }
}

impl ManifestError {
    /// What is wrong, without advice.
    pub(crate) fn reason(&self) -> String {
        self.0.to_string()
    }
}

fn everyone() -> Rollout {
    Rollout::EVERYONE
}

/// Origins as people write them.
mod origins {
    use super::{Deserialize, Deserializer, Display, Error, FromStr, MOST_ORIGINS, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(
        origins: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(origins.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let origins = Vec::<String>::deserialize(deserializer)?;
        if origins.len() > MOST_ORIGINS {
            let told = format!("{} origins are more than {MOST_ORIGINS}", origins.len());
            return Err(D::Error::custom(told));
        }
        let parse = |text: &String| {
            let wrong = |error| D::Error::custom(format!("origin `{text}`: {error}"));
            text.parse().map_err(wrong)
        };
        origins.iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Release;

    #[test]
    fn a_manifest_is_read_as_it_is_written() {
        let manifest = Manifest {
            origins: vec!["https://*.s3.eu-central-1.amazonaws.com".parse().unwrap()],
            rollout: Rollout::try_from(5).unwrap(),
            ..Release::example("1.2.0-rc.1").manifest
        };
        let value = manifest.to_json().unwrap();
        assert_eq!(
            value,
            json!({
                "version": "1.2.0-rc.1",
                "world": "sealift:gateway/uploader@0.1.0",
                "minimum-host-version": "0.1.0",
                "origins": ["https://*.s3.eu-central-1.amazonaws.com"],
                "rollout": 5,
            })
        );
        assert_eq!(Manifest::from_json(&value).unwrap(), manifest);
    }

    #[test]
    fn what_is_wrong_with_a_manifest_is_told() {
        let good = Release::example("1.0.0").manifest.to_json().unwrap();
        let told = |field: &str, value: serde_json::Value| {
            let mut bad = good.clone();
            bad[field] = value;
            Manifest::from_json(&bad).unwrap_err().0.to_string()
        };
        assert!(told("version", json!("1")).contains("unexpected end"));
        assert!(told("rollout", json!(101)).contains("and not 101"));
        assert!(told("world", json!("uploader")).contains("NAMESPACE:PACKAGE"));
        assert!(told("origins", json!(["*"])).contains("origin `*`"));
        let many = vec!["https://a.example"; MOST_ORIGINS + 1];
        assert!(told("origins", json!(many)).contains("more than 64"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let value = serde_json::from_str(&text).unwrap_or_default();
            let _: Result<Manifest, _> = Manifest::from_json(&value);
        }
    }
}
