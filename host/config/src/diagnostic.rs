//! A complaint about a place in the configuration file.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with the configuration file, where, and what to do about it.
///
/// ```text
/// unknown key `regoin` in [s3]
///   --> sealift.toml:12:1
///    |
/// 12 | regoin = "eu-central-1"
///    | ^^^^^^
///    = help: did you mean `region`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    path: PathBuf,
    message: String,
    help: Option<String>,
    place: Option<Place>,
}

impl Diagnostic {
    /// A complaint about the bytes `span` of `text`, or about the whole file.
    pub(crate) fn new(
        path: &Path,
        text: &str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            message: message.into(),
            help: None,
            place: span.map(|span| Place::find(text, &span)),
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column, both from 1, columns counted in characters. None where
    /// the complaint is about something that the file lacks altogether.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        write!(f, "  --> {}", self.path.display())?;
        let mut margin = String::from("  ");
        if let Some(place) = &self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
            if let Some(excerpt) = &place.excerpt {
                margin = " ".repeat(place.line.to_string().len() + 1);
                write!(f, "\n{margin}|\n{} | {}", place.line, excerpt.line)?;
                write!(f, "\n{margin}| {}{}", excerpt.indent, excerpt.carets)?;
            }
        }
        match &self.help {
            Some(help) => write!(f, "\n{margin}= help: {help}"),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    excerpt: Option<Excerpt>,
}

impl Place {
    fn find(text: &str, span: &Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.floor_char_boundary(span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |length| start + length);
        let line = &text[line_start..line_end];
        let before = &text[line_start..start];
        let marked = &text[start..end.min(line_end).max(start)];
        Self {
            line: text[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            excerpt: quotable(line, text).then(|| Excerpt::new(line, before, marked)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    line: String,
    indent: String,
    carets: String,
}

impl Excerpt {
    fn new(line: &str, before: &str, marked: &str) -> Self {
        Self {
            line: printable(line.trim_end()),
            // A tab stays a tab, so that the carets stand where the reader's
            // terminal puts the text.
            indent: before
                .chars()
                .map(|c| if c == '\t' { c } else { ' ' })
                .collect(),
            carets: "^".repeat(marked.chars().count().max(1)),
        }
    }
}

/// Longer lines are not repeated in a message, in characters.
const LONGEST_EXCERPT: usize = 160;

/// Whether a line of `text` may be repeated in a message. One that could hold a
/// proxy's password or a token's PIN may not, whatever is wrong with it, and none
/// may if somebody pasted a private key.
fn quotable(line: &str, text: &str) -> bool {
    let setting = line.trim_start().to_ascii_lowercase();
    let secret = setting.contains('@')
        || setting.contains("pin-value")
        || setting.starts_with("proxy")
        || text.contains("PRIVATE KEY-----");
    !secret && line.chars().count() <= LONGEST_EXCERPT
}

fn printable(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use proptest::prelude::*;

    use super::Diagnostic;

    fn at(text: &str, marked: &str) -> Diagnostic {
        let start = text.find(marked).unwrap();
        let span = start..start + marked.len();
        Diagnostic::new(Path::new("f.toml"), text, Some(span), "no")
    }

    #[test]
    fn points_at_the_marked_text_behind_tabs_and_wide_letters() {
        let shown = at("a = 1\n\tö = \"bad\"\n", "\"bad\"").to_string();
        assert_eq!(
            shown,
            "no\n  --> f.toml:2:6\n  |\n2 | \tö = \"bad\"\n  | \t    ^^^^^"
        );
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_repeated() {
        for line in [
            "proxy = \"http://me:hunter2@p\"",
            "prozy = 'me:hunter2@p'",
            "key = \"pkcs11:object=k;pin-value=hunter2\"",
            "proxy = \"hunter2\"",
            "key = \"\"\"-----BEGIN PRIVATE KEY-----\nhunter2 =\"\"\"",
        ] {
            let shown = at(line, "hunter2").to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = at("a = \u{1b}[31m", "a").to_string();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text in ".{0,40}(\n.{0,40}){0,3}", start in 0..200usize, length in 0..50usize) {
            let start = start.min(text.len());
            let end = (start + length).min(text.len());
            Diagnostic::new(Path::new("f"), &text, Some(start..end), "no").to_string();
        }
    }
}
