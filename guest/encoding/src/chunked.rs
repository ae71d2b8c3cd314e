//! The `aws-chunked` encoding with an unsigned payload and a checksum in the trailer.
//!
//! Source: Amazon S3 API Reference, "Signature calculations for trailing headers"; the request says
//! `x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER` and `content-encoding: aws-chunked`.
//!
//! ```text
//! 100000 CRLF  data CRLF  …  0 CRLF  x-amz-checksum-crc64nvme:BASE64 CRLF  CRLF
//! ```

use bytes::Bytes;

use crate::checksum::{Algorithm, Checksum};

/// The payload of every chunk but the last. S3 wants at least 8 KiB; servers that buffer a chunk
/// before they pass it on have limits above (`MinIO`: 16 MiB, formerly 1 MiB), so that one chunk
/// for everything would not be portable.
pub const CHUNK: u64 = 1024 * 1024;

const CRLF: u64 = 2;

/// What goes before the payload's byte `position`, given that a chunk begins there: the end of the
/// chunk before, and the header of this one.
pub fn chunk_header(position: u64, length: u64) -> Bytes {
    let size = (length - position).min(CHUNK);
    let end_of_previous = if position == 0 { "" } else { "\r\n" };
    format!("{end_of_previous}{size:x}\r\n").into()
}

/// Whether a chunk begins at the payload's byte `position`.
pub fn begins_chunk(position: u64, length: u64) -> bool {
    position < length && position.is_multiple_of(CHUNK)
}

/// What goes after a payload of `length` bytes.
pub fn trailer(length: u64, checksum: &Checksum) -> Bytes {
    let end_of_previous = if length == 0 { "" } else { "\r\n" };
    let header = checksum.algorithm().header();
    format!("{end_of_previous}0\r\n{header}:{checksum}\r\n\r\n").into()
}

/// The encoded size of a payload of `length` bytes: the request's `content-length`. (A file's size
/// is below 2⁶³, so that nothing saturates.)
pub fn encoded_length(length: u64, algorithm: Algorithm) -> u64 {
    let overhead = |size: u64| hex_digits(size) + 2 * CRLF;
    let whole_chunks = (length / CHUNK) * overhead(CHUNK);
    let last_chunk = match length % CHUNK {
        0 => 0,
        rest => overhead(rest),
    };
    length.saturating_add(whole_chunks + last_chunk + trailer_length(algorithm))
}

fn trailer_length(algorithm: Algorithm) -> u64 {
    let base64 = algorithm.width().div_ceil(3) * 4;
    let field = algorithm.header().len() + ":".len() + base64;
    "0".len() as u64 + CRLF + field as u64 + 2 * CRLF
}

fn hex_digits(size: u64) -> u64 {
    u64::from(size.checked_ilog2().unwrap_or(0) / 4 + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn encode(payload: &[u8], algorithm: Algorithm) -> Vec<u8> {
        let length = payload.len() as u64;
        let mut encoded = Vec::new();
        let mut position = 0;
        while begins_chunk(position, length) {
            let end = length.min(position + CHUNK);
            encoded.extend(chunk_header(position, length));
            encoded.extend(&payload[position as usize..end as usize]);
            position = end;
        }
        encoded.extend(trailer(length, &algorithm.checksum(payload)));
        encoded
    }

    #[test]
    fn the_bytes_on_the_wire() {
        assert_eq!(
            encode(b"123456789", Algorithm::Crc32),
            b"9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n"
        );
        assert_eq!(
            encode(b"", Algorithm::Crc32),
            b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
        );
    }

    #[test]
    fn the_length_is_exact_at_every_edge() {
        let chunk = CHUNK as usize;
        for length in [
            0,
            1,
            15,
            16,
            255,
            256,
            chunk - 1,
            chunk,
            chunk + 1,
            2 * chunk,
        ] {
            let payload = vec![b'x'; length];
            for algorithm in Algorithm::ALL {
                let encoded = encode(&payload, algorithm).len() as u64;
                assert_eq!(
                    encoded_length(length as u64, algorithm),
                    encoded,
                    "{length} {algorithm}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn hex_digits_agree_with_the_formatter(size: u64) {
            prop_assert_eq!(hex_digits(size), format!("{size:x}").len() as u64);
        }
    }
}
