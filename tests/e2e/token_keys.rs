//! Keys on tokens: made there, certified, and used for uploads.

use sealift_tests::{Cloud, Device, Program, Token, openssl};

/// Uploads and fetches credentials with a device, and proves that it was its certificate that opened the door.
#[track_caller]
fn works(cloud: &Cloud, device: &Device<'_>) {
    let (name, program) = (device.name(), || device.program());
    let put = program().args(["put", "-", &format!("s3://demo/{name}")]);
    put.run_with(name.as_bytes()).done();
    assert_eq!(cloud.object("demo", name).unwrap(), name.as_bytes());
    let told = program().arg("credentials").run();
    told.done();
    assert!(told.json()[0]["SecretAccessKey"].is_string());
    cloud.registry().set_active(device.certificate(), false);
    let refused = program().arg("credentials").run();
    refused.failed(1, &["the certificate is not active"]);
}

#[test]
fn a_software_token_makes_keys_of_every_kind_and_uploads_with_them() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    for algorithm in ["rsa-2048", "p256", "p384"] {
        let device = Device::with_token(&cloud, &token, algorithm, algorithm);
        works(&cloud, &device);
    }
}

#[test]
fn a_tpm_makes_keys_of_every_kind_and_uploads_with_them() {
    let (cloud, token) = (Cloud::start(), Token::tpm().unwrap());
    for algorithm in ["rsa-2048", "p256"] {
        let device = Device::with_token(&cloud, &token, algorithm, algorithm);
        works(&cloud, &device);
    }
    // No file of the store tells more than where the keys are.
    let objects = token.pkcs11_tool(&["--list-objects", "--type", "privkey"]);
    assert_eq!(objects.unwrap().matches("never extractable").count(), 2);
}

#[test]
fn a_key_that_was_brought_into_a_tpm_uploads() {
    let (cloud, token) = (Cloud::start(), Token::tpm().unwrap());
    let key = openssl(&["genrsa", "-traditional", "2048"], "");
    let file = cloud.private_file("own.key", key);
    token.import_into_tpm(&file, "rsa", "own").unwrap();
    works(&cloud, &Device::with_key_on(&cloud, &token, "own"));
}

#[test]
fn the_pin_is_a_credential_that_systemd_hands_over() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let device = Device::with_token(&cloud, &token, "own", "p256");
    cloud.private_file("credentials/token-pin", Token::PIN);
    let put = || {
        let uri = "pkcs11:token=gateway;object=own?pin-source=token-pin";
        let put = device.program().env("SEALIFT_DEVICE_KEY", uri);
        put.args(["put", "-", "s3://demo/k"])
    };
    let handed = put().env("CREDENTIALS_DIRECTORY", cloud.path("credentials"));
    handed.run_with(b"x").done();
    assert_eq!(cloud.object("demo", "k").unwrap(), b"x");
    put()
        .run()
        .failed(2, &["`token-pin`", "$CREDENTIALS_DIRECTORY is not set"]);
}

#[test]
fn the_certificate_is_on_the_token_as_well() {
    for token in [Token::software(), Token::tpm()] {
        let (cloud, token) = (Cloud::start(), token.unwrap());
        let device = Device::with_token(&cloud, &token, "own", "p256");
        let certificate = device.certificate_file();
        let der = cloud.path("own.der");
        let [from, to] = [&certificate, &der].map(|path| path.to_str().unwrap());
        openssl(&["x509", "-in", from, "-outform", "DER", "-out", to], "");
        let write = ["--write-object", to, "--type", "cert", "--label", "own"];
        token.pkcs11_tool(&write).unwrap();
        std::fs::remove_file(&certificate).unwrap();
        let uri = "pkcs11:token=gateway;object=own;type=cert";
        let program = || device.program().env("SEALIFT_DEVICE_CERTIFICATE", uri);
        let put = program().args(["put", "-", "s3://demo/k"]);
        put.run_with(b"x").done();
        assert_eq!(cloud.object("demo", "k").unwrap(), b"x");
        let shown = program().args(["key", "show"]).run();
        let id = device.certificate().to_string();
        assert!(shown.done().contains(&id), "{}", shown.stdout);
    }
}

#[test]
fn a_key_is_never_made_twice_nor_in_a_place_that_has_no_name() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let make = |uri: &str| {
        let make = Program::on(&cloud).with_token(&token).arg("key");
        make.args(["generate", uri]).run()
    };
    make(&token.uri("own")).done();
    make(&token.uri("own")).failed(1, &["has such a key already: `own`", "key rotate"]);
    let nameless = format!("pkcs11:token={}?pin-source=file:/pin", Token::LABEL);
    make(&nameless).failed(1, &["add object=NAME"]);
}
