//! Files and directories that are one user's alone.
//!
//! They are whoever's makes them, but for root in somebody else's directory: a service that runs as another user could
//! not use what `sudo sealift …` leaves there. So root gives each to the owner of the directory that it is in, while
//! there is nothing in it yet. What was there before stays whose it is.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags};
use rustix::process::geteuid;

use crate::directory::parent;

/// Makes a directory (0700) and those above it, if they are missing.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let create = || DirBuilder::new().mode(0o700).create(path);
    let outcome = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && parent(path) != path => {
            make_directory(parent(path))?;
            create()
        }
        other => other,
    };
    match outcome {
        Ok(()) => give_directory(path),
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file, which is made (0600) if it is missing; never a symbolic link. `options` say what for.
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let mut options = options.clone();
    let unfollowed = OFlags::NOFOLLOW.bits().cast_signed();
    options.mode(0o600).custom_flags(unfollowed);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            give(&file, parent(path))?;
            Ok(file)
        }
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// Gives a file that this process has just made in a directory to the directory's owner.
pub fn give(made: &File, directory: &Path) -> io::Result<()> {
    match heir(directory)? {
        Some((user, group)) => fchown(made, Some(user), Some(group)),
        None => Ok(()),
    }
}

/// Whether a file in a directory belongs to this process's user or to whom it would be given.
pub(crate) fn is_ours(file: &Metadata, directory: &Path) -> io::Result<bool> {
    let heir = heir(directory)?;
    Ok(file.uid() == geteuid().as_raw() || heir.is_some_and(|(user, _)| user == file.uid()))
}

/// User and group that get what is made in a directory; none if it stays whose it is.
fn heir(directory: &Path) -> io::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let owner = metadata(directory)?;
    Ok((owner.uid() != 0).then_some((owner.uid(), owner.gid())))
}

fn give_directory(made: &Path) -> io::Result<()> {
    let Some((user, group)) = heir(parent(made))? else {
        return Ok(());
    };
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = File::from(rustix::fs::open(made, flags, Mode::empty())?);
    // The owner may have put another in its place meanwhile, and is given nothing with that.
    if directory.metadata()?.uid() != 0 || !is_empty(&directory)? {
        return Ok(());
    }
    fchown(&directory, Some(user), Some(group))
}

fn is_empty(directory: &File) -> io::Result<bool> {
    for entry in Dir::read_from(directory)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}
