//! How long a handshake takes with each kind of key.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sealift_config::{Config, Environment};
use tokens::Token;

use super::Effort;
use crate::authority::Authority;
use crate::native::{self, Client};
use crate::peers::Peers;
use crate::samples::median;
use crate::table::time;

/// Handshakes in each round, and one before them that does not count.
const EACH: usize = 20;

/// The kinds of keys. The first is what the others are compared with.
const KINDS: [(Place, &str, &str); 7] = [
    (Place::File, "RSA-2048", "rsa-2048"),
    (Place::File, "P-256", "p256"),
    (Place::File, "P-384", "p384"),
    (Place::Software, "RSA-2048", "rsa-2048"),
    (Place::Software, "P-256", "p256"),
    (Place::Tpm, "RSA-2048", "rsa-2048"),
    (Place::Tpm, "P-256", "p256"),
];

/// Where a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    File,
    Software,
    Tpm,
}

/// A device with one kind of key.
#[derive(Debug)]
struct Device<'t> {
    place: Place,
    kind: &'static str,
    token: Option<&'t Token>,
    config: PathBuf,
    times: Vec<Duration>,
}

/// The medians of all kinds.
#[derive(Debug)]
pub(crate) struct Handshakes(Vec<(Place, &'static str, Duration)>);

/// Makes keys of all kinds and connects with them, in turn.
pub(crate) fn measure(
    peers: &Peers<'_>,
    authority: &Authority,
    effort: Effort,
) -> Result<Handshakes> {
    let (software, tpm) = (Token::software()?, Token::tpm()?);
    let mut devices = Vec::new();
    for (place, kind, algorithm) in KINDS {
        let token = match place {
            Place::File => None,
            Place::Software => Some(&software),
            Place::Tpm => Some(&tpm),
        };
        let config = equip(peers, authority, place, token, algorithm)
            .with_context(|| format!("no {kind} key in {place}"))?;
        devices.push(Device {
            place,
            kind,
            token,
            config,
            times: Vec::new(),
        });
    }
    for _ in 0..effort.rounds {
        for device in &mut devices {
            device.connect(peers)?;
        }
    }
    let medians = devices.into_iter().map(|device| {
        let median = median(device.times.into_iter());
        (device.place, device.kind, median)
    });
    Ok(Handshakes(medians.collect()))
}

/// Makes a key, and a configuration of a device that has it.
fn equip(
    peers: &Peers<'_>,
    authority: &Authority,
    place: Place,
    token: Option<&Token>,
    algorithm: &str,
) -> Result<PathBuf> {
    let (stage, name) = (peers.stage, format!("{place:?}-{algorithm}"));
    let file = stage.path(&format!("{name}.key"));
    // Of an earlier run. A key that is there is not overwritten.
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let (key, module) = match token {
        None => (file.display().to_string(), None),
        Some(token) => (token.uri(algorithm), Some(token.module())),
    };
    let certificate = format!("certificate = \"{name}.pem\"");
    let key = format!("key = \"{key}\"");
    let module = module.map(|module| format!("pkcs11_module = \"{}\"", module.display()));
    let module = module.unwrap_or_default();
    let config = stage.configure(&format!("{name}.toml"), &[&certificate, &key, &module], "")?;
    let sealift = |arguments: &[&str]| {
        let mut command = Command::new(&peers.programs.sealift);
        command.arg("--config").arg(&config).arg("key");
        said(with(token, command.args(arguments)))
    };
    sealift(&["generate", "--algorithm", algorithm])?;
    let request = sealift(&["csr"])?;
    stage.write(&format!("{name}.pem"), &authority.certify(&request)?)?;
    Ok(config)
}

impl Device<'_> {
    /// A round, in a process of its own: a module finds its token by the environment.
    fn connect(&mut self, peers: &Peers<'_>) -> Result<()> {
        let before = peers.server.counts.now();
        let mut command = Command::new(&peers.programs.bench);
        command.arg("handshakes").arg(&self.config);
        let told = said(with(self.token, command.arg((EACH + 1).to_string())))?;
        let handshakes = peers.server.counts.now().since(before).handshakes;
        ensure!(
            handshakes == EACH as u64 + 1,
            "there were {handshakes} handshakes instead of {}",
            EACH + 1
        );
        for line in told.lines().skip(1) {
            self.times.push(Duration::from_nanos(line.parse()?));
        }
        Ok(())
    }
}

/// What the process of a round does.
pub(crate) fn repeat(config: &Path, count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = Config::load(Some(config), &Environment::of_process())?;
        let device = native::device(&config)?;
        for _ in 0..count {
            let client = Client::new(&config, Arc::clone(&device))?;
            let begun = Instant::now();
            client.credentials(&config).await?;
            println!("{}", begun.elapsed().as_nanos());
        }
        Ok(())
    })
}

fn with<'c>(token: Option<&Token>, command: &'c mut Command) -> &'c mut Command {
    let environment = token.into_iter().flat_map(Token::environment);
    command.envs(environment)
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a file",
            Self::Software => "SoftHSM",
            Self::Tpm => "a software TPM",
        })
    }
}

impl Display for Handshakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| key | in | handshake | ratio to the first |")?;
        writeln!(f, "|---|---|---|---|")?;
        let first = self.0.first().map_or(Duration::ZERO, |(_, _, time)| *time);
        for (place, kind, median) in &self.0 {
            let ratio = median.as_secs_f64() / first.as_secs_f64();
            let median = time(*median);
            writeln!(f, "| {kind} | {place} | {median} | {ratio:.2} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_the_first_kind() {
        let table = Handshakes(vec![
            (Place::File, "RSA-2048", Duration::from_millis(2)),
            (Place::Tpm, "P-256", Duration::from_millis(5)),
        ]);
        let table = table.to_string();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| RSA-2048 | a file | 2.0 ms | 1.00 |",
                "| P-256 | a software TPM | 5.0 ms | 2.50 |"
            ]
        );
    }
}
