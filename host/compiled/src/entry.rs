//! The form of a cached file: a magic word, the digest of the file's name and the code, the code.
//! With the name in it, a file that ends up under another component's name is not taken for it.

use crate::Digest;

const MAGIC: &[u8; 8] = b"sealift1";
const HEADER: usize = MAGIC.len() + 32;

/// The file called `name` that holds `code`.
pub(crate) fn seal(name: &str, code: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + code.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(digest(name, code).as_bytes());
    file.extend_from_slice(code);
    file
}

/// The code in the file called `name`, if it is whole and was written under that name.
pub(crate) fn open<'f>(name: &str, file: &'f [u8]) -> Option<&'f [u8]> {
    let (header, code) = file.split_at_checked(HEADER)?;
    let (magic, digest) = header.split_at(MAGIC.len());
    (magic == MAGIC && digest == self::digest(name, code).as_bytes()).then_some(code)
}

fn digest(name: &str, code: &[u8]) -> Digest {
    Digest::of_parts(&[name.as_bytes(), code])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens() {
        assert_eq!(open("n", &seal("n", b"code")), Some(&b"code"[..]));
        assert_eq!(open("n", &seal("n", b"")), Some(&b""[..]));
    }

    #[test]
    fn a_file_under_another_name_does_not_open() {
        assert_eq!(open("other", &seal("n", b"code")), None);
    }

    #[test]
    fn a_damaged_file_does_not_open() {
        let whole = seal("n", b"some code");
        for length in 0..whole.len() {
            assert_eq!(open("n", &whole[..length]), None, "cut at {length}");
        }
        for position in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[position] ^= 1;
            assert_eq!(open("n", &flipped), None, "flipped at {position}");
        }
    }
}
