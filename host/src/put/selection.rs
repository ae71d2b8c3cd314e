//! What of a tree is uploaded.

use super::Filter;

/// What of the sources becomes objects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Whether directories are taken, with what is below them.
    pub recursive: bool,
    /// What is done about symbolic links below directories. One that is itself a source is
    /// always followed: it was named.
    pub symlinks: Symlinks,
    /// Which names are taken.
    pub filter: Filter,
}

/// What is done about symbolic links below a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// Links that stay in the directory that was given are followed. One that leads out of it is
    /// left out: what a program put into a folder must not reach the rest of the machine.
    #[default]
    Follow,
    /// Links are left out.
    Skip,
    /// Each link is an error.
    Error,
}
