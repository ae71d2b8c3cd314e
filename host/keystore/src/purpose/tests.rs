//! What is signed for components, and the many things that are not.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// 2026-01-02T03:04:05Z.
const NOW: u64 = 1_767_323_045;
const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;
const DATE: &str = "20260102T030405Z";
const QUERY: &str = "profileArn=p&roleArn=r&trustAnchorArn=t";
const BODY: &str = r#"{"durationSeconds":3600}"#;

fn certificate() -> Certificate {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    Certificate::from_der(certificate.der()).unwrap()
}

/// The canonical request of the configuration, with a line for issuers or without.
fn request(certificate: &Certificate, issuers: Option<&str>) -> String {
    let leaf = Base64::encode_string(certificate.der());
    let (line, name) = match issuers {
        Some(issuers) => (format!("x-amz-x509-chain:{issuers}\n"), ";x-amz-x509-chain"),
        None => (String::new(), ""),
    };
    format!(
        "POST\n/sessions\n{QUERY}\ncontent-type:application/json\nhost:ra.example\nx-amz-date:{DATE}\n\
         x-amz-x509:{leaf}\n{line}\ncontent-type;host;x-amz-date;x-amz-x509{name}\n{}",
        sha256(BODY.as_bytes())
    )
}

/// A string to sign about the request.
fn string(request: &str) -> String {
    let digest = sha256(request.as_bytes());
    format!(
        "AWS4-X509-ECDSA-SHA256\n{DATE}\n20260102/eu-west-1/rolesanywhere/aws4_request\n{digest}"
    )
}

fn message(request: &str) -> String {
    format!("{}\n{request}", string(request))
}

struct Purpose {
    purpose: RolesAnywhere,
    certificate: Certificate,
}

impl Purpose {
    fn new() -> Self {
        let purpose = RolesAnywhere {
            region: "eu-west-1".parse().unwrap(),
            host: "ra.example".into(),
            query: QUERY.into(),
            body: BODY.into(),
        };
        Self {
            purpose,
            certificate: certificate(),
        }
    }

    fn good(&self) -> String {
        message(&request(&self.certificate, None))
    }

    fn check_at(&self, message: &[u8], key: KeyAlgorithm, seconds: u64) -> Result<Vec<u8>, Unfit> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let string = self.purpose.check(message, key, &self.certificate, now);
        string.map(<[u8]>::to_vec)
    }

    fn check(&self, message: impl AsRef<[u8]>) -> Result<Vec<u8>, Unfit> {
        self.check_at(message.as_ref(), P256, NOW)
    }
}

#[test]
fn the_request_of_the_configuration_is_fit_and_its_string_is_what_is_signed() {
    let purpose = Purpose::new();
    let plain = request(&purpose.certificate, None);
    assert_eq!(
        purpose.check(message(&plain)),
        Ok(string(&plain).into_bytes())
    );
    let chained = request(&purpose.certificate, Some("MIIB+/8=,MIIC"));
    assert_eq!(
        purpose.check(message(&chained)),
        Ok(string(&chained).into_bytes())
    );
    let rsa = purpose.good().replacen("ECDSA", "RSA", 1);
    let key = KeyAlgorithm::Rsa { bits: 2048 };
    assert!(purpose.check_at(rsa.as_bytes(), key, NOW).is_ok());
}

/// What a client signs in handshakes of TLS 1.3 and 1.2, and the beginnings of other things
/// that are signed.
#[test]
fn what_other_protocols_have_signed_is_unfit() {
    let purpose = Purpose::new();
    let tls13 = [
        &[0x20; 64][..],
        b"TLS 1.3, client CertificateVerify\0",
        &[7; 32],
    ]
    .concat();
    let tls12 = [b"\x01\x00\x00\xfc\x03\x03".as_slice(), &[7; 200]].concat();
    let request = b"\x30\x82\x01\x0a\x02\x01\x00".to_vec();
    for message in [tls13, tls12, request, vec![], vec![b'\n'; 64]] {
        assert_eq!(purpose.check(&message), Err(Unfit::Form), "{message:?}");
    }
}

