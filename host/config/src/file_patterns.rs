//! Which files of a folder are meant.

use std::path::Path;
use std::str::FromStr;

use globset::{Glob, GlobSet};

/// Patterns of paths relative to a folder. A file is meant if one of `include` matches, or there is
/// none, and none of `exclude` does.
#[derive(Clone, Debug)]
pub struct FilePatterns {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

/// One pattern: `*` and `?` match `/` too, `[a-z]`, `[!a-z]` and `{a,b}` are understood, and `\`
/// takes the next character literally; as with `put --include`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePattern(Glob);

/// Not a pattern, or too many of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a pattern of names: {0}")]
pub struct FilePatternError(String);

impl FilePatterns {
    /// An error if the patterns are too many or too large to be compiled.
    pub fn new(
        include: Vec<FilePattern>,
        exclude: Vec<FilePattern>,
    ) -> Result<Self, FilePatternError> {
        let include = (!include.is_empty()).then_some(include);
        Ok(Self {
            include: include.map(compile).transpose()?,
            exclude: compile(exclude)?,
        })
    }

    /// Whether the file at this path is meant.
    pub fn take(&self, relative: &Path) -> bool {
        let included = self.include.as_ref();
        included.is_none_or(|include| include.is_match(relative))
            && !self.exclude.is_match(relative)
    }
}

fn compile(patterns: Vec<FilePattern>) -> Result<GlobSet, FilePatternError> {
    let mut set = GlobSet::builder();
    for FilePattern(glob) in patterns {
        set.add(glob);
    }
    Ok(set.build()?)
}

impl FromStr for FilePattern {
    type Err = FilePatternError;

    fn from_str(text: &str) -> Result<Self, FilePatternError> {
        Ok(Self(Glob::new(text)?))
    }
}

impl From<globset::Error> for FilePatternError {
    fn from(error: globset::Error) -> Self {
        // Its own text; the library's type is none of our callers' business.
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{FilePattern, FilePatterns};

    fn patterns(include: &[&str], exclude: &[&str]) -> FilePatterns {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        FilePatterns::new(parse(include), parse(exclude)).unwrap()
    }

    #[test]
    fn all_files_are_meant_unless_patterns_say_otherwise() {
        let takes = |patterns: &FilePatterns, path: &str| patterns.take(path.as_ref());
        assert!(takes(&patterns(&[], &[]), "a/.b"));
        let csv = patterns(&["*.csv"], &["tmp/*"]);
        assert!(takes(&csv, "a/b.csv"));
        assert!(!takes(&csv, "a/b.txt"));
        assert!(!takes(&csv, "tmp/b.csv"));
        assert!(!takes(&patterns(&[], &["*.part"]), "x/y.part"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<FilePattern, _> = text.parse();
        }
    }
}
