//! A Debian of its own that is booted with systemd, for what packages and units do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, Running, soon, until};

/// A container of `systemd-nspawn` on this machine's network. Whatever changes in it is gone with the value.
pub struct Machine {
    // In the order in which they must be dropped.
    container: Running,
    _alone: File,
}

impl Machine {
    /// Boots one that has a directory of the test's at `/mnt`.
    pub fn boot(shared: &Path) -> Self {
        let system = Path::new(env!("CARGO_MANIFEST_DIR")).join(".debian");
        assert!(
            system.join("usr/bin/systemctl").exists(),
            "{} is not there: tests/run makes it",
            system.display()
        );
        // One at a time: the container's manager locks the directory, and gives up at once.
        let alone = File::create(system.with_extension("lock")).unwrap();
        alone.lock().unwrap();
        std::fs::create_dir_all(shared).unwrap();
        let mut command = as_root("systemd-nspawn");
        command
            .args(["--quiet", "--boot", "--register=no", "--keep-unit"])
            .args(["--volatile=overlay", "--link-journal=no"])
            .arg(format!("--directory={}", system.display()))
            .arg(format!("--bind={}:/mnt", shared.display()));
        let machine = Self {
            container: Running::of(command),
            _alone: alone,
        };
        until("the machine has booted", soon(), || {
            machine.leader().is_some()
                && machine
                    .run(&["systemctl", "is-active", "basic.target"])
                    .status
                    == 0
        });
        machine
    }

    /// Runs a command in it, to the end.
    pub fn run(&self, command: &[&str]) -> Outcome {
        let leader = self.leader().unwrap();
        as_root("nsenter")
            .arg(format!("--target={leader}"))
            .args(["--mount", "--uts", "--ipc", "--pid", "--root", "--"])
            .args([
                "env",
                "-i",
                "LC_ALL=C.UTF-8",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            ])
            .args(command)
            .output()
            .unwrap()
            .into()
    }

    /// Runs a script of its shell that must go well, and answers what it printed.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        self.run(&["sh", "-euc", script]).done().to_owned()
    }

    /// The container's systemd, by its number out here.
    fn leader(&self) -> Option<String> {
        let id = self.container.id();
        let mut tree = vec![id.to_string()];
        // Where this is not root, there is a `sudo` above.
        while let Some(process) = tree.pop() {
            let name = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
            if name.trim() == "systemd" {
                return Some(process);
            }
            let children = format!("/proc/{process}/task/{process}/children");
            let children = std::fs::read_to_string(children).ok()?;
            tree.extend(children.split_whitespace().map(str::to_owned));
        }
        None
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The container outlives its manager; with its first process, all of it ends.
        if let Some(leader) = self.leader() {
            let killed = as_root("kill").args(["-KILL", &leader]).status();
            killed.expect("kill is there");
        }
    }
}

/// The package that `packaging/deb` made of the program under test, or that of `SEALIFT_PACKAGE`.
pub fn package() -> PathBuf {
    if let Some(package) = std::env::var_os("SEALIFT_PACKAGE") {
        return package.into();
    }
    let made = crate::Program::path().with_file_name("package");
    let files = std::fs::read_dir(&made).map(|entries| entries.map(|entry| entry.unwrap().path()));
    let package = files.ok().and_then(|mut files| {
        files.find(|file| file.extension().is_some_and(|extension| extension == "deb"))
    });
    package.unwrap_or_else(|| {
        panic!(
            "no package in {}: run tests/run, or packaging/deb --profile release --no-build",
            made.display()
        )
    })
}

fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}