#[test]
fn a_handshake_in_or_around_a_good_message_is_unfit() {
    let purpose = Purpose::new();
    let good = purpose.good();
    let handshake = "\x20".repeat(64) + "TLS 1.3, client CertificateVerify\0";
    for message in [
        format!("AWS4-X509-ECDSA-SHA256\n{handshake}"),
        format!("{good}\n{handshake}"),
        format!("{handshake}{good}"),
        format!("{handshake}\n{good}"),
        format!("{good}\0"),
        good.replacen("AWS4-X509", "AWS4-HMAC", 1),
        good.clone() + &"0".repeat(LONGEST),
        string(&request(&purpose.certificate, None)),
    ] {
        assert_eq!(purpose.check(&message), Err(Unfit::Form), "{message:?}");
    }
}

#[test]
fn a_string_for_another_key_service_region_or_day_is_unfit() {
    let purpose = Purpose::new();
    let other = |part: &str, other: &str| purpose.good().replacen(part, other, 1);
    let rsa = purpose.check(other("ECDSA", "RSA"));
    assert_eq!(rsa, Err(Unfit::Algorithm { key: P256 }));
    let key = KeyAlgorithm::Ed25519;
    let ed25519 = purpose.check_at(other("ECDSA-SHA256", "").as_bytes(), key, NOW);
    assert_eq!(ed25519, Err(Unfit::Algorithm { key }));
    for (part, another) in [
        ("eu-west-1", "eu-west-2"),
        ("rolesanywhere", "sts"),
        ("aws4_request", "aws5_request"),
        ("20260102/", "20260103/"),
    ] {
        let region = "eu-west-1".parse().unwrap();
        let unfit = purpose.check(other(part, another));
        assert_eq!(unfit, Err(Unfit::Scope { region }), "{another}");
    }
}

#[test]
fn no_signature_is_made_for_another_time() {
    let purpose = Purpose::new();
    let message = purpose.good();
    let at = |seconds| purpose.check_at(message.as_bytes(), P256, seconds);
    assert!(at(NOW - 300).is_ok() && at(NOW + 300).is_ok());
    for seconds in [NOW - 301, NOW + 301, 0] {
        assert_eq!(at(seconds), Err(Unfit::Date));
    }
}

/// Each is well-formed and signed by whoever has the key; each asks for something else.
#[test]
fn another_request_is_not_signed() {
    let purpose = Purpose::new();
    let good = request(&purpose.certificate, None);
    let another = request(&certificate(), None);
    let body = sha256(BODY.as_bytes());
    let other_body = sha256(br#"{"durationSeconds":3600,"roleArn":"admin"}"#);
    for (what, request) in [
        ("another role", good.replace("roleArn=r", "roleArn=admin")),
        ("a role in the body", good.replace(&body, &other_body)),
        ("no query", good.replace(QUERY, "")),
        ("another host", good.replace("ra.example", "sts.example")),
        ("another path", good.replace("/sessions", "/subjects")),
        ("another method", good.replacen("POST", "PUT", 1)),
        ("another date", good.replace(DATE, "20260102T030406Z")),
        ("another certificate", another),
        (
            "one more field",
            good.replace("host:ra", "extra:1\nhost:ra"),
        ),
        (
            "issuers that are none",
            request(&purpose.certificate, Some("MII\nx-amz-z:1")),
        ),
    ] {
        assert_ne!(request, good, "{what}");
        assert_eq!(
            purpose.check(message(&request)),
            Err(Unfit::Request),
            "{what}"
        );
    }
}

proptest! {
    #[test]
    fn one_other_byte_makes_it_unfit(at in 0..900_usize, byte: u8) {
        let purpose = Purpose::new();
        let good = purpose.good();
        let mut message = good.clone().into_bytes();
        let at = at % message.len();
        message[at] = byte;
        if message != good.as_bytes() {
            prop_assert!(purpose.check(message).is_err());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(message in prop::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(Purpose::new().check(message).is_err());
    }
}
