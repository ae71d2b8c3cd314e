//! `sealift component export`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sealift::factory;
use sealift_release::Settled;

use super::device::Device;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift component export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Where to; a file that is there is not written over
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The component that this program was built with, whatever runs
    #[arg(long)]
    factory: bool,
}

/// A component does not get into its file.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the component to `{}`", path.display())]
struct WriteError {
    path: PathBuf,
    source: io::Error,
}

pub(super) fn run(global: &Global, args: &Export) -> Result<(), Failure> {
    if args.factory {
        return write(&args.file, factory::COMPONENT);
    }
    let (settled, damage) = Device::of(global)?
        .releases
        .settled()
        .map_err(Failure::failed)?;
    for damage in damage {
        output::remark(format_args!("warning: {damage}"));
    }
    match settled {
        Settled::Factory => write(&args.file, factory::COMPONENT),
        Settled::Component { bytes, .. } => write(&args.file, &bytes),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || File::create_new(path)?.write_all(bytes);
    write().map_err(|source| {
        Failure::failed(WriteError {
            path: path.to_owned(),
            source,
        })
    })
}
