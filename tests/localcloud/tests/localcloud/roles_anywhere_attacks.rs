//! Requests to Roles Anywhere that somebody bent: before they were signed, after it, or by their certificate.
//! The judge in Python has to see the same as the cloud.

use crate::support::{Cloud, Refused, Signer, judge};
use localcloud::{Authority, Certificate, KeyType, Validity};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::Value;

const INVALID: &str = "Invalid signature";
const UNTRUSTED: &str = "Untrusted signing certificate";
const INSUFFICIENT: &str = "Untrusted certificate. Insufficient certificate";
const MISMATCH: &str = "the certificate's key did not sign this request";
const JUDGED_MISMATCH: &str = "the signature is not of this request by the certificate's key";

fn device(cloud: &Cloud, key_type: KeyType) -> Certificate {
    let authority = cloud.cloud.authority();
    let validity = Validity::default();
    authority.issue("gateway-7", key_type, validity).unwrap()
}

/// A time for requests, from now on in minutes.
fn minutes_from_now(minutes: i64) -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
    time.format(format).unwrap()
}

#[track_caller]
fn assert_denied(refused: &Refused, message: &str, reason: &str) {
    let expected = Refused {
        status: 403,
        kind: "AccessDeniedException".to_owned(),
        message: message.to_owned(),
        reason: reason.to_owned(),
    };
    assert_eq!(*refused, expected);
}

type Change = fn(&mut Value);

/// A header of a request.
fn header<'a>(request: &'a mut Value, name: &str) -> &'a mut Value {
    &mut request["headers"][name]
}

fn replace(text: &mut Value, from: &str, to: &str) {
    let before = text.as_str().unwrap();
    let after = before.replacen(from, to, 1);
    assert_ne!(after, before, "{from} is in it");
    *text = after.into();
}

#[tokio::test]
async fn whatever_is_changed_after_signing_is_noticed() {
    let cloud = Cloud::start().await;
    let changes: [(&str, Change); 6] = [
        ("the body", |request| {
            replace(&mut request["body"], "900", "901");
        }),
        ("white space in the body", |request| {
            replace(&mut request["body"], "{", "{ ");
        }),
        ("the query", |request| {
            replace(&mut request["path"], "s3_role", "admin");
        }),
        ("one parameter more", |request| {
            replace(&mut request["path"], "?", "?a=b&");
        }),
        ("a header", |request| {
            replace(header(request, "Content-Type"), "json", "xml");
        }),
        ("the signature", |request| {
            let authorization = header(request, "Authorization").as_str().unwrap();
            let last = authorization.chars().last().unwrap();
            let (before, _) = authorization.split_at(authorization.len() - 1);
            let other = if last == '0' { '1' } else { '0' };
            *header(request, "Authorization") = format!("{before}{other}").into();
        }),
    ];
    for key_type in [KeyType::Rsa2048, KeyType::EcdsaP256, KeyType::EcdsaP384] {
        let device = device(&cloud, key_type);
        let mut signer = Signer::of(&cloud, &device);
        let request = signer.option("--duration", "900").request().await;
        for (what, change) in changes {
            let mut forgery = request.clone();
            change(&mut forgery);
            println!("{what}");
            assert_denied(&cloud.refused(&forgery).await, INVALID, MISMATCH);
            assert_eq!(judge(&forgery).await, [JUDGED_MISMATCH], "{what}");
        }
        assert_eq!(cloud.send_session(&request).await.status, 201);
    }
}

#[tokio::test]
async fn a_signature_of_another_key_is_no_signature() {
    let cloud = Cloud::start().await;
    for key_type in [KeyType::Rsa2048, KeyType::EcdsaP256] {
        let [mine, other] = [(); 2].map(|()| device(&cloud, key_type));
        let signer = Signer::new(&cloud, mine.certificate_pem(), other.key_pem());
        let request = signer.request().await;
        assert_denied(&cloud.refused(&request).await, INVALID, MISMATCH);
        assert_eq!(judge(&request).await, [JUDGED_MISMATCH]);
    }
    // Of the same kind, but on another curve.
    let [mine, other] =
        [KeyType::EcdsaP256, KeyType::EcdsaP384].map(|key_type| device(&cloud, key_type));
    let signer = Signer::new(&cloud, mine.certificate_pem(), other.key_pem());
    assert_denied(&signer.refused().await, INVALID, MISMATCH);
}

