//! What can go wrong with the bytes to upload.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::io::Errno;
use thiserror::Error;

use crate::fingerprint::Change;

/// Where a source's bytes come from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file that was opened by this path.
    File(PathBuf),
    /// A stream, whose pieces go through a temporary file.
    Stream,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Stream => f.write_str("the stream"),
        }
    }
}

/// What a path turned out to be instead of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// A Unix domain socket.
    Socket,
    /// A character device, such as a terminal.
    CharacterDevice,
    /// A block device, such as a disk.
    BlockDevice,
    /// Something this crate has no name for.
    Other,
}

impl FileKind {
    /// `None` for a regular file.
    pub(crate) fn unless_regular(file_type: FileType) -> Option<Self> {
        match file_type {
            FileType::RegularFile => None,
            FileType::Directory => Some(Self::Directory),
            FileType::Fifo => Some(Self::Fifo),
            FileType::Socket => Some(Self::Socket),
            FileType::CharacterDevice => Some(Self::CharacterDevice),
            FileType::BlockDevice => Some(Self::BlockDevice),
            FileType::Symlink | FileType::Unknown => Some(Self::Other),
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Directory => "name the files in it",
            Self::Socket | Self::Other => "only regular files and standard input can be sent",
            Self::Fifo | Self::CharacterDevice | Self::BlockDevice => {
                "pipe its data through standard input"
            }
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::CharacterDevice => "a character device",
            Self::BlockDevice => "a block device",
            Self::Other => "of an unknown type",
        })
    }
}

/// Why a file's bytes cannot be had, or are not the bytes that they were.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The file cannot be opened.
    #[error("cannot open {origin}")]
    Open {
        /// The file.
        origin: Origin,
        /// The kernel's answer.
        source: Errno,
    },
    /// The path leads to something that has no fixed contents.
    #[error("{origin} is {kind}, not a regular file; {}", kind.advice())]
    NotRegular {
        /// The file.
        origin: Origin,
        /// What it is.
        kind: FileKind,
    },
    /// The file holds data although its size is 0: one of `/proc`'s, or one that just began to
    /// grow.
    #[error("{origin} holds data but reports a size of 0; pipe it through standard input")]
    Sizeless {
        /// The file.
        origin: Origin,
    },
    /// The file is not what it was when the source was opened.
    #[error(
        "{origin} changed while it was in use: {change}; send it again when nothing writes to it"
    )]
    Changed {
        /// The file.
        origin: Origin,
        /// What is different.
        change: Change,
    },
    /// `fstat` failed.
    #[error("cannot check whether {origin} has changed")]
    Verify {
        /// The file.
        origin: Origin,
        /// The kernel's answer.
        source: Errno,
    },
    /// A read failed.
    #[error("cannot read {origin} at byte {offset}")]
    Read {
        /// The file.
        origin: Origin,
        /// From the beginning of the file.
        offset: u64,
        /// The kernel's answer.
        source: Errno,
    },
    /// A range reaches outside the file, or beyond what was acquired of the stream, or ends before it
    /// begins.
    #[error("bytes {}..{} of {origin} do not exist: it has {size}", range.start, range.end)]
    OutOfRange {
        /// The file, or the stream.
        origin: Origin,
        /// What was asked for.
        range: Range<u64>,
        /// The file's size, or what was acquired of the stream, in bytes.
        size: u64,
    },
    /// A range of a stream, or a part of it, was released and may be gone.
    #[error("bytes {}..{} of {origin} were released and cannot be had again", range.start, range.end)]
    Released {
        /// The stream.
        origin: Origin,
        /// What was asked for.
        range: Range<u64>,
    },
    /// A read did not come to its end, because the runtime is shutting down.
    #[error("reading {origin} was interrupted")]
    Interrupted {
        /// The file.
        origin: Origin,
    },
}

/// Why a piece of a stream could not be acquired.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// Too much is held to take up more now. To release some of it helps.
    #[error(
        "{held} of the {limit} bytes that may be spooled are in use: there is no room for more of the stream"
    )]
    NoRoom {
        /// In bytes.
        held: u64,
        /// In bytes.
        limit: u64,
    },
    /// The stream does not end within the limit, which is too small for a useful piece.
    #[error("the stream is longer than the {limit} bytes that may be spooled")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// No space, or no quota, is left for it.
    #[error(
        "no space is left in `{}` after {written} bytes of the stream; free some, or spool elsewhere",
        directory.display()
    )]
    DiskFull {
        /// Where it was being spooled to.
        directory: PathBuf,
        /// How much of it had been written.
        written: u64,
    },
    /// The temporary file cannot be made or written.
    #[error("cannot write a temporary file in `{}`", directory.display())]
    Write {
        /// Where it was being spooled to.
        directory: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The stream itself failed.
    #[error("cannot read the stream after {read} bytes")]
    Read {
        /// Bytes read before.
        read: u64,
        /// The reader's answer.
        source: io::Error,
    },
    /// The kernel has no random numbers to tell this stream from others.
    #[error("cannot give the stream a name of its own")]
    Random(#[source] getrandom::Error),
    /// Taking up a piece did not come to its end: the runtime is shutting down, or it was cancelled, and
    /// bytes of the stream are lost.
    #[error("reading the stream was interrupted after {read} bytes")]
    Interrupted {
        /// Bytes that were acquired before.
        read: u64,
    },
}
