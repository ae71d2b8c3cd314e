//! What a newcomer sees who skipped the first half of the README's first command.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_missing_target_is_one_line_with_the_cure() {
    let dir = tempfile::tempdir().unwrap();
    let rustc = dir.path().join("rustc");
    fs::write(&rustc, "#!/bin/sh\necho /nonexistent/lib\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();

    let outcome = Command::new(build_script())
        .env("OUT_DIR", dir.path())
        .env("CARGO_MANIFEST_DIR", host())
        .env("CARGO", "/nonexistent/cargo")
        .env("RUSTC", &rustc)
        .env_remove("SEALIFT_COMPONENT")
        .output()
        .unwrap();

    assert!(!outcome.status.success());
    let told = String::from_utf8(outcome.stdout).unwrap();
    let [error]: [&str; 1] = told
        .lines()
        .filter_map(|line| line.strip_prefix("cargo::error="))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert!(
        error.contains("`rustup target add wasm32-wasip2`"),
        "{error}"
    );
    assert!(error.contains("SEALIFT_COMPONENT"), "{error}");
    assert_eq!(outcome.stderr, b"");
}

#[test]
fn a_prebuilt_component_is_embedded_without_the_target() {
    let dir = tempfile::tempdir().unwrap();
    let prebuilt = dir.path().join("uploader.wasm");
    fs::write(&prebuilt, b"prebuilt").unwrap();
    let outcome = Command::new(build_script())
        .env("OUT_DIR", dir.path())
        .env("CARGO_MANIFEST_DIR", host())
        .env("SEALIFT_COMPONENT", &prebuilt)
        .env_remove("CARGO_FEATURE_LOCAL_CLOUD")
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!(
        fs::read(dir.path().join("factory.wasm")).unwrap(),
        b"prebuilt"
    );
}

fn host() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host")
}

/// The build script of `sealift` in the target folder of this very test, the latest if it was built
/// more than once.
fn build_script() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let build = test.ancestors().nth(2).unwrap().join("build");
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let hash = name.strip_prefix("sealift-").unwrap_or_default();
        !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let folders = fs::read_dir(build)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(ours);
    let scripts = folders
        .map(|folder| folder.join("build-script-build"))
        .filter(|script| script.is_file());
    scripts
        .max_by_key(|script| script.metadata().unwrap().modified().unwrap())
        .unwrap()
}
