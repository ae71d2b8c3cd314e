//! What is said when a key on a token is out of reach, and what a token that comes back is good for.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use localcloud::Validity;
use rustls::ServerConfig;
use sealift_tests::{CREDENTIALS, Cloud, Device, Outcome, Server, Token, tls};

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn a_wrong_pin_is_told_with_its_file_and_tried_once() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let device = Device::with_token(&cloud, &token, "own", "p256");
    let wrong = cloud.private_file("wrong-pin", "wrong-pin");
    let uri = format!(
        "pkcs11:token=gateway;object=own?pin-source=file:{}",
        wrong.display()
    );
    let program = device.program().env("SEALIFT_DEVICE_KEY", uri);
    let refused = program.args(["-vv", "put", "-", "s3://demo/k"]).run();
    let told = format!("the token `gateway` refuses the PIN of {}", wrong.display());
    refused.failed(2, &[&told, "correct it before anything else"]);
    for pin in ["wrong-pin\n", Token::PIN] {
        let mentioned = refused.stderr.replace(&wrong.display().to_string(), "");
        assert!(!mentioned.contains(pin.trim()), "{}", refused.stderr);
    }
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_key_that_is_not_there_is_told_with_those_that_are() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let device = Device::with_token(&cloud, &token, "own", "p256");
    let asked = |uri: String| {
        let program = device.program().env("SEALIFT_DEVICE_KEY", uri);
        program.arg("credentials").run()
    };
    asked(token.uri("other")).failed(
        2,
        &["the token `gateway` has no such private key; it has `own` (id=%"],
    );
    let elsewhere = token.uri("own").replace("token=gateway", "token=spare");
    asked(elsewhere).failed(2, &["has no such token; it has `gateway` (serial "]);
    assert_eq!(cloud.counts().provider_connections, 0);
}

/// An S3 that lets credentials expire with the third file, so that a new handshake has to be signed.
struct Store {
    server: Server,
    /// Answers when the third file was sent, and once more to let it be refused.
    third: Receiver<()>,
}

impl Store {
    fn start(cloud: &Cloud) -> Self {
        let (meet, third) = sync_channel(0);
        let authority = cloud.authority();
        let tls = tls(authority, authority, &["127.0.0.1"], Validity::default());
        // Without sessions that could be resumed without a signature.
        let mut full = ServerConfig::clone(&tls);
        full.send_tls13_tickets = 0;
        let server = Server::https_as(full.into(), move |exchange| {
            let is_third = exchange.request.target.contains("/3");
            if exchange.request.method == "GET" {
                // Others each time.
                let id = format!("ASIAIOSFODNN7{:07}", exchange.number);
                let answer = CREDENTIALS.replace("ASIAIOSFODNN7EXAMPLE", &id);
                exchange.answer("200 OK", &[], answer.as_bytes());
            } else if is_third && meet.send(()).is_ok() && meet.send(()).is_ok() {
                let expired = "<Error><Code>ExpiredToken</Code></Error>";
                exchange.answer("400 Bad Request", &[], expired.as_bytes());
            } else {
                exchange.answer("200 OK", &["etag: \"x\""], b"");
            }
        });
        Self { server, third }
    }

    /// Uploads four files, and does something while the third is under way.
    fn put(self, device: &Device<'_>, cloud: &Cloud, meanwhile: impl FnOnce()) -> Outcome {
        let files = (1..=4).map(|number| cloud.file(&number.to_string(), "x"));
        let put = device.program().args(["-v", "put", "--jobs=1"]).args(files);
        let put = put
            .arg("s3://demo/in/")
            .env("SEALIFT_S3_ENDPOINT", self.server.url())
            .env(
                "SEALIFT_CREDENTIALS_ENDPOINT",
                self.server.address().to_string(),
            );
        let running = put.start();
        self.third.recv_timeout(TIMEOUT).unwrap();
        meanwhile();
        self.third.recv_timeout(TIMEOUT).unwrap();
        drop(self.third);
        running.end()
    }
}

#[test]
fn a_token_that_was_away_for_a_moment_is_opened_again() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let device = Device::with_token(&cloud, &token, "own", "p256");
    let outcome = Store::start(&cloud).put(&device, &cloud, || {
        token.pull_out().unwrap();
        token.put_back().unwrap();
    });
    assert_eq!(outcome.done().lines().count(), 4);
}

#[test]
fn a_token_that_is_away_ends_the_run_and_the_next_one_goes_on_when_it_is_back() {
    let (cloud, token) = (Cloud::start(), Token::software().unwrap());
    let device = Device::with_token(&cloud, &token, "own", "p256");
    let outcome = Store::start(&cloud).put(&device, &cloud, || token.pull_out().unwrap());
    let key = format!("signing with the key {} failed", token.uri("own"));
    outcome.failed(
        1,
        &[
            "3: cannot get credentials",
            "the device's key did not sign it",
            &key,
            "libsofthsm2.so has no such token; it has none",
            "1 of 4 files were not tried",
        ],
    );
    assert_eq!(outcome.stdout.lines().count(), 2);
    token.put_back().unwrap();
    let again = device.program().args(["put", "-", "s3://demo/k"]);
    again.run_with(b"x").done();
}
