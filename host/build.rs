//! Builds the factory component and leaves it where the library embeds it.
//!
//! `SEALIFT_COMPONENT=FILE` embeds a prebuilt one instead.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

const TARGET: &str = "wasm32-wasip2";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line in cargo's output, without the noise of a panic.
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    tell_time()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?)
        .join("..")
        .canonicalize()?;
    println!("cargo::rerun-if-env-changed=SEALIFT_COMPONENT");
    for input in [
        "guest/src",
        "guest/build.rs",
        "guest/Cargo.toml",
        "guest/core/src",
        "guest/core/Cargo.toml",
        "guest/encoding/src",
        "guest/encoding/Cargo.toml",
        "guest/wasi/src",
        "guest/wasi/Cargo.toml",
        "wit",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }

    let factory = out.join("factory.wasm");
    if let Some(prebuilt) = env::var_os("SEALIFT_COMPONENT").map(PathBuf::from) {
        println!("cargo::rerun-if-changed={}", prebuilt.display());
        copy(&prebuilt, &factory)?;
    } else {
        let built = cargo(&root, &out, &["-p", "sealift-guest"])?;
        copy(&built.join("sealift_guest.wasm"), &factory)?;
    }

    // The demo shows what happens to a component that goes where it should not.
    if env::var_os("CARGO_FEATURE_LOCAL_CLOUD").is_some() {
        println!(
            "cargo::rerun-if-changed={}",
            root.join("tests/guests/src").display()
        );
        let example = "calls_forbidden_origin";
        let built = cargo(
            &root,
            &out,
            &["-p", "sealift-test-guests", "--example", example],
        )?;
        copy(
            &built.join("examples").join(example).with_extension("wasm"),
            &out.join("stray.wasm"),
        )?;
    }
    Ok(())
}

/// When this build is made, in seconds since 1970: no device's clock can be right that is behind it. A build that
/// is to be made again to the byte sets it (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn tell_time() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let seconds = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    println!("cargo::rustc-env=SEALIFT_BUILT={seconds}");
    Ok(())
}

/// Builds for the component target and answers the folder of the results.
fn cargo(root: &Path, out: &Path, what: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    require_target()?;
    // A target folder of its own: the outer cargo holds the lock of the usual one.
    let target_dir = out.join("component-target");
    let status = Command::new(env::var("CARGO")?)
        .current_dir(root)
        .args([
            "build",
            "--locked",
            "--quiet",
            "--profile",
            "component",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&target_dir)
        .args(what)
        // What the outer build set for its own compiler is not for this one.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", without_paths(root)?)
        .status()?;
    if !status.success() {
        return Err(format!(
            "building {} for {TARGET} failed; cargo's messages are above",
            what.join(" ")
        )
        .into());
    }
    Ok(target_dir.join(TARGET).join("component"))
}

/// Flags that keep paths of this machine out of the component, where messages of panics would have them: it is the same,
/// with the same digest, wherever it is built.
fn without_paths(root: &Path) -> Result<String, Box<dyn Error>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=sealift", root.display())];
    // A registry's crates lie below a name that depends on how it is reached.
    let registries = home.map(|home| home.join("registry/src"));
    let registries = registries.filter(|registries| registries.is_dir());
    for registry in registries
        .map(fs::read_dir)
        .transpose()?
        .into_iter()
        .flatten()
    {
        let path = registry?.path();
        flags.push(format!("--remap-path-prefix={}=crates", path.display()));
    }
    Ok(flags.join("\x1f"))
}

fn require_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var("RUSTC")?;
    let answer = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()?;
    let libraries = PathBuf::from(String::from_utf8(answer.stdout)?.trim());
    if answer.status.success() && libraries.is_dir() {
        return Ok(());
    }
    Err(format!("the Rust target {TARGET} is not installed: run `rustup target add {TARGET}`, or set SEALIFT_COMPONENT to a prebuilt component").into())
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| format!("cannot copy {}: {error}", from.display()).into())
}
