//! The built `sealift` program.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::{Cloud, Running};

/// A call of `sealift` with a clean environment.
pub struct Program(Command);

/// What a call printed and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// `sealift` without configuration.
    pub fn new() -> Self {
        Self::clean(Self::path())
    }

    /// Another program, which has `sealift` called for a cloud's device.
    pub fn running(program: impl AsRef<OsStr>, cloud: &Cloud) -> Self {
        Self::clean(program).env("XDG_STATE_HOME", cloud.path("state"))
    }

    fn clean(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        command.env("XDG_CACHE_HOME", Self::cache());
        command.env("XDG_STATE_HOME", Self::path().with_file_name("tmp-state"));
        command.env("HOME", "/nonexistent");
        Self(command)
    }

    /// `sealift` with the configuration of a cloud's device.
    pub fn on(cloud: &Cloud) -> Self {
        let mut program = Self::new();
        program.0.arg("--config").arg(&cloud.paths().config);
        program.0.env("XDG_STATE_HOME", cloud.path("state"));
        program
    }

    /// `sealift` with the configuration of a cloud's device that uses IAM Roles Anywhere.
    pub fn with_roles_anywhere(cloud: &Cloud) -> Self {
        let mut program = Self::new();
        let config = &cloud.paths().roles_anywhere_config;
        program.0.arg("--config").arg(config);
        program.0.env("XDG_STATE_HOME", cloud.path("state"));
        program
    }

    /// The program beside which the tests were built: `tests/run` builds both.
    pub fn path() -> PathBuf {
        let test = std::env::current_exe().unwrap();
        let built = test.ancestors().nth(2).unwrap().join("sealift");
        assert!(
            built.is_file(),
            "{} is not built: run tests/run, or cargo build -p sealift",
            built.display()
        );
        built
    }

    /// Where compiled code goes. It is shared by all tests; nothing else of this machine is.
    pub fn cache() -> PathBuf {
        Self::path().with_file_name("tmp-cache")
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it in another directory.
    #[must_use]
    pub fn inside(mut self, directory: impl AsRef<Path>) -> Self {
        self.0.current_dir(directory);
        self
    }

    /// Puts it into a process group of its own, which no terminal has in front of it.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.0.process_group(0);
        self
    }

    /// Starts it, for tests that do something meanwhile.
    pub fn start(self) -> Running {
        Running::start(self)
    }

    /// The command, for tests that want to do more with it.
    pub fn command(self) -> Command {
        self.0
    }

    /// Runs to the end.
    pub fn run(mut self) -> Outcome {
        self.0.output().unwrap().into()
    }

    /// Runs to the end with this standard input.
    pub fn run_with(mut self, input: &[u8]) -> Outcome {
        let mut child = self
            .0
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may stop reading before the end; what it says then is what the test is about.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

impl Outcome {
    /// Asserts success and answers standard output.
    #[track_caller]
    pub fn done(&self) -> &str {
        assert_eq!(
            self.status, 0,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        &self.stdout
    }

    /// Asserts an exit status and that standard error tells each of `parts`.
    #[track_caller]
    pub fn failed(&self, status: i32, parts: &[&str]) {
        assert_eq!(
            self.status, status,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "no `{part}` in: {}",
                self.stderr
            );
        }
    }

    /// Standard output as JSON, a value for each line.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The component of `tests/guests/examples/NAME.rs`.
pub fn guest(name: &str) -> PathBuf {
    Path::new(env!("TEST_GUESTS"))
        .join(name)
        .with_extension("wasm")
}
