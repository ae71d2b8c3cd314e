//! What the figures were taken on.

use std::fmt::{self, Display};
use std::fs;
use std::process::Command;
use std::thread;

use crate::peers::Programs;

/// The kind of machine, and the peers' versions: nothing that tells one machine from another of its kind.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory: String,
    kernel: String,
    load: String,
    curl: String,
    awscrt: String,
    aws: String,
}

impl Machine {
    /// This machine, as far as it tells.
    pub(crate) fn here(programs: &Programs) -> Self {
        let versions = "import awscrt, awscli; print(awscrt.__version__, awscli.__version__)";
        let python = said(Command::new(programs.venv.join("python")).args(["-c", versions]));
        let mut python = python.split_whitespace().map(str::to_owned);
        Self {
            processor: field("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism().map_or(1, Into::into),
            memory: memory(),
            kernel: first_word("/proc/sys/kernel/osrelease"),
            load: first_word("/proc/loadavg"),
            curl: curl(),
            awscrt: python.next().unwrap_or_default(),
            aws: python.next().unwrap_or_default(),
        }
    }
}

/// All that counts where only our own side is measured; with `#`, the peers as well.
impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            memory,
            kernel,
            load,
            curl,
            awscrt,
            aws,
        } = self;
        writeln!(
            f,
            "- machine: {processor}, {cores} cores, {memory} of memory, Linux {kernel}"
        )?;
        writeln!(f, "- load average at the start: {load}")?;
        if f.alternate() {
            writeln!(f, "- peers: {curl}; awscrt {awscrt}; aws-cli {aws}")?;
        }
        Ok(())
    }
}

/// The program's version, and that of the TLS library, which does most of the work.
fn curl() -> String {
    let all = said(Command::new("curl").arg("--version"));
    let words = all.lines().next().unwrap_or_default().split_whitespace();
    let telling = |(position, word): &(usize, &str)| {
        *position < 2 || word.contains("SSL/") || word.contains("TLS/")
    };
    words
        .enumerate()
        .filter(telling)
        .map(|(_, word)| word)
        .collect::<Vec<_>>()
        .join(" ")
}

fn memory() -> String {
    let total = field("/proc/meminfo", "MemTotal");
    let kibibytes: Option<u64> = total
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok());
    kibibytes.map_or(total, |kibibytes| {
        format!("{} GiB", (kibibytes + (1 << 19)) >> 20)
    })
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    value.map_or_else(
        || format!("unknown {name}"),
        |value| value.trim().to_owned(),
    )
}

fn first_word(file: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

fn said(command: &mut Command) -> String {
    let output = command
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}
