//! Which names are taken.

use std::path::Path;
use std::str::FromStr;

use globset::{Glob, GlobSet};

/// Include and exclude rules in their order, of which the last that matches a name decides, as
/// in the AWS CLI. What none matches is taken.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    patterns: GlobSet,
    /// What the pattern at the same place means.
    meanings: Vec<Meaning>,
}

#[derive(Clone, Copy, Debug)]
struct Meaning {
    /// Whether a match takes the name.
    includes: bool,
    /// Whether every name that begins with a match is one too.
    open_ended: bool,
}

/// One rule of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What matches is taken.
    Include(Pattern),
    /// What matches is left out.
    Exclude(Pattern),
}

/// A pattern of names relative to the source: `*` and `?` match `/` too, `[a-z]`, `[!a-z]` and
/// `{a,b}` are understood, and `\` takes the next character literally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Glob);

/// Not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct PatternError(#[from] globset::Error);

impl Filter {
    /// A filter of these rules. An error if they are too many or too large to be compiled.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Self, PatternError> {
        let (mut patterns, mut meanings) = (GlobSet::builder(), Vec::new());
        for rule in rules {
            let includes = matches!(rule, Rule::Include(_));
            let (Rule::Include(Pattern(glob)) | Rule::Exclude(Pattern(glob))) = rule;
            let text = glob.glob();
            meanings.push(Meaning {
                includes,
                open_ended: text.ends_with('*') && !text.ends_with("\\*"),
            });
            patterns.add(glob);
        }
        Ok(Self {
            patterns: patterns.build()?,
            meanings,
        })
    }

    /// Whether the first rule is one that includes, which changes nothing: all names are taken to
    /// begin with.
    pub fn begins_in_vain(&self) -> bool {
        self.meanings.first().is_some_and(|rule| rule.includes)
    }

    /// Whether a name is taken.
    pub fn takes(&self, relative: &Path) -> bool {
        if self.meanings.is_empty() {
            return true;
        }
        let matching = self.patterns.matches(relative);
        let last = matching.into_iter().max();
        last.is_none_or(|last| self.meanings[last].includes)
    }

    /// Whether a name below a directory may be taken. If not, none is.
    pub fn takes_below(&self, directory: &Path) -> bool {
        if self.meanings.is_empty() {
            return true;
        }
        let matching = self.patterns.matches(directory.join(""));
        let whole = matching
            .into_iter()
            .filter(|&rule| self.meanings[rule].open_ended)
            .max();
        whole.is_none_or(|last| self.meanings[last..].iter().any(|rule| rule.includes))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Ok(Self(Glob::new(text)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn filter(rules: &[&str]) -> Filter {
        Filter::new(rules.iter().filter_map(|text| rule(text))).unwrap()
    }

    /// Of `-PATTERN` and `+PATTERN`.
    fn rule(text: &str) -> Option<Rule> {
        let pattern = text[1..].parse().ok()?;
        Some(if text.starts_with('+') {
            Rule::Include(pattern)
        } else {
            Rule::Exclude(pattern)
        })
    }

    fn taken<'a>(rules: &[&str], names: &[&'a str]) -> Vec<&'a str> {
        let filter = filter(rules);
        let takes = |name: &&str| filter.takes(Path::new(name));
        names.iter().copied().filter(takes).collect()
    }

    const NAMES: [&str; 5] = ["a.csv", "b.log", "d/a.csv", "d/e/c.log", ".hidden"];

    #[test]
    fn without_rules_everything_is_taken() {
        assert_eq!(taken(&[], &NAMES), NAMES);
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        assert_eq!(taken(&["-*", "+*.csv"], &NAMES), ["a.csv", "d/a.csv"]);
        assert_eq!(taken(&["-*", "+*.csv", "-d/*"], &NAMES), ["a.csv"]);
        assert_eq!(taken(&["+*.csv", "-*"], &NAMES), [""; 0]);
        assert_eq!(
            taken(&["-*.log", "+d/*"], &NAMES),
            ["a.csv", "d/a.csv", "d/e/c.log", ".hidden"]
        );
    }

    #[test]
    fn a_star_matches_slashes_and_dots_as_in_the_aws_cli() {
        assert_eq!(taken(&["-d*"], &NAMES), ["a.csv", "b.log", ".hidden"]);
        assert_eq!(taken(&["-*hidden"], &NAMES), NAMES[..4]);
        assert_eq!(taken(&["-d?a.csv"], &NAMES).len(), 4);
    }

    #[test]
    fn patterns_are_anchored_at_the_source() {
        assert_eq!(taken(&["-a.csv"], &NAMES), NAMES[1..]);
        assert_eq!(taken(&["-[!a].log"], &NAMES).len(), 4);
        assert_eq!(taken(&["-\\*"], &["*", "x"]), ["x"]);
    }

    #[test]
    fn a_directory_that_is_left_out_whole_is_not_descended_to() {
        let below = |rules: &[&str]| filter(rules).takes_below(Path::new("d"));
        assert!(below(&[]) && below(&["-d"]) && below(&["-*.log"]) && below(&["-*", "+*.csv"]));
        assert!(!below(&["-d/*"]) && !below(&["+*.csv", "-*"]) && !below(&["-d*"]));
        assert!(below(&["-d/\\*"]));
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_shown() {
        let error = "a[b".parse::<Pattern>().unwrap_err().to_string();
        assert!(error.contains("a[b"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<Pattern, _> = text.parse();
        }

        #[test]
        fn what_is_not_descended_to_has_nothing_that_is_taken(
            rules in prop::collection::vec("[+-][ab*?/\\\\]{1,5}", 0..4),
            directory in "[ab]{1,2}(/[ab])?",
            name in "[ab](/[ab])?",
        ) {
            let filter = Filter::new(rules.iter().filter_map(|text| rule(text))).unwrap();
            if !filter.takes_below(Path::new(&directory)) {
                prop_assert!(!filter.takes(&Path::new(&directory).join(name)));
            }
        }
    }
}
