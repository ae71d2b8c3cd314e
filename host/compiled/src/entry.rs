//! The form of a cached file: a magic word, the digest of the code, the code.

use crate::Digest;

const MAGIC: &[u8; 8] = b"sealift1";
const HEADER: usize = MAGIC.len() + 32;

/// The file that holds `code`.
pub(crate) fn seal(code: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + code.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(Digest::of(code).as_bytes());
    file.extend_from_slice(code);
    file
}

/// The code in `file`, if it is whole.
pub(crate) fn open(file: &[u8]) -> Option<&[u8]> {
    let (header, code) = file.split_at_checked(HEADER)?;
    let (magic, digest) = header.split_at(MAGIC.len());
    (magic == MAGIC && digest == Digest::of(code).as_bytes()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens() {
        assert_eq!(open(&seal(b"code")), Some(&b"code"[..]));
        assert_eq!(open(&seal(b"")), Some(&b""[..]));
    }

    #[test]
    fn a_damaged_file_does_not_open() {
        let whole = seal(b"some code");
        for length in 0..whole.len() {
            assert_eq!(open(&whole[..length]), None, "cut at {length}");
        }
        for position in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[position] ^= 1;
            assert_eq!(open(&flipped), None, "flipped at {position}");
        }
    }
}
