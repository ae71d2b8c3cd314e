//! TLS servers that users have verify our handshakes, with each kind of key, by each version of TLS.

use localcloud::KeyType;
use sealift_tests::{Cloud, Device, Nginx, TlsServer, Token, soon, until};

/// Devices with keys in files and on tokens, by the kinds of their keys.
fn devices<'a>(cloud: &'a Cloud, software: &Token, tpm: &Token) -> Vec<(Kind, Device<'a>)> {
    let file = |name, key_type| Device::with_file(cloud, name, key_type);
    let token = |token, name, algorithm| Device::with_token(cloud, token, name, algorithm);
    vec![
        (Kind::Rsa, file("file-rsa", KeyType::Rsa2048)),
        (Kind::P256, file("file-p256", KeyType::EcdsaP256)),
        (Kind::P384, file("file-p384", KeyType::EcdsaP384)),
        (Kind::Rsa, token(software, "software-rsa", "rsa-2048")),
        (Kind::P256, token(software, "software-p256", "p256")),
        (Kind::P384, token(software, "software-p384", "p384")),
        (Kind::Rsa, token(tpm, "tpm-rsa", "rsa-2048")),
        (Kind::P256, token(tpm, "tpm-p256", "p256")),
    ]
}

#[derive(Clone, Copy)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// A server's options, and what RSA keys sign with there.
const SERVERS: [(&str, &[&str], &str); 3] = [
    ("tls1.3", &["-tls1_3"], "rsa_pss_rsae_sha256"),
    ("tls1.2", &["-tls1_2"], "rsa_pss_rsae_sha256"),
    // As servers are that know nothing newer.
    (
        "tls1.2-pkcs1",
        &[
            "-tls1_2",
            "-client_sigalgs",
            "RSA+SHA256:ECDSA+SHA256:ECDSA+SHA384",
        ],
        "rsa_pkcs1_sha256",
    ),
];

#[test]
fn openssl_and_nginx_accept_every_kind_of_key() {
    let cloud = Cloud::start();
    let (software, tpm) = (Token::software().unwrap(), Token::tpm().unwrap());
    let devices = devices(&cloud, &software, &tpm);
    nginx_accepts(&cloud, &devices);
    for (name, options, rsa) in SERVERS {
        let mut server = TlsServer::start(&cloud, name, options);
        for (kind, device) in &devices {
            fetches(device, &server.address().to_string());
            let trace = server.trace();
            let subject = device.name();
            let verified = format!("depth=0 CN = {subject}\nverify return:1");
            assert!(trace.contains(&verified), "{name}, {subject}: {trace}");
            let expected = match kind {
                Kind::Rsa => rsa,
                Kind::P256 => "ecdsa_secp256r1_sha256",
                Kind::P384 => "ecdsa_secp384r1_sha384",
            };
            assert_eq!(signed_with(&trace), Some(expected), "{name}, {subject}");
        }
    }
}

fn nginx_accepts(cloud: &Cloud, devices: &[(Kind, Device<'_>)]) {
    let nginx = Nginx::start(cloud);
    let mut expected = Vec::new();
    for (version, address) in nginx.listeners() {
        for (_, device) in devices {
            fetches(device, &address.to_string());
            expected.push(format!("SUCCESS {version} CN={} 200", device.name()));
        }
    }
    until("nginx has written its log", soon(), || {
        nginx.seen().len() >= expected.len()
    });
    assert_eq!(nginx.seen(), expected);
}

#[track_caller]
fn fetches(device: &Device<'_>, endpoint: &str) {
    let program = device
        .program()
        .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint);
    let told = program.arg("credentials").run();
    told.done();
    assert_eq!(told.json()[0]["AccessKeyId"], "ASIAIOSFODNN7EXAMPLE");
}

/// The scheme of the last signature in a trace, which is the client's.
fn signed_with(trace: &str) -> Option<&str> {
    let (_, signed) = trace.rsplit_once("CertificateVerify, Length=")?;
    let (_, scheme) = signed.split_once("Signature Algorithm: ")?;
    scheme.split(' ').next()
}
