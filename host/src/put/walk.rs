//! The files below a directory.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::PlanError;

/// Deeper than any sensible tree. What lies deeper is an error, not silence.
const DEEPEST: usize = 256;

/// The regular files below `root` in the order of their names, each with its path relative to
/// `root`. Symbolic links are followed; what is neither file nor directory is left out and
/// told in the log. What cannot be read is an error among the others.
pub(super) fn files(
    root: &Path,
) -> impl Iterator<Item = Result<(PathBuf, PathBuf), PlanError>> + '_ {
    let walk = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .max_depth(DEEPEST + 1);
    walk.into_iter().filter_map(move |entry| match entry {
        Err(error) => Some(Err(unreadable(root, error))),
        Ok(entry) if entry.depth() > DEEPEST => Some(Err(PlanError::TooDeep {
            path: entry.into_path(),
        })),
        Ok(entry) if entry.file_type().is_dir() => None,
        Ok(entry) if !entry.file_type().is_file() => {
            tracing::warn!(path = %entry.path().display(), "left out: not a regular file");
            None
        }
        Ok(entry) => {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let relative = relative.to_owned();
            Some(Ok((entry.into_path(), relative)))
        }
    })
}

fn unreadable(root: &Path, error: walkdir::Error) -> PlanError {
    let path = error.path().unwrap_or(root).to_owned();
    let looped = error.loop_ancestor().is_some();
    let source = match error.into_io_error() {
        Some(source) => source,
        None if looped => io::Error::other("a symbolic link leads back to a directory above it"),
        None => io::Error::other("the directory cannot be walked"),
    };
    PlanError::Walk { path, source }
}
