//! Why there is no configuration.

use std::path::PathBuf;

use crate::Diagnostic;

/// The configuration could not be loaded, or lacks what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file was named and none is in the usual places.
    #[error(
        "no configuration file: looked for {}; name one with --config or $SEALIFT_CONFIG, or write one \
         that has at least [device] certificate and key, and [credentials] endpoint and role_alias",
        list(.looked_for)
    )]
    NotFound {
        /// The usual places, in the order of the search.
        looked_for: Vec<PathBuf>,
    },

    /// The file exists, or was named, and cannot be read.
    #[error("cannot read the configuration file {} ({origin})", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What led to this file, such as `named by --config`.
        origin: &'static str,
        /// Why.
        source: std::io::Error,
    },

    /// The file is not a configuration by its size.
    #[error("the configuration file {} is larger than {limit} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },

    /// The file is not text.
    #[error("{}:{line}: not UTF-8 text", .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first bad byte, from 1.
        line: usize,
    },

    /// The file's text is not a configuration.
    #[error(transparent)]
    Invalid(Box<Diagnostic>),

    /// A variable of the environment has a value that cannot be used.
    #[error("environment variable {variable}: {problem}")]
    Variable {
        /// The name of the variable.
        variable: String,
        /// What is wrong, and what would be accepted.
        problem: String,
    },

    /// S3 was asked for and there is no telling in which region.
    #[error(
        "no S3 region: credentials.endpoint `{endpoint}` does not tell one; set `region` in [s3] of {}",
        .path.display()
    )]
    NoRegion {
        /// The credentials endpoint, which is not one of AWS's names.
        endpoint: crate::Authority,
        /// The configuration file.
        path: PathBuf,
    },

    /// There is no place for the service's state.
    #[error(
        "no state directory: none of $XDG_STATE_HOME and $HOME is set; set `state` in [service] of {}",
        .path.display()
    )]
    NoStateDirectory {
        /// The configuration file.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn variable(name: &str, problem: impl Into<String>) -> Self {
        Self::Variable {
            variable: name.to_owned(),
            problem: problem.into(),
        }
    }

    pub(crate) fn not_text(name: &str) -> Self {
        Self::variable(name, "its value is not UTF-8 text")
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Invalid(Box::new(diagnostic))
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(" and ")
}
