//! The little that signing with a certificate needs to know of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::AnyRef;
use der::{Decode, SliceReader, Tag, TagNumber, Tagged};

use crate::error::{Error, ErrorKind};

/// Longest serial number, in bytes (RFC 5280 §4.1.2.2), with room for the sign.
const MAX_SERIAL: usize = 21;

/// An X.509 certificate in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    der: Vec<u8>,
    serial_number: String,
    self_issued: bool,
}

impl Certificate {
    /// Reads as much of a certificate as is needed; whether it is good is others' business.
    pub(super) fn from_der(der: Vec<u8>) -> Result<Self, Error> {
        let (serial_number, self_issued) = parts(&der)
            .ok()
            .and_then(|(serial, self_issued)| Some((decimal(serial)?, self_issued)))
            .ok_or_else(|| {
                let message = "the device's chain holds something that is no X.509 certificate";
                Error::new(ErrorKind::InvalidInput, message)
            })?;
        Ok(Self {
            der,
            serial_number,
            self_issued,
        })
    }

    /// In decimal digits, however many there are.
    pub(super) fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// Whether its issuer is its subject, as with roots.
    pub(super) fn is_self_issued(&self) -> bool {
        self.self_issued
    }

    /// The DER in base64.
    pub(super) fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }
}

/// `serialNumber` of a `TBSCertificate`, and whether `issuer` is `subject` (RFC 5280 §4.1).
fn parts(der: &[u8]) -> der::Result<(&[u8], bool)> {
    let certificate = sequence(AnyRef::from_der(der)?)?;
    let tbs = sequence(AnyRef::decode(&mut SliceReader::new(certificate)?)?)?;
    let mut fields = SliceReader::new(tbs)?;
    let version = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    if Tag::peek(&fields)? == version {
        AnyRef::decode(&mut fields)?;
    }
    let serial = AnyRef::decode(&mut fields)?;
    if serial.tag() != Tag::Integer {
        return Err(der::ErrorKind::Failed.into());
    }
    let _signature = AnyRef::decode(&mut fields)?;
    let issuer = AnyRef::decode(&mut fields)?;
    let _validity = AnyRef::decode(&mut fields)?;
    let subject = AnyRef::decode(&mut fields)?;
    Ok((serial.value(), issuer == subject))
}

fn sequence(any: AnyRef<'_>) -> der::Result<&[u8]> {
    match any.tag() {
        Tag::Sequence => Ok(any.value()),
        _ => Err(der::ErrorKind::Failed.into()),
    }
}

/// The decimal digits of a big-endian number, if it is positive and not absurdly long.
fn decimal(number: &[u8]) -> Option<String> {
    if number.is_empty() || number.len() > MAX_SERIAL || number[0] & 0x80 != 0 {
        return None;
    }
    let mut rest = number.to_vec();
    let mut digits = Vec::new();
    while rest.iter().any(|byte| *byte != 0) {
        let remainder = rest.iter_mut().fold(0, |remainder: u16, byte| {
            let dividend = (remainder << 8) | u16::from(*byte);
            // Below 256, for the remainder before it was below 10.
            *byte = u8::try_from(dividend / 10).unwrap_or(u8::MAX);
            dividend % 10
        });
        digits.push(char::from_digit(remainder.into(), 10)?);
    }
    if digits.is_empty() {
        digits.push('0');
    }
    Some(digits.into_iter().rev().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_serial_number_is_read_in_decimal() {
        for (bytes, digits) in [
            (&[0][..], "0"),
            (&[9], "9"),
            (&[0, 0xff], "255"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
        ] {
            assert_eq!(decimal(bytes).as_deref(), Some(digits));
        }
    }

    #[test]
    fn a_serial_number_that_is_negative_or_too_long_is_none() {
        assert_eq!(decimal(&[0x80]), None);
        assert_eq!(decimal(&[]), None);
        assert_eq!(decimal(&[1; MAX_SERIAL + 1]), None);
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_number(number in 0..=u64::MAX / 2) {
            prop_assert_eq!(decimal(&number.to_be_bytes()).unwrap(), number.to_string());
        }

        #[test]
        fn no_bytes_make_it_panic(der in prop::collection::vec(any::<u8>(), 0..128)) {
            drop(Certificate::from_der(der));
        }
    }
}
