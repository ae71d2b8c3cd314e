//! Signatures for others than TLS, each for a purpose.
//!
//! Whoever may have any bytes signed by the device's key can be the device: what TLS has signed in a
//! handshake, `CertificateVerify`, is bytes too. So a message is signed only if it has the form of
//! its purpose, which no part of any other protocol has.

use std::time::{Duration, SystemTime};

use sealift_config::Region;
use time::PrimitiveDateTime;
use time::macros::format_description;

use crate::KeyAlgorithm;

/// How far a message's date may be from now. A signature is good for minutes, and none is made for a
/// later day.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The longest message, in bytes: the strings have some 150.
const LONGEST: usize = 512;

/// What strings to sign of IAM Roles Anywhere must be.
///
/// "The IAM Roles Anywhere authentication signing process", IAM Roles Anywhere User Guide: four lines, an
/// algorithm, a date, a scope and a digest. A `CertificateVerify` of TLS 1.3 begins with 64 spaces
/// (RFC 8446 §4.4.3), one of TLS 1.2 with a handshake message (RFC 5246 §7.4.8), and
/// neither ends in a digest in hexadecimal digits.
#[derive(Clone, Debug)]
pub struct RolesAnywhere {
    /// The region that sessions may be asked for in.
    pub region: Region,
}

impl RolesAnywhere {
    /// Whether `message` is a string to sign of such a request, made now for a key of this kind.
    pub fn check(
        &self,
        message: &[u8],
        algorithm: KeyAlgorithm,
        now: SystemTime,
    ) -> Result<(), Unfit> {
        if message.len() > LONGEST {
            return Err(Unfit::Form);
        }
        let text = std::str::from_utf8(message).map_err(|_| Unfit::Form)?;
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(Unfit::Form);
        let (name, date, scope, digest) = (line()?, line()?, line()?, line()?);
        let is_digest = digest.len() == 64
            && digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if lines.next().is_some() || !is_digest || !name.starts_with("AWS4-X509-") {
            return Err(Unfit::Form);
        }
        if name != wanted(algorithm) {
            return Err(Unfit::Algorithm { key: algorithm });
        }
        let day = date.get(..8).ok_or(Unfit::Form)?;
        if scope != format!("{day}/{}/rolesanywhere/aws4_request", self.region) {
            return Err(Unfit::Scope {
                region: self.region.clone(),
            });
        }
        let date = timestamp(date).ok_or(Unfit::Form)?;
        let apart = now
            .duration_since(date)
            .unwrap_or_else(|error| error.duration());
        if apart > TOLERANCE {
            return Err(Unfit::Date);
        }
        Ok(())
    }
}

fn wanted(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa { .. } => "AWS4-X509-RSA-SHA256",
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
            "AWS4-X509-ECDSA-SHA256"
        }
        // The service has no name for it, and no string is empty after its prefix.
        KeyAlgorithm::Ed25519 => "",
    }
}

fn timestamp(text: &str) -> Option<SystemTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let date = PrimitiveDateTime::parse(text, format).ok()?;
    Some(date.assume_utc().into())
}

