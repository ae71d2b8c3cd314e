//! The configuration that the package installs.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use sealift_config::{Config, Environment};

const PACKAGED: &str = include_str!("../../../packaging/sealift.toml");

fn parse(text: &str) -> Result<Config, sealift_config::Error> {
    Config::parse(
        text,
        Path::new("/etc/sealift/sealift.toml"),
        &Environment::default(),
    )
}

/// Every setting in it is right once its `#` is gone; prose has a space after its own.
#[test]
fn each_setting_that_is_commented_out_can_be_put_in_force() {
    let in_force: String = PACKAGED
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = parse(&in_force).unwrap();
    assert_eq!(config.watch.len(), 1, "{in_force}");
    assert!(config.device.ca.is_some());
    assert!(config.release.repository.is_some());
    assert!(!config.release.window.is_empty());
    assert!(config.jobs.is_some());
}

#[test]
fn as_it_comes_it_names_what_is_missing() {
    let error = parse(PACKAGED).unwrap_err().to_string();
    assert!(
        error.contains("certificate") && error.contains("/etc/sealift/sealift.toml"),
        "{error}"
    );
}
