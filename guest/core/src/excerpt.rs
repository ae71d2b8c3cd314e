//! Short, printable pieces of what somebody else wrote.

/// Longest piece of foreign text in a message, in characters.
const LONGEST: usize = 200;

/// `text` as it may appear in a message or a log: one line, no control characters, bounded.
pub(crate) fn excerpt(text: &str) -> String {
    let text = text.trim();
    let mut short: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// `text` if it could be an identifier (an error code, a request id), else nothing.
pub(crate) fn identifier(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

fn printable(character: char) -> char {
    // Besides control characters: marks that reorder or hide text on a terminal.
    let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if character.is_control() || hidden {
        ' '
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_reordering_marks_do_not_survive() {
        assert_eq!(excerpt("a\x1b[31mb\nc\u{202e}d"), "a [31mb c d");
    }

    #[test]
    fn long_text_is_cut_on_a_character_boundary() {
        let cut = excerpt(&"ü".repeat(1000));
        assert_eq!(cut.chars().count(), LONGEST + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn an_identifier_has_no_spaces_and_is_bounded() {
        assert_eq!(identifier(" NoSuchKey "), Some("NoSuchKey".to_owned()));
        assert_eq!(identifier("No Such"), None);
        assert_eq!(identifier(""), None);
        assert_eq!(identifier(&"x".repeat(129)), None);
    }
}
