//! Rules for tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use sealift_config::{Config, Environment};

use crate::Rule;

/// A rule for a folder, as a configuration with these lines has it.
pub(crate) fn rule(path: &Path, lines: &str) -> Rule {
    let text = format!(
        r#"
        [device]
        certificate = "c"
        key = "k"
        [credentials]
        endpoint = "localhost:1"
        role_alias = "a"
        [[watch]]
        path = "{}"
        destination = "s3://bucket"
        {lines}
        "#,
        path.display()
    );
    let config = Config::parse(&text, "/sealift.toml".as_ref(), &Environment::default());
    config.unwrap().watch.remove(0)
}
