//! A disk that can be full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set where a test may mount.
const MAY_MOUNT: &str = "SEALIFT_TEST_MAY_MOUNT";

/// Runs a test again, by its module and name, where it may mount: in a mount namespace that ends with it. Whether
/// this was done; false to the test that runs there.
pub fn among_own_mounts(module: &str, test: &str) -> bool {
    if may_mount() {
        return false;
    }
    let (_, module) = module.split_once("::").unwrap();
    let test = format!("{module}::{test}");
    let mut again = Command::new("unshare");
    again
        .args(["--user", "--map-root-user", "--mount"])
        .arg(std::env::current_exe().unwrap());
    again.args(["--exact", &test, "--nocapture"]);
    let status = again.env(MAY_MOUNT, "1").status().unwrap();
    assert!(status.success(), "{test}: {status}");
    true
}

fn may_mount() -> bool {
    std::env::var_os(MAY_MOUNT).is_some()
}

/// A file system of its own, with little room. It lasts as long as the test.
pub struct SmallDisk {
    ballast: PathBuf,
}

impl SmallDisk {
    /// One of so many MiB at a path, for a test [among its own mounts](among_own_mounts).
    pub fn mount(path: &Path, mebibytes: u32) -> Self {
        assert!(may_mount(), "no mount may outlive the test");
        fs::create_dir_all(path).unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(path);
        let mounted = mount.status().unwrap();
        assert!(mounted.success(), "{mounted}");
        let ballast = path.join("ballast");
        Self { ballast }
    }

    /// Leaves no room, to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::options()
            .append(true)
            .create(true)
            .open(&self.ballast)
            .unwrap();
        for piece in [1 << 16, 1 << 10, 1] {
            let piece = vec![0; piece];
            // What of the last piece still fits is there as well.
            let full = loop {
                if let Err(error) = ballast.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Leaves room again.
    pub fn empty(&self) {
        match fs::remove_file(&self.ballast) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}