#[tokio::test]
async fn every_header_that_has_to_be_signed_is_missed() {
    let cloud = Cloud::start().await;
    let device = device(&cloud, KeyType::EcdsaP256);
    for name in [
        "host",
        "content-type",
        "x-amz-date",
        "x-amz-x509",
        "x-amz-x509-chain",
    ] {
        let mut signer = Signer::of(&cloud, &device);
        signer.chain(cloud.cloud.authority().certificate_pem());
        let request = signer.option("--unsigned", name).request().await;
        let reason = format!("the header {name} is not signed");
        assert_denied(&cloud.refused(&request).await, INVALID, &reason);
        assert_eq!(judge(&request).await, [format!("{name} is not signed")]);
    }
    // A header that came later.
    let mut request = Signer::of(&cloud, &device).request().await;
    *header(&mut request, "X-Amz-Later") = "1".into();
    let reason = "the header x-amz-later is not signed";
    assert_denied(&cloud.refused(&request).await, INVALID, reason);
    // A header that is gone.
    let mut request = Signer::of(&cloud, &device).request().await;
    request["headers"]
        .as_object_mut()
        .unwrap()
        .remove("Content-Type");
    let reason = "the signed header content-type is not in the request";
    assert_denied(&cloud.refused(&request).await, INVALID, reason);
    assert_eq!(
        judge(&request).await,
        ["content-type is signed and not there", JUDGED_MISMATCH]
    );
    let mut request = Signer::of(&cloud, &device).request().await;
    request["headers"]
        .as_object_mut()
        .unwrap()
        .remove("Authorization");
    let reason = "the request has no Authorization header";
    let message = "Missing authentication token";
    assert_denied(&cloud.refused(&request).await, message, reason);
}

#[tokio::test]
async fn a_well_made_signature_for_something_else_is_refused() {
    let cloud = Cloud::start().await;
    let device = device(&cloud, KeyType::EcdsaP256);
    let today = &minutes_from_now(0)[..8];
    let cases = [
        (
            ["--serial", "291"],
            "the credential does not name the certificate's serial number ",
            "the serial number is ",
        ),
        (
            ["--region", "us-east-1"],
            "the credential is for the region us-east-1",
            "the scope is ",
        ),
        (
            ["--service", "s3"],
            "the credential is for the service s3",
            "the scope is ",
        ),
        (
            ["--scope-date", "20260102"],
            "the credential is for the day 20260102, which is not that of X-Amz-Date",
            "the scope is ",
        ),
        (
            ["--algorithm", "AWS4-X509-RSA-SHA256"],
            "the certificate's key does not sign with AWS4-X509-RSA-SHA256",
            "AWS4-X509-RSA-SHA256 is not what the certificate's key signs with",
        ),
        (
            ["--algorithm", "AWS4-X509-ECDSA-SHA384"],
            "AWS4-X509-ECDSA-SHA384 is no algorithm of Roles Anywhere",
            "AWS4-X509-ECDSA-SHA384 is not what the certificate's key signs with",
        ),
        (
            ["--at", today],
            "X-Amz-Date is missing, or is not written as 20260102T030405Z",
            "X-Amz-Date is ",
        ),
    ];
    for ([option, value], reason, judged) in cases {
        let mut signer = Signer::of(&cloud, &device);
        let request = signer.option(option, value).request().await;
        let refused = cloud.refused(&request).await;
        assert!(refused.reason.starts_with(reason), "{refused:?}");
        assert_denied(&refused, INVALID, &refused.reason);
        let [fault] = &judge(&request).await[..] else {
            panic!("{option} is the only fault")
        };
        assert!(fault.starts_with(judged), "{fault}");
    }
}

#[tokio::test]
async fn a_request_is_good_for_five_minutes_by_the_clouds_clock() {
    const DAY: i64 = 24 * 60 * 60;
    let cloud = Cloud::with(|settings| settings.clock_offset = (-DAY).try_into().unwrap()).await;
    let device = device(&cloud, KeyType::EcdsaP256);
    let at = async |minutes: i64| {
        let mut signer = Signer::of(&cloud, &device);
        let date = minutes_from_now(minutes - 24 * 60);
        let request = signer.option("--at", &date).request().await;
        cloud.send_session(&request).await
    };
    for minutes in [-4, 0, 4] {
        assert_eq!(at(minutes).await.status, 201, "{minutes}");
    }
    for minutes in [-6, 6, 24 * 60] {
        let answer = at(minutes).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["message"], INVALID);
        let reason = answer.header("x-localcloud-reason");
        assert!(reason.starts_with("the request is dated "), "{reason}");
    }
    let mut signer = Signer::of(&cloud, &device);
    let date = minutes_from_now(-6);
    let fault = &judge(&signer.option("--at", &date).request().await).await[0];
    assert!(fault.starts_with(&format!("it is dated {date}")), "{fault}");
}

