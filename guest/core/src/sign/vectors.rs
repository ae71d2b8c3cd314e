//! The official test suite, run through our own signing.
//!
//! Each case is signed as its `context.json` says and must give the suite's `Authorization`
//! header, and with it the suite's canonical request and string to sign, which it is a hash of.
//!
//! Settings that cases need besides their context:
//! - `get-space-*` and `get-utf8` are about a path that is encoded once in all, which for us
//!   is the wire's encoding: they are signed without the second one;
//! - `double-*` come without a context, which is below.
//!
//! No case is left out.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::HeaderName;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use super::*;
use crate::clock;

/// How many cases the folder must have, so that a lost folder is not a passed test.
const CASES: usize = 40;

#[test]
fn every_vector_gives_the_official_authorization() {
    let mut signed = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/v4");
    for entry in fs::read_dir(folder).unwrap() {
        Case::read(&entry.unwrap().path()).run();
        signed += 1;
    }
    assert_eq!(signed, CASES);
}

struct Case {
    name: String,
    context: Context,
    input: Message,
    expected: Message,
}

#[derive(Deserialize)]
struct Context {
    credentials: Keys,
    normalize: bool,
    region: String,
    service: String,
    sign_body: bool,
    timestamp: String,
    #[serde(default)]
    omit_session_token: bool,
}

#[derive(Deserialize)]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

/// The contexts of the two cases that come without one: the keys are those of the suite and
/// of `aws-credential-types`' tests, the rest is in their signed requests.
fn missing_context(name: &str) -> Option<Context> {
    let (id, secret, region, service, timestamp) = match name {
        "double-encode-path" => (
            "ANOTREAL",
            "notrealrnrELgWzOk3IfjzDKtFBhDby",
            "us-east-1",
            "service",
            "2015-08-30T12:36:00Z",
        ),
        "double-url-encode" => (
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "us-east-2",
            "lambda",
            "2021-05-11T15:40:45Z",
        ),
        _ => return None,
    };
    Some(Context {
        credentials: Keys {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            token: None,
        },
        normalize: true,
        region: region.to_owned(),
        service: service.to_owned(),
        sign_body: false,
        timestamp: timestamp.to_owned(),
        omit_session_token: false,
    })
}

impl Case {
    fn read(folder: &Path) -> Self {
        let read = |file: &str| fs::read_to_string(folder.join(file));
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let context = missing_context(&name)
            .unwrap_or_else(|| serde_json::from_str(&read("context.json").unwrap()).unwrap());
        Self {
            context,
            input: Message::parse(&read("request.txt").unwrap()),
            expected: Message::parse(&read("header-signed-request.txt").unwrap()),
            name,
        }
    }

    fn run(&self) {
        let Self { context, name, .. } = self;
        let scope = Scope {
            region: &context.region,
            service: &context.service,
        };
        let payload = Payload::Bytes(self.input.body.as_bytes());
        let keys = &context.credentials;
        let credentials = Credentials::new(
            keys.access_key_id.clone(),
            keys.secret_access_key.clone(),
            keys.token.clone(),
            None,
        )
        .unwrap();
        let now = clock::rfc3339(&context.timestamp).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.try_into().unwrap());
        let mut request = self.input.to_request();
        let settings = self.settings(settings(scope, payload));
        sign_with(settings, &mut request, payload, &credentials, scope, now).unwrap();
        let authorized = |(header, _)| header == header::AUTHORIZATION;
        assert!(self.expected.signature().any(authorized), "{name}");
        for (name_of_header, value) in self.expected.signature() {
            let ours = request.headers().get(&name_of_header);
            let ours = ours.map(|ours| ours.to_str().unwrap());
            assert_eq!(ours, Some(value), "{name}: {name_of_header}");
        }
    }

    fn settings(&self, mut settings: SigningSettings) -> SigningSettings {
        settings.uri_path_normalization_mode = self.context.normalize.into();
        if self.context.omit_session_token {
            settings.session_token_mode = SessionTokenMode::Exclude;
        }
        if self.context.sign_body {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if self.name.starts_with("get-space-") || self.name == "get-utf8" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
        }
        settings
    }
}

/// An HTTP/1.1 message as the suite writes it.
struct Message {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Message {
    fn parse(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let (line, fields) = head.trim_end().split_once('\n').unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let mut headers: Vec<(String, String)> = Vec::new();
        for field in fields.lines() {
            if field.starts_with(' ') {
                // RFC 9112 §5.2: a folded line continues the value.
                headers.last_mut().unwrap().1.push_str(field);
            } else {
                let (name, value) = field.split_once(':').unwrap();
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Self {
            method: method.to_owned(),
            target: target
                .strip_suffix(" HTTP/1.1")
                .unwrap_or(target)
                .to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    fn to_request(&self) -> Request<()> {
        /// What a URI cannot hold.
        const RAW: &AsciiSet = &CONTROLS.add(b' ');
        let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("host");
        let host = &self.headers.iter().find(named).unwrap().1;
        let target = utf8_percent_encode(&self.target, RAW);
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("https://{host}{target}"));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(()).unwrap()
    }

    /// The headers that signing adds.
    fn signature(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let headers = self.headers.iter();
        let named = headers.map(|(name, value)| (name.parse().unwrap(), value.as_str()));
        named.filter(|(name, _)| SIGNATURE.contains(name))
    }
}
