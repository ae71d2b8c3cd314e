//! `sealift component inspect`.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sealift::sandbox::{Limits, LoadError, Sandbox, Shape};
use sealift::{factory, report};
use sealift_config::{Config, Environment};
use sealift_release::{Digest, Directory, LARGEST_COMPONENT, Release, Settled, Store};
use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::{ExitStatus, Failure, output};

/// `sealift component inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// A file; `current` for what runs on this device, `factory` for what this program was built with. A file of such
    /// a name is `./current`
    #[arg(value_name = "FILE|current|factory")]
    which: Which,
}

/// Which component.
#[derive(Clone, Debug)]
enum Which {
    Current,
    Factory,
    File(PathBuf),
}

impl FromStr for Which {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "current" => Self::Current,
            "factory" => Self::Factory,
            path => Self::File(path.into()),
        })
    }
}

/// A component's bytes, and the release that they are known to be.
struct Found {
    from: String,
    bytes: Vec<u8>,
    release: Option<Release>,
}

/// A file that is no component.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("cannot read the component `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` has more than {} bytes, which no component has", path.display(), LARGEST_COMPONENT)]
    TooLarge { path: PathBuf },
}

/// A component, as `--json` tells it. What there is none of is left out.
#[derive(Serialize)]
struct Told<'a> {
    component: &'a str,
    digest: Digest,
    /// In bytes.
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<String>,
    imports: &'a [String],
    exports: &'a [String],
    /// Whether this host can run it.
    runs: bool,
    /// Why it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether it is known to be a release, which keys of the publisher have signed.
    signed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Where it may send requests beyond what the configuration names.
    #[serde(skip_serializing_if = "Option::is_none")]
    origins: Option<Vec<String>>,
}

pub(super) fn run(global: &Global, args: &Inspect) -> Result<(), Failure> {
    let found = match &args.which {
        Which::Factory => Found::factory("factory"),
        Which::File(path) => Found {
            from: path.to_string_lossy().into_owned(),
            bytes: read(path)?,
            release: None,
        },
        Which::Current => current(global)?,
    };
    let sandbox = Sandbox::with_engine(Limits::NONE, None, |_| {}).map_err(Failure::failed)?;
    let (shape, usable) = sandbox.inspect(&found.bytes).map_err(Failure::failed)?;
    let told = Told::new(&found, &shape, usable.err().as_ref());
    if global.json {
        return output::json(&told);
    }
    told.print()
}

/// What is committed, else the factory's. Damage is told and done without, as whoever runs it does.
fn current(global: &Global) -> Result<Found, Failure> {
    let environment = Environment::of_process();
    let config = Config::load(global.config.as_deref(), &environment)?;
    let store = Store::new(Directory::new(config.state_dir(&environment)?));
    let (settled, damage) = store.settled().map_err(Failure::failed)?;
    for damage in damage {
        output::remark(format_args!("warning: {damage}"));
    }
    Ok(match settled {
        Settled::Factory => Found::factory("current (factory)"),
        Settled::Component { release, bytes } => Found {
            from: "current".into(),
            bytes,
            release: Some(*release),
        },
    })
}

/// A component's file, as far as one may be large.
pub(in crate::cli) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| {
        let path = path.to_owned();
        Failure::new(ExitStatus::Usage, ReadError::Io { path, source })
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_COMPONENT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST_COMPONENT {
        let path = path.to_owned();
        return Err(Failure::failed(ReadError::TooLarge { path }));
    }
    Ok(bytes)
}

impl Found {
    fn factory(from: &str) -> Self {
        Self {
            from: from.into(),
            bytes: factory::COMPONENT.to_vec(),
            release: None,
        }
    }
}

impl<'a> Told<'a> {
    fn new(found: &'a Found, shape: &'a Shape, error: Option<&LoadError>) -> Self {
        let release = found.release.as_ref();
        let origins = |release: &Release| {
            let origins = release.manifest.origins.iter();
            origins.map(ToString::to_string).collect()
        };
        Self {
            component: &found.from,
            digest: Digest::of(&found.bytes),
            size: found.bytes.len(),
            world: shape.world(),
            imports: &shape.imports,
            exports: &shape.exports,
            runs: error.is_none(),
            error: error.map(|error| format!("{}: {}", report::chain(error), shape.misfit())),
            signed: release.is_some(),
            name: release.map(|release| release.file.to_string()),
            version: release.map(|release| release.version().to_string()),
            origins: release.map(origins),
        }
    }

    fn print(&self) -> Result<(), Failure> {
        let row = |name: &str, value: &str| {
            let value = report::line(value);
            output::line(format!("{name:<10} {value}").trim_end())
        };
        row("component", self.component)?;
        row("digest", &self.digest.to_string())?;
        row("size", &format!("{} bytes", self.size))?;
        row("world", self.world.as_deref().unwrap_or("unknown"))?;
        row("runs here", self.error.as_deref().unwrap_or("yes"))?;
        match (&self.version, &self.name) {
            (Some(version), Some(name)) => row("signed", &format!("as {version}, {name}"))?,
            _ => row("signed", "no")?,
        }
        list("origins", self.origins.as_deref().unwrap_or_default())?;
        list("imports", self.imports)?;
        list("exports", self.exports)
    }
}

fn list(name: &str, values: &[String]) -> Result<(), Failure> {
    for (number, value) in values.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        output::line(&format!("{name:<10} {}", report::line(value)))?;
    }
    Ok(())
}
