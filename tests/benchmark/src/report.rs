//! The part of `docs/performance.md` that is written by measuring.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// Puts `measured` between the marks in `page`.
pub(crate) fn write(page: &Path, measured: &str) -> Result<()> {
    let text =
        fs::read_to_string(page).with_context(|| format!("cannot read `{}`", page.display()))?;
    let new = replaced(&text, measured)
        .with_context(|| format!("`{}` lacks the line {}or {END}", page.display(), BEGIN))?;
    fs::write(page, new).with_context(|| format!("cannot write `{}`", page.display()))
}

fn replaced(text: &str, measured: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{measured}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("a\n{BEGIN}old\n{END}\nb\n");
        let expected = format!("a\n{BEGIN}new\n{END}\nb\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("a\nb\n", "new\n"), None);
    }
}
