//! Errors as text.

use std::error::Error;

/// The error and all its causes in one [`line`], for logs and for components.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    line(&text)
}

/// The text without what could drive a terminal: control characters, and those by which Unicode
/// reorders or breaks lines (CVE-2021-42574). Line breaks and tabs stay.
pub fn harmless(text: &str) -> String {
    let harmless = |character: char| match character {
        '\n' | '\t' => character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        control if control.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(harmless).collect()
}

/// [`harmless`] on one line, for what somebody else named: it cannot pass for a line of ours.
pub fn line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `{0}`")]
    struct Unreadable(&'static str, #[source] io::Error);

    #[test]
    fn a_file_s_name_does_not_pass_for_a_line_of_ours() {
        let error = Unreadable("a\nerror: \u{1b}[2Jb", io::Error::other("no\tway"));
        assert_eq!(chain(&error), "cannot read `a error: \u{fffd}[2Jb`: no way");
    }
}
