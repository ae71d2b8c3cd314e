//! PEM files (RFC 7468), read strictly enough to say what is wrong with one.
//!
//! Certificates and keys arrive here through consoles, editors, shells and
//! provisioning scripts. A byte order mark, CRLF line ends and explanatory text
//! in front of a block do no harm and are accepted. Damage is not, and neither
//! is anything behind the last block, where a truncated or appended file would
//! show.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One block of a PEM file.
pub(crate) struct Block {
    /// What stands behind `BEGIN`, such as `PRIVATE KEY`.
    pub(crate) label: String,
    /// Whether its headers say that the content is encrypted (RFC 1421 §4.6.1.1),
    /// as those of OpenSSL's traditional key formats do.
    pub(crate) encrypted: bool,
    /// The decoded content, wiped when dropped; of an encrypted block, nothing.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// The blocks of a PEM file.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let text = text(bytes)?;
    let mut lines = text.lines().map(str::trim_end).zip(1..);
    let mut blocks = Vec::new();
    let mut stray = None;
    while let Some((line, number)) = lines.next() {
        match label(line, "-----BEGIN ") {
            Some(_) if blocks.len() == MOST_BLOCKS => return Err(PemError::TooManyBlocks),
            Some(label) => {
                stray = None;
                blocks.push(block(label, number, &mut lines, text.len())?);
            }
            None if line.starts_with("-----END ") => {
                return Err(PemError::NoBegin { line: number });
            }
            None if line.is_empty() => {}
            None => stray = stray.or(Some(number)),
        }
    }
    match stray {
        _ if blocks.is_empty() => Err(PemError::NotPem),
        Some(line) => Err(PemError::TextBehind { line }),
        None => Ok(blocks),
    }
}

/// More than anybody has certificates in a chain.
const MOST_BLOCKS: usize = 32;

fn text(bytes: &[u8]) -> Result<&str, PemError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if is_der(bytes) {
        return Err(PemError::IsDer);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(PemError::IsUtf16);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => Err(PemError::Empty),
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(PemError::IsBinary),
    }
}

/// Whether the bytes are a DER SEQUENCE, as every key and certificate is: either
/// of a length in the long form, which no text has, or as short as it says.
fn is_der(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x81..=0x83, ..] => true,
        [0x30, length, content @ ..] => usize::from(*length) == content.len(),
        _ => false,
    }
}

fn label<'t>(line: &'t str, prefix: &str) -> Option<&'t str> {
    line.strip_prefix(prefix)?.strip_suffix("-----")
}

fn block<'t>(
    label: &str,
    begin: usize,
    lines: &mut impl Iterator<Item = (&'t str, usize)>,
    largest: usize,
) -> Result<Block, PemError> {
    let mut base64 = Zeroizing::new(String::with_capacity(largest));
    let mut encrypted = false;
    for (line, number) in lines {
        if line.starts_with("-----") {
            if self::label(line, "-----END ") != Some(label) {
                return Err(PemError::NoEnd { line: begin });
            }
            let der = if encrypted {
                Zeroizing::default()
            } else {
                decode(&base64).ok_or(PemError::Base64 { line: begin })?
            };
            return Ok(Block {
                label: label.to_owned(),
                encrypted,
                der,
            });
        }
        match line.split_once(':') {
            Some(("Proc-Type", value)) => encrypted |= value.contains("ENCRYPTED"),
            Some(_) => {}
            None if line.contains([' ', '\t']) => return Err(PemError::Base64 { line: number }),
            None => base64.push_str(line),
        }
    }
    Err(PemError::NoEnd { line: begin })
}

fn decode(base64: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut der = Zeroizing::new(vec![0; base64.len() / 4 * 3]);
    let length = Base64::decode(base64, &mut der).ok()?.len();
    der.truncate(length);
    (length > 0).then_some(der)
}

/// The text of a block, wiped when dropped (RFC 7468 §3: lines of 64 letters).
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let mut base64 = Zeroizing::new(vec![0; der.len().div_ceil(3) * 4]);
    // The buffer is as long as base64 with padding is.
    let base64 = Base64::encode(der, &mut base64).unwrap_or_default();
    let lines = base64.len().div_ceil(LINE);
    let size = base64.len() + lines + 2 * label.len() + "-----BEGIN -----\n-----END -----\n".len();
    // Of the right size from the start, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(size));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        text.extend([line, "\n"]);
        rest = more;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// Letters in a line.
const LINE: usize = 64;

