//! The little of DER (X.690) that we write.

/// A SEQUENCE of INTEGERs, each given as an unsigned big-endian number: an RSA
/// public key (RFC 8017 §A.1.1), or an ECDSA signature (RFC 3279 §2.2.3).
pub(crate) fn sequence_of_integers(numbers: [&[u8]; 2]) -> Vec<u8> {
    element(0x30, &numbers.map(integer).concat())
}

/// The shortest form: no zero in front, but for one that keeps it positive.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    match digits.first() {
        Some(first) if first & 0x80 == 0 => element(0x02, digits),
        _ => element(0x02, &[&[0], digits].concat()),
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = &length[zeros..];
    let mut element = vec![tag];
    match length {
        [] => element.push(0),
        [short @ 0..0x80] => element.push(*short),
        // At most eight bytes of length.
        long => element.extend(
            u8::try_from(long.len())
                .map(|count| 0x80 | count)
                .iter()
                .chain(long),
        ),
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use x509_parser::asn1_rs::{FromDer, Integer, Sequence};

    use super::sequence_of_integers;

    #[test]
    fn integers_are_positive_and_as_short_as_can_be() {
        assert_eq!(
            sequence_of_integers([&[0, 0, 1], &[0x80]]),
            [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]
        );
        assert_eq!(
            sequence_of_integers([&[], &[0]]),
            [0x30, 6, 2, 1, 0, 2, 1, 0]
        );
    }

    proptest! {
        #[test]
        fn another_parser_reads_the_same_numbers(a in proptest::collection::vec(any::<u8>(), 0..600), b in proptest::collection::vec(any::<u8>(), 0..20)) {
            let der = sequence_of_integers([&a, &b]);
            let (rest, sequence) = Sequence::from_der(&der).unwrap();
            prop_assert!(rest.is_empty());
            let (rest, first) = Integer::from_der(&sequence.content).unwrap();
            let (rest, second) = {
                let (left, second) = Integer::from_der(rest).unwrap();
                (left.len(), second)
            };
            prop_assert_eq!(rest, 0);
            for (read, written) in [(first, a), (second, b)] {
                let strip = |bytes: &[u8]| {
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    bytes[zeros..].to_vec()
                };
                prop_assert_eq!(strip(read.as_ref()), strip(&written));
            }
        }
    }
}