/// A message that is not of the form of its purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Something else.
    #[error("this is no string to sign of IAM Roles Anywhere")]
    Form,
    /// For another kind of key.
    #[error("the string names another algorithm than that of the device's key, {key}")]
    Algorithm {
        /// The key's.
        key: KeyAlgorithm,
    },
    /// For another service, region or day.
    #[error(
        "the string's scope is not that of a request to rolesanywhere in {region} on its own date"
    )]
    Scope {
        /// The region it must be for.
        region: Region,
    },
    /// From another time.
    #[error("the string's date is more than five minutes from now")]
    Date,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// 2026-01-02T03:04:05Z.
    const NOW: u64 = 1_767_323_045;
    const DIGEST: &str = "fdd93bd1dbf73379374bbe9f334f72ac47330b2f24c1566dfd67b72db0e8d1e2";
    const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

    fn good() -> String {
        format!(
            "AWS4-X509-ECDSA-SHA256\n20260102T030405Z\n20260102/eu-west-1/rolesanywhere/aws4_request\n{DIGEST}"
        )
    }

    fn check_at(message: &[u8], algorithm: KeyAlgorithm, seconds: u64) -> Result<(), Unfit> {
        let purpose = RolesAnywhere {
            region: "eu-west-1".parse().unwrap(),
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        purpose.check(message, algorithm, now)
    }

    fn check(message: impl AsRef<[u8]>) -> Result<(), Unfit> {
        check_at(message.as_ref(), P256, NOW)
    }

    #[test]
    fn a_string_to_sign_of_now_is_fit() {
        assert_eq!(check(good()), Ok(()));
        let rsa = good().replace("ECDSA", "RSA");
        let key = KeyAlgorithm::Rsa { bits: 2048 };
        assert_eq!(check_at(rsa.as_bytes(), key, NOW), Ok(()));
    }

    /// What a client signs in handshakes of TLS 1.3 and 1.2, and the beginnings of other things
    /// that are signed.
    #[test]
    fn what_other_protocols_have_signed_is_unfit() {
        let tls13 = [
            &[0x20; 64][..],
            b"TLS 1.3, client CertificateVerify\0",
            &[7; 32],
        ]
        .concat();
        let tls12 = [b"\x01\x00\x00\xfc\x03\x03".as_slice(), &[7; 200]].concat();
        let request = b"\x30\x82\x01\x0a\x02\x01\x00".to_vec();
        for message in [tls13, tls12, request, vec![], vec![b'\n'; 64]] {
            assert_eq!(check(&message), Err(Unfit::Form), "{message:?}");
        }
    }

    #[test]
    fn a_handshake_with_the_right_prefix_or_suffix_is_unfit() {
        let handshake = "\x20".repeat(64) + "TLS 1.3, client CertificateVerify\0";
        for message in [
            format!("AWS4-X509-ECDSA-SHA256\n{handshake}"),
            format!("{}\n{handshake}", good()),
            format!("{handshake}{}", good()),
            format!("{handshake}\n{}", good()),
            format!("{}\0", good()),
            format!("{}\n", good()),
            good().replace(DIGEST, &DIGEST[1..]),
            good().replace(DIGEST, &DIGEST.to_ascii_uppercase()),
            good().replace("AWS4-X509", "AWS4-HMAC"),
            good() + &"0".repeat(LONGEST),
        ] {
            assert_eq!(check(&message), Err(Unfit::Form), "{message:?}");
        }
    }

    #[test]
    fn a_string_for_another_key_service_region_or_day_is_unfit() {
        let rsa = good().replace("ECDSA", "RSA");
        assert_eq!(check(rsa), Err(Unfit::Algorithm { key: P256 }));
        let ed25519 = good().replace("ECDSA-SHA256", "");
        let key = KeyAlgorithm::Ed25519;
        let unfit = check_at(ed25519.as_bytes(), key, NOW);
        assert_eq!(unfit, Err(Unfit::Algorithm { key }));
        for (part, other) in [
            ("eu-west-1", "eu-west-2"),
            ("rolesanywhere", "sts"),
            ("aws4_request", "aws5_request"),
            ("20260102/", "20260103/"),
        ] {
            let region = "eu-west-1".parse().unwrap();
            let unfit = check(good().replace(part, other));
            assert_eq!(unfit, Err(Unfit::Scope { region }), "{other}");
        }
    }

    #[test]
    fn no_signature_is_made_for_another_time() {
        let message = good();
        let at = |seconds| check_at(message.as_bytes(), P256, seconds);
        assert_eq!((at(NOW - 300), at(NOW + 300)), (Ok(()), Ok(())));
        for seconds in [NOW - 301, NOW + 301, 0] {
            assert_eq!(at(seconds), Err(Unfit::Date));
        }
        let malformed = good().replace("T030405Z", "T990405Z");
        assert_eq!(check(malformed), Err(Unfit::Form));
    }

    proptest! {
        #[test]
        fn one_other_byte_makes_it_unfit_or_another_digest(at in 0..good().len(), byte: u8) {
            let mut message = good().into_bytes();
            message[at] = byte;
            let digest = at >= good().len() - DIGEST.len();
            // Another second of the same minutes is a date of now as well.
            let date = (32..39).contains(&at);
            if message != good().as_bytes() && !digest && !date {
                prop_assert!(check(&message).is_err());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(message in prop::collection::vec(any::<u8>(), 0..256)) {
            prop_assert!(check(message).is_err());
        }
    }
}
