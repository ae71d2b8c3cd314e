//! `sealift queue add`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::builder::{OsStringValueParser, TypedValueParser};
use sealift::put::{Destination, Input, Item, Plan, Selection};
use sealift::sandbox::Options;
use sealift_payload::{Source, SourceError};
use sealift_queue::{Added, Disposal, InvalidTask, NewJob, Origin, Settings, SourcePath, Task};
use serde::Serialize;

use super::place::Place;
use crate::cli::args::Global;
use crate::cli::put::{Conditions, Encryption, Object};
use crate::cli::{ExitStatus, Failure, output};

/// `sealift queue add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Where to: `s3://BUCKET/KEY`. The key is taken literally; one that ends in `/` is a prefix
    #[arg(value_name = "s3://BUCKET/KEY")]
    destination: Destination,

    /// A job of higher priority goes first: -128 to 127
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    priority: i8,

    /// What becomes of the files when they are uploaded: keep, delete or move:DIR
    #[arg(long, value_name = "WHAT", default_value = "keep", value_parser = OsStringValueParser::new().try_map(|text| disposal(&text)))]
    after: Disposal,

    /// Upload again what was uploaded before and has not changed since
    #[arg(long)]
    again: bool,

    #[command(flatten)]
    object: Object,

    #[command(flatten)]
    encryption: Encryption,

    #[command(flatten)]
    conditions: Conditions,
}

/// Why a file cannot be queued.
#[derive(Debug, thiserror::Error)]
enum AddError {
    #[error(
        "the queue takes files, not standard input; write it into a file, or use `sealift put`"
    )]
    StandardInput,
    #[error(
        "`{}` is a directory: name files, or have the service watch it (`[[watch]]`)",
        sealift::report::line(&.0.to_string_lossy())
    )]
    Directory(PathBuf),
    #[error("the queue keeps no keys, so --sse-c-key is for `sealift put` alone")]
    CustomersKey,
    #[error("cannot tell the absolute path of `{}`", path.display())]
    Relative {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// An added job, as `--json` tells it.
#[derive(Serialize)]
struct Told<'a> {
    outcome: &'static str,
    id: i64,
    state: &'static str,
    source: String,
    bucket: &'a str,
    key: &'a str,
}

pub(super) fn run(global: &Global, place: &Place, add: &Add) -> Result<(), Failure> {
    if add.encryption.has_customers_key() {
        return Err(AddError::CustomersKey.into());
    }
    let options = add.options()?;
    if let Some(directory) = add.files.iter().find(|path| path.is_dir()) {
        return Err(AddError::Directory(directory.clone()).into());
    }
    let plan = Plan::new(&add.files, &add.destination, &Selection::default())?;
    let jobs: Vec<_> = plan
        .items
        .iter()
        .map(|item| add.job(&plan.bucket, item, &options))
        .collect::<Result<_, _>>()?;
    // All of them or none, so that whoever repeats the call does not have to look which.
    let added = place.open()?.add_all(&jobs, SystemTime::now())?;
    let mut told = jobs.iter().zip(&added);
    told.try_for_each(|(job, added)| tell(global, &job.task, *added))
}

impl Add {
    fn options(&self) -> Result<Options, Failure> {
        let mut options = Options::default();
        self.object.put_into(&mut options)?;
        self.encryption.put_into(&mut options)?;
        self.conditions.put_into(&mut options);
        Ok(options)
    }

    fn job(&self, bucket: &str, item: &Item, options: &Options) -> Result<NewJob, Failure> {
        let Input::File(path) = &item.input else {
            return Err(AddError::StandardInput.into());
        };
        let path = absolute(path)?;
        let source = Source::open(&path)?;
        let mut options = options.clone();
        options.extend(self.object.guess(item));
        let settings = options.iter();
        let settings: Vec<_> = settings
            .map(|setting| (setting.name.clone(), setting.value.clone()))
            .collect();
        let task = Task {
            source: SourcePath::try_from(path)?,
            fingerprint: Some(source.fingerprint().to_string().try_into()?),
            target: (bucket, &*item.key).try_into()?,
            settings: Settings::try_from(settings)?,
            priority: self.priority,
            disposal: self.after.clone(),
            origin: Origin::Command,
            size: source.len(),
        };
        Ok(NewJob {
            task,
            again: self.again,
        })
    }
}

/// The service has another working directory.
fn absolute(path: &Path) -> Result<PathBuf, AddError> {
    std::path::absolute(path).map_err(|source| AddError::Relative {
        path: path.to_owned(),
        source,
    })
}

/// As [`Disposal::parse`], with a directory that is relative to the one of this process.
fn disposal(text: &OsStr) -> Result<Disposal, InvalidTask> {
    match text.as_bytes().strip_prefix(b"move:") {
        Some(directory) if !directory.is_empty() => {
            let directory = Path::new(OsStr::from_bytes(directory));
            // Where the working directory cannot be told, the relative path is refused for what it is.
            let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
            Disposal::move_to(whole)
        }
        _ => Disposal::parse(text),
    }
}

fn tell(global: &Global, task: &Task, added: Added) -> Result<(), Failure> {
    let (outcome, state) = match added {
        Added::New(_) => ("queued", sealift_queue::State::Waiting),
        Added::Known { state, .. } => ("known", state),
    };
    let (id, target) = (added.id(), &task.target);
    let source = task.source.as_path().to_string_lossy();
    if global.json {
        return output::json(&Told {
            outcome,
            id: id.number(),
            state: state.as_str(),
            source: source.into_owned(),
            bucket: target.bucket(),
            key: target.key(),
        });
    }
    if global.quiet {
        return Ok(());
    }
    let source = sealift::report::line(&source);
    let (bucket, key) = (target.bucket(), target.key());
    output::line(&match added {
        Added::New(_) => format!("job {id}: {source} -> s3://{bucket}/{key}"),
        Added::Known { .. } => format!("job {id} has {source} already, and is {state}"),
    })
}

impl From<AddError> for Failure {
    fn from(error: AddError) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}

impl From<InvalidTask> for Failure {
    fn from(error: InvalidTask) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::failed(error)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_directory_to_move_to_is_one_of_the_caller_s() {
        let here = std::env::current_dir().unwrap().join("done");
        let read = |text: &str| disposal(OsStr::new(text));
        assert_eq!(read("move:done"), Disposal::move_to(here));
        assert_eq!(read("move:/a"), Disposal::move_to("/a".into()));
        assert_eq!(read("delete"), Ok(Disposal::Delete));
        for wrong in ["", "move", "move:", "shred"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
