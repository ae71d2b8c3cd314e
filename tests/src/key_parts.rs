//! What of a private key must not be found anywhere.

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

/// Enough of a number or a text to be no coincidence, in bytes.
const TELLING: usize = 16;

/// The secrets of a private key.
pub struct KeyParts {
    /// Big-endian numbers by their names.
    numbers: Vec<(&'static str, Vec<u8>)>,
    /// What the file has of them, in base64.
    text: Vec<Vec<u8>>,
}

impl KeyParts {
    /// Those of an RSA or EC key in PEM.
    pub fn of_pem(pem: &str) -> Self {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        let numbers = match &key {
            PrivateKeyDer::Pkcs1(der) => rsa(der.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(der) => ec(der.secret_sec1_der()),
            PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
            _ => panic!("another kind of key"),
        };
        Self {
            text: text(pem, key.secret_der(), &numbers),
            numbers,
        }
    }

    /// All pieces that tell, of numbers in the byte orders of files and of arithmetic.
    pub fn pieces(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut pieces: Vec<_> = self
            .text
            .iter()
            .map(|piece| ("text", piece.clone()))
            .collect();
        for (name, number) in &self.numbers {
            let reversed: Vec<u8> = number.iter().rev().copied().collect();
            for order in [number, &reversed] {
                let all = order.chunks_exact(TELLING);
                pieces.extend(all.map(|piece| (*name, piece.to_vec())));
            }
        }
        pieces
    }
}

/// The pieces of the text that are of a secret number and of nothing else.
fn text(pem: &str, der: &[u8], numbers: &[(&'static str, Vec<u8>)]) -> Vec<Vec<u8>> {
    // Lines are of 64 letters, so that no piece lies in two.
    let letters: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let places: Vec<_> = numbers
        .iter()
        .map(|(_, number)| {
            let mut windows = der.windows(number.len());
            let start = windows.position(|window| window == number).unwrap();
            start..start + number.len()
        })
        .collect();
    let pieces = letters.as_bytes().chunks_exact(TELLING).enumerate();
    pieces
        .filter(|(at, _)| {
            // Four letters are three bytes.
            let (start, end) = (at * TELLING / 4 * 3, (at + 1) * TELLING / 4 * 3);
            places
                .iter()
                .any(|place| place.start <= start && end <= place.end)
        })
        .map(|(_, piece)| piece.to_vec())
        .collect()
}

/// `OneAsymmetricKey` (RFC 5958, 2).
fn pkcs8(der: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (fields, _) = element(der, SEQUENCE);
    let (_version, fields) = element(fields, INTEGER);
    let (_algorithm, fields) = element(fields, SEQUENCE);
    let (key, _) = element(fields, OCTET_STRING);
    let (inner, _) = element(key, SEQUENCE);
    let (_version, inner) = element(inner, INTEGER);
    if inner[0] == OCTET_STRING {
        ec(key)
    } else {
        rsa(key)
    }
}

/// `ECPrivateKey` (RFC 5915, 3).
fn ec(der: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (fields, _) = element(der, SEQUENCE);
    let (_version, fields) = element(fields, INTEGER);
    let (scalar, _) = element(fields, OCTET_STRING);
    vec![("scalar", scalar.to_vec())]
}

/// `RSAPrivateKey` (RFC 8017, A.1.2).
fn rsa(der: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let names = [
        "private exponent",
        "first prime",
        "second prime",
        "first exponent",
        "second exponent",
        "coefficient",
    ];
    let (mut rest, _) = element(der, SEQUENCE);
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (number, after) = element(rest, INTEGER);
        // A positive number whose first bit is set has a zero byte in front.
        numbers.push(number.strip_prefix(&[0]).unwrap_or(number).to_vec());
        rest = after;
    }
    // So that they are what they are called: after the version and the public part.
    assert_eq!((numbers.len(), numbers[1].len()), (9, 256));
    names.into_iter().zip(numbers.into_iter().skip(3)).collect()
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The contents of a DER element of that tag, and what follows it (X.690, 8.1).
fn element(der: &[u8], tag: u8) -> (&[u8], &[u8]) {
    assert_eq!(der[0], tag);
    let (length, start) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let start = 2 + usize::from(long & 0x7f);
            let bytes = der[2..start].iter();
            let length = bytes.fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, start)
        }
    };
    der[start..].split_at(length)
}
