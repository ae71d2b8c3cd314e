//! The configuration in the contract's terms.

use sealift_config::{Config, Origin, S3, Scheme};

use crate::sandbox::{Provider, Setting, Target};

/// The AWS IoT credentials provider of the configuration.
pub(super) fn provider(config: &Config) -> Provider {
    let credentials = &config.credentials;
    let mut settings = vec![
        Setting::new("endpoint", credentials.endpoint.to_string()),
        Setting::new("role-alias", credentials.role_alias.to_string()),
    ];
    let thing_name = config.device.thing_name.as_ref();
    settings.extend(thing_name.map(|name| Setting::new("thing-name", name.to_string())));
    Provider {
        name: "iot".into(),
        settings,
    }
}

/// How to reach the buckets.
pub(super) fn location(s3: &S3) -> Vec<Setting> {
    let whereabouts = match &s3.endpoint {
        Some(store) => Setting::new("endpoint", store.to_string()),
        None => Setting::new("dns-suffix", s3.region.dns_suffix()),
    };
    vec![
        Setting::new("region", s3.region.to_string()),
        Setting::new("addressing", s3.addressing.to_string()),
        whereabouts,
    ]
}

/// How objects are uploaded.
pub(super) fn options(s3: &S3) -> Vec<Setting> {
    match s3.checksum {
        None => vec![Setting::new("checksum", "none")],
        Some(checksum) => vec![
            Setting::new("checksum", checksum.algorithm.to_string()),
            Setting::new("checksum-placement", checksum.placement.to_string()),
        ],
    }
}

/// Where the object is: what the component addresses must be one of these.
pub(super) fn target(s3: &S3, bucket: &str, key: &str) -> Target {
    let store = s3.endpoint.clone().or_else(|| {
        let host = format!("s3.{}.{}", s3.region, s3.region.dns_suffix());
        Some(Origin::new(Scheme::Https, host.parse().ok()?, 443))
    });
    let by_path = store
        .clone()
        .map(|store| (store, format!("/{bucket}/{key}")));
    let by_host = store.and_then(|store| {
        let host = format!("{bucket}.{}", store.host()).parse().ok()?;
        Some((
            Origin::new(store.scheme(), host, store.port()),
            format!("/{key}"),
        ))
    });
    Target(by_path.into_iter().chain(by_host).collect())
}
