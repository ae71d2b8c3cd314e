//! Each file `tests/invalid/*.toml` breaks one rule; the `.txt` file beside it
//! is the whole message that its author gets to read.
//!
//! After a message was changed on purpose, `UPDATE_EXPECTED=1` writes the files
//! anew, to be read before they are kept.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use sealift_config::{Config, Environment};

#[test]
fn every_rule_has_a_message_that_names_the_place_and_the_cure() {
    let files = samples();
    assert!(files.len() > 50, "only {} samples were found", files.len());
    let wrong: Vec<_> = files.iter().filter_map(|file| check(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_expected_message_has_its_sample() {
    for expected in listing("txt") {
        assert!(
            expected.with_extension("toml").exists(),
            "{}",
            expected.display()
        );
    }
}

/// What is wrong with the message for this sample, if anything is.
fn check(sample: &Path) -> Option<String> {
    let shown = message(sample);
    let expected = sample.with_extension("txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&expected, format!("{shown}\n")).unwrap();
    }
    let wanted = fs::read_to_string(&expected).unwrap_or_default();
    (wanted.trim_end() != shown)
        .then(|| format!("{}:\n{shown}\ninstead of\n{wanted}", sample.display()))
}

fn message(sample: &Path) -> String {
    let text = fs::read_to_string(sample).unwrap();
    match Config::parse(&text, Path::new("sealift.toml"), &Environment::default()) {
        Ok(_) => "it was accepted".to_owned(),
        Err(error) => {
            assert!(std::error::Error::source(&error).is_none());
            let shown = error.to_string();
            for secret in ["hunter2", "MIIsecret"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            shown
        }
    }
}

fn samples() -> Vec<PathBuf> {
    listing("toml")
}

fn listing(extension: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}
