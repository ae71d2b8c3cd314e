//! Moving a file to another directory, also of another file system.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, fchmod, fstat, futimens,
    linkat, openat, renameat_with, unlinkat,
};
use rustix::io::Errno;

use super::{Disposed, Place, Standing};
use crate::Fingerprint;
use crate::directory::Directory;

/// So many names are tried for a file: its own, and its own with a number.
const MOST_NAMES: u32 = 10_000;

/// Moves the file below `target`, to the path that it has below its folder.
pub(super) fn relocate(
    place: &Place<'_>,
    relative: &Path,
    uploaded: Fingerprint,
    target: &Path,
) -> io::Result<Disposed> {
    std::fs::create_dir_all(target)?;
    let parent = relative.parent().unwrap_or(Path::new(""));
    let directory = Directory::open(target)?.make_below(parent)?;
    let moved = |name: &OsStr| Disposed::Moved(target.join(parent).join(name));
    for name in names(place.name) {
        match rename(&place.directory, place.name, &directory, &name) {
            Ok(()) => {
                directory.sync()?;
                place.directory.sync()?;
                return Ok(moved(&name));
            }
            Err(Errno::EXIST) => {}
            Err(Errno::NOENT) => return Ok(Disposed::Gone),
            Err(Errno::XDEV) => {
                return match copy_and_delete(place, uploaded, &directory)? {
                    Ok(name) => Ok(moved(&name)),
                    Err(otherwise) => Ok(otherwise),
                };
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(no_name())
}

/// Renames without replacing anything.
fn rename(from: &Directory, name: &OsStr, to: &Directory, new: &OsStr) -> Result<(), Errno> {
    match renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        // A file system that does not know the flag: a link does not replace anything either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(from, name, to, new, AtFlags::empty())?;
            unlinkat(from, name, AtFlags::empty())
        }
        renamed => renamed,
    }
}

/// Copies the file under a name of its own, gives the copy a free name, and deletes the original.
/// Whatever of that a crash leaves to do is done by the next try. The copy's name, or what else
/// became of the file.
fn copy_and_delete(
    place: &Place<'_>,
    uploaded: Fingerprint,
    directory: &Directory,
) -> io::Result<Result<OsString, Disposed>> {
    let Some((mut original, stat)) = open_original(place, uploaded)? else {
        return Ok(Err(Disposed::Changed));
    };
    let name = match earlier_copy(&mut original, &stat, place.name, directory)? {
        Some(name) => Some(name),
        None => copy(&mut original, &stat, place.name, directory)?,
    };
    let Some(name) = name else {
        return Ok(Err(Disposed::Changed));
    };
    directory.sync()?;
    match place.standing(uploaded)? {
        Standing::Same => place.delete()?,
        Standing::Gone => {}
        // The copy is of what was uploaded, and the new version will have its turn.
        Standing::Changed => return Ok(Err(Disposed::Changed)),
    }
    Ok(Ok(name))
}

/// The file itself, if it is what was uploaded.
fn open_original(place: &Place<'_>, uploaded: Fingerprint) -> io::Result<Option<(File, Stat)>> {
    let flags =
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file: OwnedFd = openat(&place.directory, place.name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    let same = Fingerprint::from(&stat) == uploaded;
    Ok(same.then(|| (file.into(), stat)))
}

/// The name of a copy that an earlier try made before it could delete the original.
fn earlier_copy(
    original: &mut File,
    stat: &Stat,
    name: &OsStr,
    directory: &Directory,
) -> io::Result<Option<OsString>> {
    for name in names(name) {
        let Some(other) = directory.file(&name)? else {
            return Ok(None);
        };
        let alike = other.st_size == stat.st_size
            && (other.st_mtime, other.st_mtime_nsec) == (stat.st_mtime, stat.st_mtime_nsec);
        if alike && has_same_contents(original, directory, &name)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn has_same_contents(original: &mut File, directory: &Directory, name: &OsStr) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut other: File = openat(directory, name, flags, Mode::empty())?.into();
    original.rewind()?;
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    let same = loop {
        let read = original.read(&mut left)?;
        if read == 0 {
            break other.read(&mut right)? == 0;
        }
        match other.read_exact(&mut right[..read]) {
            Ok(()) if left[..read] == right[..read] => {}
            Ok(()) => break false,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break false,
            Err(error) => return Err(error),
        }
    };
    original.rewind()?;
    Ok(same)
}

const PIECE: usize = 64 << 10;

/// The copy's name; none if the original changed meanwhile.
fn copy(
    original: &mut File,
    stat: &Stat,
    name: &OsStr,
    directory: &Directory,
) -> io::Result<Option<OsString>> {
    // Named by the original, so that what a crash leaves behind is written over by the next try.
    let partial = format!(".sealift-{:x}-{:x}.part", stat.st_dev, stat.st_ino);
    match unlinkat(directory, &partial, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file: File = openat(directory, &partial, flags, Mode::from_raw_mode(0o600))?.into();
    io::copy(original, &mut file)?;
    fchmod(&file, Mode::from_raw_mode(stat.st_mode & 0o777))?;
    let modified = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    let times = Timestamps {
        last_access: modified,
        last_modification: modified,
    };
    futimens(&file, &times)?;
    file.sync_all()?;
    if Fingerprint::from(&fstat(&*original)?) != Fingerprint::from(stat) {
        unlinkat(directory, &partial, AtFlags::empty())?;
        return Ok(None);
    }
    for name in names(name) {
        match rename(directory, OsStr::new(&partial), directory, &name) {
            Ok(()) => return Ok(Some(name)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(no_name())
}

/// The name itself, then with numbers: `a.csv`, `a.csv.1`, `a.csv.2`.
fn names(name: &OsStr) -> impl Iterator<Item = OsString> {
    (0..MOST_NAMES).map(move |number| {
        let mut name = name.to_owned();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        name
    })
}

fn no_name() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{MOST_NAMES} files of that name are there already; clear them away"),
    )
}
