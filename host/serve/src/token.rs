//! What a client shows to get credentials.

use std::fmt::{self, Debug, Formatter};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

/// In bytes, before they are written as text. Nobody guesses 256 bits.
const RANDOM_BYTES: usize = 32;

/// A client's secret: 43 characters of base64url, which go into a header field as they are.
pub(crate) struct Token(Zeroizing<String>);

/// The system has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random numbers")]
pub struct NoRandomness;

/// 32 random bytes as text.
pub(crate) fn random_text() -> Result<Zeroizing<String>, NoRandomness> {
    let mut bytes = [0; RANDOM_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    let text = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    bytes.zeroize();
    Ok(text)
}

impl Token {
    /// A new one.
    pub(crate) fn random() -> Result<Self, NoRandomness> {
        random_text().map(Self)
    }

    /// One that was written down; none if it is not a token of ours.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?);
        let text = std::str::from_utf8(text).ok()?;
        (bytes.len() == RANDOM_BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, which is secret.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is what was shown. The time it takes tells nothing but the length, which is known.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), shown).is_ok()
    }
}

impl Debug for Token {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::Token;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let token = Token::random().unwrap();
        assert_eq!(token.reveal().len(), 43);
        assert!(token.is(token.reveal().as_bytes()));
        assert!(!token.is(&token.reveal().as_bytes()[..42]));
        assert!(!token.is(b""));
        assert!(!token.is(Token::random().unwrap().reveal().as_bytes()));
    }

    #[test]
    fn debug_shows_no_token() {
        let token = Token::random().unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    proptest! {
        #[test]
        fn what_was_written_down_is_the_same_token_or_none(text in any::<Vec<u8>>()) {
            if let Some(token) = Token::parse(&text) {
                prop_assert!(token.is(&text));
                prop_assert_eq!(text.len(), 43);
            }
        }

        #[test]
        fn one_changed_character_is_another_token(at in 0..42_usize) {
            let token = Token::random().unwrap();
            let mut text = token.reveal().as_bytes().to_vec();
            text[at] = if text[at] == b'x' { b'y' } else { b'x' };
            prop_assert!(!token.is(&text));
        }
    }
}
