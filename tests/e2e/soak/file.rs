//! What is dropped, and where.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use sealift_tests::{Chance, Cloud};

/// The watched folders, by what becomes of their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Folder {
    Keep,
    Delete,
    Move,
}

/// A path in one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) path: String,
}

/// Bytes that a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    seed: u64,
    length: u64,
}

/// Where the folders are.
#[derive(Clone, Debug)]
pub(super) struct Folders(pub(super) PathBuf);

impl Folder {
    pub(super) const ALL: [Self; 3] = [Self::Keep, Self::Delete, Self::Move];

    /// Of the folder, and of the prefix of its keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Move => "move",
        }
    }

    /// Its rule.
    pub(super) fn rule(self) -> String {
        let name = self.name();
        let after = match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Move => "move:DIR/sent",
        };
        format!(
            "[[watch]]\npath = \"DIR/{name}\"\ndestination = \"s3://demo/{name}/\"\nafter = \"{after}\"\nsettle = \"3s\"\n"
        )
    }
}

impl Folders {
    /// Where files are made before they are renamed to their place.
    pub(super) fn outside(&self) -> PathBuf {
        self.0.join("outside")
    }

    pub(super) fn of(&self, place: &Place) -> PathBuf {
        self.0.join(place.folder.name()).join(&place.path)
    }

    /// Where this version of a file was moved to.
    pub(super) fn sent(&self, place: &Place, contents: Contents) -> Option<PathBuf> {
        let sent = self.0.join("sent").join(&place.path);
        let numbered = (1..).map(|number| {
            let mut name = sent.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        });
        std::iter::once(sent.clone())
            .chain(numbered)
            .take_while(|path| path.exists())
            .find(|path| contents.are_those_of(path))
    }
}

impl Place {
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.folder.name(), self.path)
    }

    /// Where the stand-in keeps its object.
    pub(super) fn object(&self, cloud: &Cloud) -> PathBuf {
        cloud.paths().objects.join("demo").join(self.key())
    }
}

impl Contents {
    pub(super) fn any(chance: &mut Chance) -> Self {
        let length = match chance.below(100) {
            0..3 => 0,
            3..75 => chance.below(8 << 10),
            75..97 => chance.below(1 << 20),
            // Sent in two parts or three.
            _ => (6 << 20) + chance.below(8 << 20),
        };
        let seed = chance.below(u64::MAX);
        Self { seed, length }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let length = usize::try_from(self.length).unwrap();
        Chance::of(self.seed).bytes(length)
    }

    pub(super) fn are_those_of(self, path: &Path) -> bool {
        let length = std::fs::metadata(path).map(|stat| stat.len());
        length.is_ok_and(|length| length == self.length)
            && std::fs::read(path).is_ok_and(|bytes| bytes == self.bytes())
    }

    pub(super) fn is_large(self) -> bool {
        self.length > 1 << 20
    }

    pub(super) fn length(self) -> u64 {
        self.length
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}
