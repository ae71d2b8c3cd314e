//! The parts of `docs/performance.md` that are written by measuring.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts `measured` between the marks of a part, such as `<!-- measured: begin -->`, in `page`.
pub(crate) fn write(page: &Path, part: &str, measured: &str) -> Result<()> {
    let text =
        fs::read_to_string(page).with_context(|| format!("cannot read `{}`", page.display()))?;
    let new = replaced(&text, part, measured)
        .with_context(|| format!("`{}` lacks the marks of `{part}`", page.display()))?;
    fs::write(page, new).with_context(|| format!("cannot write `{}`", page.display()))
}

fn replaced(text: &str, part: &str, measured: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- {part}: begin -->\n"),
        format!("<!-- {part}: end -->"),
    );
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{measured}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = |of: &str| format!("a\n<!-- x: begin -->\n{of}\n<!-- x: end -->\nb\n");
        assert_eq!(replaced(&page("old"), "x", "new\n"), Some(page("new")));
        assert_eq!(replaced(&page("old"), "y", "new\n"), None);
        assert_eq!(replaced("a\nb\n", "x", "new\n"), None);
    }
}