#[tokio::test]
async fn a_certificate_is_good_by_the_clouds_clock() {
    const DAY: i64 = 24 * 60 * 60;
    let cloud = Cloud::start().await;
    let future = Cloud::with(|settings| settings.clock_offset = (DAY * 3 / 2).try_into().unwrap());
    let future = future.await;
    let issue = |cloud: &Cloud, validity| {
        let authority = cloud.cloud.authority();
        authority
            .issue("gateway-7", KeyType::EcdsaP256, validity)
            .unwrap()
    };
    let expired = issue(&cloud, Validity::expired());
    let refused = Signer::of(&cloud, &expired).refused().await;
    assert_denied(&refused, UNTRUSTED, "a certificate has expired");
    let early = issue(&cloud, Validity::not_yet());
    let refused = Signer::of(&cloud, &early).refused().await;
    assert_denied(&refused, UNTRUSTED, "a certificate is not valid yet");
    // What begins tomorrow is good the day after.
    let later = issue(&future, Validity::not_yet());
    let mut signer = Signer::of(&future, &later);
    signer
        .option("--at", minutes_from_now(36 * 60))
        .session()
        .await;
    let judged = judge(&Signer::of(&cloud, &expired).request().await).await;
    assert_eq!(judged, ["the certificate of CN=gateway-7 is not valid now"]);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    let cloud = Cloud::start().await;
    // Of the same name, too.
    let stranger = Authority::new().unwrap();
    let validity = Validity::default();
    let device = stranger.issue("gateway-7", KeyType::EcdsaP256, validity);
    let mut signer = Signer::of(&cloud, device.as_ref().unwrap());
    for _ in 0..2 {
        let refused = signer.refused().await;
        assert!(
            refused
                .reason
                .starts_with("the trust anchor does not vouch for the signing certificate: "),
            "{refused:?}"
        );
        assert_denied(&refused, UNTRUSTED, &refused.reason);
        signer.chain(stranger.certificate_pem());
    }
}

/// The cloud's own authority, to issue what it would not.
struct Forge {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    key_pem: String,
}

impl Forge {
    fn of(cloud: &Cloud) -> Self {
        let key = cloud.dir.path().join(".localcloud/ca.pem.key");
        let key_pem = std::fs::read_to_string(key).unwrap();
        let pem = cloud.cloud.authority().certificate_pem().to_owned();
        let key = KeyPair::from_pem(&key_pem).unwrap();
        Self {
            issuer: Issuer::from_ca_cert_pem(&pem, key).unwrap(),
            pem,
            key_pem,
        }
    }

    /// A certificate that is as it should be but for a change.
    fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        self.issue_with(KeyPair::generate().unwrap(), change)
    }

    fn issue_with(&self, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        name(&mut params, "forged");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut params);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let key_pem = key.serialize_pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            key_pem,
        }
    }

    async fn refused(&self, cloud: &Cloud) -> Refused {
        Signer::new(cloud, &self.pem, &self.key_pem).refused().await
    }
}

fn name(params: &mut CertificateParams, common_name: &str) {
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, common_name);
}

fn ca(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
}