/// Not a PEM file, or a damaged one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// Nothing, or only white space.
    #[error("the file is empty")]
    Empty,
    /// Text without a block.
    #[error("the file is text, but has no line -----BEGIN …-----")]
    NotPem,
    /// Binary DER.
    #[error("the file is DER, not PEM")]
    IsDer,
    /// Text in two bytes a character, as some editors save it.
    #[error("the file is UTF-16; save it as UTF-8 or ASCII")]
    IsUtf16,
    /// Neither text nor DER; zeros, for instance, after a crash.
    #[error("the file is neither PEM nor DER, but some other binary data")]
    IsBinary,
    /// A block that does not end, or ends with another label.
    #[error(
        "the block that begins in line {line} has no matching -----END …-----; the file may be cut off"
    )]
    NoEnd {
        /// The line of its `BEGIN`, from 1.
        line: usize,
    },
    /// An end without a beginning.
    #[error("line {line} ends a block that did not begin")]
    NoBegin {
        /// The line, from 1.
        line: usize,
    },
    /// A block whose content is damaged.
    #[error("the block at line {line} is not valid base64")]
    Base64 {
        /// The line of the `BEGIN` or of the damage, from 1.
        line: usize,
    },
    /// Text behind the last block.
    #[error("there is text behind the last block, from line {line}; the file may be damaged")]
    TextBehind {
        /// The line, from 1.
        line: usize,
    },
    /// More blocks than any chain has.
    #[error("the file has more than 32 blocks")]
    TooManyBlocks,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{PemError, blocks, encode};

    const BLOCK: &str = "-----BEGIN X-----\nAQID\nBAUG\n-----END X-----\n";

    fn refusal(bytes: impl AsRef<[u8]>) -> PemError {
        blocks(bytes.as_ref()).err().unwrap()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_again(der in proptest::collection::vec(any::<u8>(), 1..300)) {
            let text = encode("SOME LABEL", &der);
            let blocks = blocks(text.as_bytes()).unwrap();
            prop_assert_eq!(blocks.len(), 1);
            prop_assert_eq!(blocks[0].label.as_str(), "SOME LABEL");
            prop_assert_eq!(&**blocks[0].der, &der);
            prop_assert_eq!(text.capacity(), text.len());
        }
    }

    #[test]
    fn harmless_variations_are_accepted() {
        for text in [
            BLOCK.to_owned(),
            BLOCK.replace('\n', "\r\n"),
            format!("\u{feff}{BLOCK}"),
            format!("Bag Attributes\n  friendlyName: Gerät\n\n{BLOCK}\n \n"),
            BLOCK.trim_end().to_owned(),
            BLOCK.replace("\nBAUG", "BAUG  "),
            BLOCK.replace("AQID", "Header: value\n\nAQID"),
        ] {
            let blocks = blocks(text.as_bytes()).unwrap();
            assert_eq!(blocks.len(), 1, "{text}");
            assert_eq!(blocks[0].label, "X");
            assert_eq!(**blocks[0].der, [1, 2, 3, 4, 5, 6], "{text}");
        }
    }

    #[test]
    fn each_kind_of_damage_is_told_apart() {
        assert_eq!(refusal(""), PemError::Empty);
        assert_eq!(refusal("\u{feff} \r\n"), PemError::Empty);
        assert_eq!(refusal("arn:aws:iot"), PemError::NotPem);
        assert_eq!(refusal(b"\x30\x82\x04\xa3\x02"), PemError::IsDer);
        assert_eq!(refusal(b"\x30\x03\x02\x01\x00"), PemError::IsDer);
        assert_eq!(refusal(b"0123"), PemError::NotPem);
        assert_eq!(refusal(b"\xff\xfe-\0-\0"), PemError::IsUtf16);
        assert_eq!(refusal([0; 512]), PemError::IsBinary);
        assert_eq!(refusal(b"\x89PNG\xff"), PemError::IsBinary);
        assert_eq!(refusal(&BLOCK[..25]), PemError::NoEnd { line: 1 });
        assert_eq!(
            refusal(BLOCK.replace("END X", "END Y")),
            PemError::NoEnd { line: 1 }
        );
        assert_eq!(
            refusal(format!("{}{BLOCK}", &BLOCK[..18])),
            PemError::NoEnd { line: 1 }
        );
        assert_eq!(refusal(&BLOCK[18..]), PemError::NoBegin { line: 3 });
        assert_eq!(
            refusal(BLOCK.replace("BAUG", "BA?G")),
            PemError::Base64 { line: 1 }
        );
        assert_eq!(
            refusal(BLOCK.replace("BAUG", "BAU")),
            PemError::Base64 { line: 1 }
        );
        assert_eq!(
            refusal(BLOCK.replace("BAUG", "BA UG")),
            PemError::Base64 { line: 3 }
        );
        assert_eq!(
            refusal("-----BEGIN X-----\n-----END X-----"),
            PemError::Base64 { line: 1 }
        );
        assert_eq!(
            refusal(format!("{BLOCK}junk")),
            PemError::TextBehind { line: 5 }
        );
        assert_eq!(refusal(BLOCK.repeat(33)), PemError::TooManyBlocks);
    }

    #[test]
    fn encryption_in_the_traditional_format_is_seen_in_the_headers() {
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID";
        let blocks = blocks(BLOCK.replace("AQID", headers).as_bytes()).unwrap();
        assert!(blocks[0].encrypted);
        assert!(blocks[0].der.is_empty());
    }

    proptest! {
        #[test]
        fn no_input_makes_the_reader_panic(bytes in any::<Vec<u8>>()) {
            let _ = blocks(&bytes);
        }

        #[test]
        fn no_mutation_of_a_file_makes_the_reader_panic(at in 0..BLOCK.len() * 2, byte: u8, cut in 0..BLOCK.len() * 2) {
            let mut bytes = BLOCK.repeat(2).into_bytes();
            bytes[at] = byte;
            bytes.truncate(cut);
            let _ = blocks(&bytes);
        }
    }
}
