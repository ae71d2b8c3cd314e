//! The configuration in the contract's terms.

use sealift_config::{
    ByteSize, Config, CredentialProvider, Iot, Origin, RoleAlias, RolesAnywhere, S3, S3HostKind,
    SessionDuration, ThingName,
};

use crate::sandbox::{Provider, Setting, Target};

/// The credentials provider of the configuration.
pub(super) fn provider(config: &Config) -> Provider {
    match &config.credentials {
        CredentialProvider::Iot(provider) => of_alias(
            provider,
            &provider.role_alias,
            config.device.thing_name.as_ref(),
        ),
        CredentialProvider::RolesAnywhere(provider) => roles_anywhere(provider),
    }
}

/// The credentials provider of AWS IoT for a role alias.
pub(super) fn of_alias(
    provider: &Iot,
    alias: &RoleAlias,
    thing_name: Option<&ThingName>,
) -> Provider {
    let mut settings = vec![
        Setting::new("endpoint", provider.endpoint.to_string()),
        Setting::new("role-alias", alias.to_string()),
    ];
    settings.extend(thing_name.map(|name| Setting::new("thing-name", name.to_string())));
    Provider {
        name: "iot".into(),
        settings,
    }
}

fn roles_anywhere(provider: &RolesAnywhere) -> Provider {
    let session_name = provider.session_name.as_ref().map(ToString::to_string);
    let seconds = |duration: SessionDuration| duration.duration().as_secs().to_string();
    let mut settings = vec![
        Setting::new("endpoint", provider.endpoint.to_string()),
        Setting::new("region", provider.region.to_string()),
        Setting::new("trust-anchor", provider.trust_anchor.to_string()),
        Setting::new("profile", provider.profile.to_string()),
        Setting::new("role", provider.role.to_string()),
    ];
    settings.extend(session_name.map(|name| Setting::new("session-name", name)));
    let duration = provider.duration.map(seconds);
    settings.extend(duration.map(|seconds| Setting::new("duration", seconds)));
    Provider {
        name: "roles-anywhere".into(),
        settings,
    }
}

/// How to reach the buckets.
pub(super) fn location(s3: &S3) -> Vec<Setting> {
    let mut settings = vec![
        Setting::new("region", s3.region.to_string()),
        Setting::new("addressing", s3.addressing.to_string()),
    ];
    if let Some(store) = &s3.endpoint {
        settings.push(Setting::new("endpoint", store.to_string()));
        return settings;
    }
    settings.push(Setting::new("dns-suffix", s3.region.dns_suffix()));
    let choices = [
        ("dual-stack", s3.hosts.dual_stack),
        ("fips", s3.hosts.kind == S3HostKind::Fips),
        ("accelerate", s3.hosts.kind == S3HostKind::Accelerate),
    ];
    // What is not chosen is not said, so that components that know no choice need not refuse it.
    let chosen = choices.into_iter().filter(|(_, chosen)| *chosen);
    settings.extend(chosen.map(|(name, _)| Setting::new(name, "true")));
    if !s3.follow_region {
        settings.push(Setting::new("follow-region", "false"));
    }
    settings
}

/// How objects are uploaded, unless an upload says otherwise.
pub(super) fn options(s3: &S3) -> Vec<Setting> {
    let algorithm = s3.checksum.map(|checksum| checksum.algorithm.to_string());
    let placement = s3.checksum.map(|checksum| checksum.placement.to_string());
    let bytes = |size: ByteSize| size.bytes().to_string();
    let given = [
        ("checksum", Some(algorithm.unwrap_or_else(|| "none".into()))),
        ("checksum-placement", placement),
        (
            "storage-class",
            s3.storage_class.as_ref().map(ToString::to_string),
        ),
        ("multipart-threshold", s3.parts.threshold.map(bytes)),
        ("part-size", s3.parts.size.map(bytes)),
        (
            "concurrency",
            s3.parts.concurrency.map(|parts| parts.to_string()),
        ),
    ];
    given
        .into_iter()
        .filter_map(|(name, value)| Some(Setting::new(name, value?)))
        .collect()
}

/// The store's name among others, whatever host of it is used.
pub(super) fn endpoint(s3: &S3) -> String {
    s3.endpoint.as_ref().map_or_else(
        || format!("https://s3.{}.{}", s3.region, s3.region.dns_suffix()),
        ToString::to_string,
    )
}

/// Where the object is: what the component addresses must be this.
pub(super) fn target(s3: &S3, bucket: &str, key: &str) -> Target {
    if let Some(hosts) = s3.aws_hosts() {
        return Target::in_aws(hosts, bucket, key);
    }
    let store = s3.endpoint.as_ref();
    let by_path = store.map(|store| (store.clone(), format!("/{bucket}/{key}")));
    let by_host = store.and_then(|store| {
        let host = format!("{bucket}.{}", store.host()).parse().ok()?;
        let origin = Origin::new(store.scheme(), host, store.port());
        Some((origin, format!("/{key}")))
    });
    Target::in_store(by_path.into_iter().chain(by_host).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use sealift_config::Environment;

    use super::*;

    fn told(s3: &str, of: fn(&S3) -> Vec<Setting>) -> Vec<String> {
        let text = format!(
            "[device]\ncertificate = \"c\"\nkey = \"k\"\n[credentials]\nrole_alias = \"a\"\n\
             endpoint = \"x.credentials.iot.eu-west-1.amazonaws.com\"\n[s3]\n{s3}"
        );
        let config = Config::parse(&text, Path::new("t"), &Environment::default()).unwrap();
        let settings = of(config.s3().unwrap());
        let shown = settings
            .iter()
            .map(|setting| format!("{}={}", setting.name, setting.value));
        shown.collect()
    }

    #[test]
    fn a_location_says_what_is_chosen_and_no_more() {
        let usual = [
            "region=eu-west-1",
            "addressing=virtual",
            "dns-suffix=amazonaws.com",
        ];
        assert_eq!(told("", location), usual);
        assert_eq!(
            told("dual_stack = true\nfips = true", location),
            [usual.as_slice(), &["dual-stack=true", "fips=true"]].concat()
        );
        assert_eq!(
            told("accelerate = true", location),
            [usual.as_slice(), &["accelerate=true"]].concat()
        );
        assert_eq!(
            told("follow_region = false", location),
            [usual.as_slice(), &["follow-region=false"]].concat()
        );
        assert_eq!(
            told("endpoint = \"https://h\"", location),
            ["region=eu-west-1", "addressing=path", "endpoint=https://h"]
        );
    }

    #[test]
    fn options_say_what_is_set_in_bytes() {
        let usual = ["checksum=crc64nvme", "checksum-placement=trailer"];
        assert_eq!(told("", options), usual);
        assert_eq!(told("checksum = \"none\"", options), ["checksum=none"]);
        let more = "storage_class = \"STANDARD_IA\"\nmultipart_threshold = \"1MiB\"\n\
                    part_size = \"5MiB\"\nconcurrency = 2";
        let expected = [
            "storage-class=STANDARD_IA",
            "multipart-threshold=1048576",
            "part-size=5242880",
            "concurrency=2",
        ];
        assert_eq!(told(more, options), [usual.as_slice(), &expected].concat());
    }
}