#[tokio::test]
async fn a_certificate_that_is_not_for_signing_requests_is_insufficient() {
    let cloud = Cloud::start().await;
    let root = Forge::of(&cloud);
    let good = root.issue(|_| {});
    Signer::new(&cloud, &good.pem, &good.key_pem)
        .session()
        .await;

    let is_ca = "the signing certificate is one of a CA";
    assert_denied(&root.refused(&cloud).await, INSUFFICIENT, is_ca);
    let below = root.issue(ca);
    assert_denied(&below.refused(&cloud).await, INSUFFICIENT, is_ca);
    let request = Signer::new(&cloud, &below.pem, &below.key_pem)
        .request()
        .await;
    assert_eq!(judge(&request).await, [is_ca]);

    let not_for_signatures = "the signing certificate is not for digital signatures";
    for usages in [vec![], vec![KeyUsagePurpose::KeyAgreement]] {
        let forged = root.issue(|params| params.key_usages = usages);
        assert_denied(
            &forged.refused(&cloud).await,
            INSUFFICIENT,
            not_for_signatures,
        );
    }
    let server = root.issue(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let not_for_clients = "the signing certificate is not for the authentication of clients";
    assert_denied(&server.refused(&cloud).await, INSUFFICIENT, not_for_clients);
    let nameless = root.issue(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    let no_subject = "the signing certificate has no subject";
    assert_denied(&nameless.refused(&cloud).await, INSUFFICIENT, no_subject);

    // Python does not sign with such keys, so another one's signature has to do: it is never looked at.
    let edwards = device(&cloud, KeyType::Ed25519);
    let signer = Signer::new(&cloud, edwards.certificate_pem(), &good.key_pem);
    let no_key = "the signing certificate has neither an RSA nor an EC key";
    assert_denied(&signer.refused().await, INSUFFICIENT, no_key);
}

#[tokio::test]
async fn an_intermediate_certificate_must_be_one_of_a_ca_that_signs_certificates() {
    let cloud = Cloud::start().await;
    let root = Forge::of(&cloud);
    let refused = async |issuer: &Forge| {
        let device = issuer.issue(|_| {});
        let mut signer = Signer::new(&cloud, &device.pem, &device.key_pem);
        signer.chain(&issuer.pem).refused().await
    };
    let untrusted = |cause: &str| {
        format!("the trust anchor does not vouch for the signing certificate: {cause}")
    };
    let device = root.issue(|_| {});
    let not_a_ca = untrusted("EndEntityUsedAsCa");
    assert_denied(&refused(&device).await, UNTRUSTED, &not_a_ca);
    let no_signer = root.issue(|params| {
        ca(params);
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let reason = "an intermediate certificate may not sign certificates";
    assert_denied(&refused(&no_signer).await, UNTRUSTED, reason);
    let expired = root.issue(|params| {
        ca(params);
        params.not_after = Validity::expired().not_after;
    });
    let reason = "a certificate has expired";
    assert_denied(&refused(&expired).await, UNTRUSTED, reason);
    let last = root.issue(|params| {
        ca(params);
        name(params, "Last");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let one_more = last.issue(|params| {
        ca(params);
        name(params, "One more");
    });
    let device = one_more.issue(|_| {});
    let mut signer = Signer::new(&cloud, &device.pem, &device.key_pem);
    let chain = format!("{}{}", one_more.pem, last.pem);
    let refused = signer.chain(&chain).refused().await;
    assert_denied(&refused, UNTRUSTED, &untrusted("PathLenConstraintViolated"));
}

#[tokio::test]
async fn headers_that_hold_no_certificate_are_refused() {
    let cloud = Cloud::start().await;
    let device = device(&cloud, KeyType::EcdsaP256);
    let message = "Invalid certificate";
    let expected = |reason: &str| Refused {
        status: 400,
        kind: "ValidationException".to_owned(),
        message: message.to_owned(),
        reason: reason.to_owned(),
    };
    let mut request = Signer::of(&cloud, &device).request().await;
    request["headers"]
        .as_object_mut()
        .unwrap()
        .remove("X-Amz-X509");
    let refused = cloud.refused(&request).await;
    assert_eq!(refused, expected("the request has no X-Amz-X509 header"));
    for name in ["X-Amz-X509", "X-Amz-X509-Chain"] {
        let mut signer = Signer::of(&cloud, &device);
        signer.chain(cloud.cloud.authority().certificate_pem());
        let request = signer.request().await;
        for wrong in ["", "=", "AAAA", "MIIB"] {
            let mut request = request.clone();
            *header(&mut request, name) = wrong.into();
            let reason = format!(
                "{} is not base64 of a certificate in DER",
                name.to_lowercase()
            );
            assert_eq!(cloud.refused(&request).await, expected(&reason));
        }
        let mut request = request.clone();
        let twice = header(&mut request, name);
        *twice = format!("{0},{0}", twice.as_str().unwrap()).into();
        let refused = cloud.refused(&request).await;
        assert!(
            refused.reason == "x-amz-x509 is not base64 of a certificate in DER"
                || refused.reason == MISMATCH,
            "{refused:?}"
        );
    }
}
