//! Builds every component of `tests/guests` and tells the tests where they are and what they are called.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    for input in ["guests", "../wit", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", here.join(input).display());
    }
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    std::fs::write(
        out_dir.join("guests.rs"),
        roll_call(&here.join("guests/examples"))?,
    )?;
    let target_dir = out_dir.join("component-target");
    let status = Command::new(env::var("CARGO")?)
        .current_dir(&here)
        .args([
            "build",
            "--locked",
            "--quiet",
            "--profile",
            "component",
            "--target",
            TARGET,
        ])
        .args(["-p", "sealift-test-guests", "--examples", "--target-dir"])
        .arg(&target_dir)
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .status()?;
    if !status.success() {
        return Err(format!(
            "the test components did not build; is the target there? rustup target add {TARGET}"
        )
        .into());
    }
    let examples = target_dir.join(TARGET).join("component/examples");
    println!("cargo::rustc-env=TEST_GUESTS={}", examples.display());
    Ok(())
}

/// A macro that calls another with the name of every component, so that a test can
/// demand one of the same name for each.
fn roll_call(examples: &Path) -> Result<String, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(examples)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or("an example without a name")?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(format!(
        "macro_rules! for_each_guest {{ ($call:ident) => {{ $call! {{ {} }} }}; }}\n",
        names.join(" ")
    ))
}
