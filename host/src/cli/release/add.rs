//! `sealift release add`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sealift::sandbox::{Limits, LoadError, Sandbox, WORLD};
use sealift_config::OriginPattern;
use sealift_release::{
    MOST_ORIGINS, Manifest, Rollout, RolloutError, TargetFile, TargetFileError, WorldError,
};
use semver::Version;

use super::lifetime::Lifetime;
use super::repository::Repository;
use super::told::{self, Told};
use crate::cli::args::Global;
use crate::cli::component::read;
use crate::cli::{ExitStatus, Failure, output};

/// `sealift release add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    repository: Repository,

    /// Which version it is, such as 1.2.0. Devices take none below what they had
    #[arg(long, value_name = "VERSION")]
    version: Version,

    /// Its name in the repository [default: that of the file, with the version]
    #[arg(long, value_name = "NAME")]
    name: Option<TargetFile>,

    /// An origin that it sends requests to, beyond those of the configuration, such as `https://*.example.com`; may be
    /// repeated
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<OriginPattern>,

    /// The oldest host that can run it [default: this one's version]
    #[arg(long, value_name = "VERSION")]
    minimum_host_version: Option<Version>,

    /// Which part of the fleet takes it by itself: 0 to 100
    #[arg(long, value_name = "PERCENT", default_value = "100", value_parser = percent)]
    rollout: Rollout,

    /// For how long what a role signs counts, for this change; may be repeated
    #[arg(long = "lifetime", value_name = "ROLE=DURATION")]
    lifetimes: Vec<Lifetime>,
}

/// Why a file is not added.
#[derive(Debug, thiserror::Error)]
enum AddError {
    #[error("`{}` is no component that devices can run: {misfit}", path.display())]
    Unfit {
        path: PathBuf,
        misfit: String,
        source: LoadError,
    },
    #[error("`{}` has a name that no repository takes; give it another one with --name", path.display())]
    Name {
        path: PathBuf,
        source: TargetFileError,
    },
    #[error("{0} origins are more than {most}, the most that a release may ask for", most = MOST_ORIGINS)]
    Origins(usize),
    #[error(transparent)]
    World(#[from] WorldError),
}

pub(super) fn percent(text: &str) -> Result<Rollout, PercentError> {
    Ok(text.parse::<u8>()?.try_into()?)
}

/// Not a part of a fleet.
#[derive(Debug, thiserror::Error)]
pub(super) enum PercentError {
    #[error("a rollout is a whole number of percent, from 0 to 100")]
    Number(#[from] std::num::ParseIntError),
    #[error(transparent)]
    Rollout(#[from] RolloutError),
}

pub(super) fn run(global: &Global, args: &Add) -> Result<(), Failure> {
    let publisher = args.repository.open(&args.lifetimes)?;
    if args.origins.len() > MOST_ORIGINS {
        return Err(AddError::Origins(args.origins.len()).into());
    }
    let bytes = read(&args.file)?;
    fits(&args.file, &bytes)?;
    let manifest = Manifest {
        version: args.version.clone(),
        world: WORLD.parse().map_err(AddError::World)?,
        minimum_host_version: match &args.minimum_host_version {
            Some(version) => version.clone(),
            None => env!("CARGO_PKG_VERSION").parse().map_err(Failure::failed)?,
        },
        origins: args.origins.clone(),
        rollout: args.rollout,
    };
    let release = publisher.add(&args.name()?, &bytes, &manifest, SystemTime::now())?;
    if global.json {
        output::json(&told::Outcome::new("added", &release))?;
    } else if !global.quiet {
        let told = Told::from(&release);
        output::line(&format!("added {}", told.line()))?;
    }
    told::then_sign(global, &args.repository);
    Ok(())
}

/// Compiles it and compares its types with the world, as a device does before it tries it.
fn fits(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let sandbox = Sandbox::with_engine(Limits::NONE, None, |_| {}).map_err(Failure::failed)?;
    let unfit = |misfit: String, source| AddError::Unfit {
        path: path.to_owned(),
        misfit,
        source,
    };
    match sandbox.inspect(bytes) {
        Ok((_, Ok(_))) => Ok(()),
        Ok((shape, Err(error))) => {
            let error = unfit(shape.misfit().to_string(), error);
            let cure = format!("build it for the world {WORLD} (wit/world.wit)");
            Err(Failure {
                cure: Some(cure),
                ..Failure::failed(error)
            })
        }
        Err(error) => Err(Failure::failed(unfit(
            "it cannot be compiled".into(),
            error,
        ))),
    }
}

impl Add {
    /// With the version in it, so that each release has a name of its own.
    fn name(&self) -> Result<TargetFile, Failure> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let version = self.version.to_string();
        let name = if stem.ends_with(&version) {
            format!("{stem}.wasm")
        } else {
            format!("{stem}-{version}.wasm")
        };
        let named = name.parse::<TargetFile>();
        Ok(named.map_err(|source| AddError::Name {
            path: self.file.clone(),
            source,
        })?)
    }
}

impl From<AddError> for Failure {
    fn from(error: AddError) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}
