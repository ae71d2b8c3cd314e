//! Every option on every request, what is refused, and what is never shown.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::s3::{PartNumber, UploadId};

fn read(list: &[(&str, &str)]) -> Result<Options, Error> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let mut settings = Settings::new(list.iter().map(owned).collect())?;
    let options = Options::from_settings(&mut settings)?;
    settings.finish()?;
    Ok(options)
}

fn headers(list: &[(&str, &str)], operation: Operation<'_>) -> Vec<String> {
    let headers = read(list).unwrap().headers(operation);
    let mut fields: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    fields.sort_unstable();
    fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

fn put(list: &[(&str, &str)]) -> Vec<String> {
    headers(list, Operation::PutObject)
}

fn refused(list: &[(&str, &str)]) -> Error {
    let error = read(list).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput, "{list:?}");
    error
}

const KEY: &str = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=";

/// The requests in the order of the test.
const REQUESTS: &str = "put create part complete abort list head";
/// Those that begin an object, and those that need its key.
const OBJECT: &str = "put create";
const KEYED: &str = "put create part complete list head";

/// Settings, what they become, and the requests that carry it (Amazon S3 API Reference, under
/// the name of each).
struct Case {
    settings: &'static [(&'static str, &'static str)],
    headers: &'static [&'static str],
    requests: &'static str,
}

const fn case(
    settings: &'static [(&'static str, &'static str)],
    headers: &'static [&'static str],
    requests: &'static str,
) -> Case {
    Case {
        settings,
        headers,
        requests,
    }
}

const CASES: &[Case] = &[
    case(
        &[("content-type", "text/csv; charset=utf-8")],
        &["content-type: text/csv; charset=utf-8"],
        OBJECT,
    ),
    case(
        &[("cache-control", "max-age=60, public")],
        &["cache-control: max-age=60, public"],
        OBJECT,
    ),
    case(
        &[(
            "content-disposition",
            "attachment; filename*=UTF-8''%e2%82%ac",
        )],
        &["content-disposition: attachment; filename*=UTF-8''%e2%82%ac"],
        OBJECT,
    ),
    case(
        &[("content-encoding", "gzip")],
        &["content-encoding: gzip"],
        OBJECT,
    ),
    case(
        &[("content-language", "de, en")],
        &["content-language: de, en"],
        OBJECT,
    ),
    case(
        &[("expires", "Sun, 06 Nov 1994 08:49:37 GMT")],
        &["expires: Sun, 06 Nov 1994 08:49:37 GMT"],
        OBJECT,
    ),
    case(
        &[("metadata", "Site=a%20b%26")],
        &["x-amz-meta-site: a b&"],
        OBJECT,
    ),
    case(
        &[("tags", "a%3D=1%20%C3%A4&b=")],
        &["x-amz-tagging: a%3D=1%20%C3%A4&b="],
        OBJECT,
    ),
    case(
        &[("acl", "bucket-owner-full-control")],
        &["x-amz-acl: bucket-owner-full-control"],
        OBJECT,
    ),
    case(
        &[("storage-class", "STANDARD_IA")],
        &["x-amz-storage-class: STANDARD_IA"],
        OBJECT,
    ),
    case(
        &[("storage-class", "cold!")],
        &["x-amz-storage-class: cold!"],
        OBJECT,
    ),
    case(
        &[("sse", "AES256")],
        &["x-amz-server-side-encryption: AES256"],
        OBJECT,
    ),
    case(
        &[("legal-hold", "ON")],
        &["x-amz-object-lock-legal-hold: ON"],
        OBJECT,
    ),
    case(
        &[
            ("sse", "aws:kms"),
            ("sse-kms-key-id", "alias/a"),
            ("sse-kms-context", "{ \"b\": \"2\", \"a\": \"1\" }"),
            ("sse-bucket-key", "true"),
        ],
        &[
            "x-amz-server-side-encryption: aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id: alias/a",
            "x-amz-server-side-encryption-bucket-key-enabled: true",
            "x-amz-server-side-encryption-context: eyJhIjoiMSIsImIiOiIyIn0=",
        ],
        OBJECT,
    ),
    case(
        &[("sse", "aws:kms:dsse"), ("sse-kms-key-id", "k")],
        &[
            "x-amz-server-side-encryption: aws:kms:dsse",
            "x-amz-server-side-encryption-aws-kms-key-id: k",
        ],
        OBJECT,
    ),
    case(
        &[
            ("object-lock-mode", "GOVERNANCE"),
            ("object-lock-retain-until", "2030-01-31T01:00:00+01:00"),
        ],
        &[
            "x-amz-object-lock-mode: GOVERNANCE",
            "x-amz-object-lock-retain-until-date: 2030-01-31T00:00:00Z",
        ],
        OBJECT,
    ),
    case(
        &[("sse-customer-key", KEY)],
        &[
            "x-amz-server-side-encryption-customer-algorithm: AES256",
            "x-amz-server-side-encryption-customer-key: \
             AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=",
            "x-amz-server-side-encryption-customer-key-md5: e6CPv/qPMDJ50TwBgu72pw==",
        ],
        KEYED,
    ),
    case(
        &[("if-none-match", "*")],
        &["if-none-match: *"],
        "put complete",
    ),
    case(
        &[("if-match", "ab-2")],
        &["if-match: \"ab-2\""],
        "put complete",
    ),
    case(
        &[("if-match", "\"ab-2\"")],
        &["if-match: \"ab-2\""],
        "put complete",
    ),
    case(
        &[("expected-bucket-owner", "111122223333")],
        &["x-amz-expected-bucket-owner: 111122223333"],
        REQUESTS,
    ),
    case(
        &[("request-payer", "requester")],
        &["x-amz-request-payer: requester"],
        REQUESTS,
    ),
];

#[test]
fn every_request_carries_what_it_is_documented_to_and_nothing_else() {
    let upload: UploadId = "u".parse().unwrap();
    let upload = &upload;
    let number = PartNumber::FIRST;
    let operations = [
        Operation::PutObject,
        Operation::CreateMultipartUpload,
        Operation::UploadPart { upload, number },
        Operation::CompleteMultipartUpload { upload },
        Operation::AbortMultipartUpload { upload },
        Operation::ListParts {
            upload,
            after: None,
        },
        Operation::HeadObject,
    ];
    for case in CASES {
        for (operation, name) in operations.into_iter().zip(REQUESTS.split(' ')) {
            let carried = case.requests.split(' ').any(|request| request == name);
            let expected = if carried { case.headers } else { &[] };
            assert_eq!(headers(case.settings, operation), expected, "{name}");
        }
    }
}

#[test]
fn without_options_no_header_is_sent() {
    assert_eq!(put(&[]), Vec::<String>::new());
    assert_eq!(put(&[("metadata", ""), ("tags", "")]), Vec::<String>::new());
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (setting, value) in [
        ("content-type", ""),
        ("content-type", "csv"),
        ("content-type", "text/ csv"),
        ("content-type", "a\r\nb: c"),
        ("content-type", "text/ä"),
        ("cache-control", " no-store"),
        ("cache-control", "no-store\n"),
        ("content-disposition", "attachment; filename=\"ä\""),
        ("content-encoding", "gzip, aws-chunked"),
        ("content-encoding", "gzip,,br"),
        ("expires", "1994-11-06"),
        ("acl", "public"),
        ("acl", "log-delivery-write"),
        ("storage-class", "standard-ia"),
        ("storage-class", ""),
        ("storage-class", "A B"),
        ("legal-hold", "on"),
        ("sse", "aes256"),
        ("expected-bucket-owner", "1111-2222-3333"),
        ("request-payer", "owner"),
        ("if-none-match", "\"etag\""),
        ("if-match", "*"),
        ("if-match", "W/\"a\""),
        ("if-match", "\"a"),
        ("if-match", "a\"b"),
        ("if-match", ""),
    ] {
        let error = refused(&[(setting, value)]);
        let start = format!("setting `{setting}`: ");
        assert!(error.message.starts_with(&start), "{error}");
    }
    for (setting, value) in [
        ("object-lock-mode", "governance"),
        ("object-lock-retain-until", "2030-01-31"),
    ] {
        let date = ("object-lock-retain-until", "2030-01-31T00:00:00Z");
        let mode = ("object-lock-mode", "COMPLIANCE");
        let other = if setting == mode.0 { date } else { mode };
        refused(&[(setting, value), other]);
    }
    for context in ["", "[]", "{\"a\":1}", "{\"a\":\"1\"", "\"a\""] {
        refused(&[("sse", "aws:kms"), ("sse-kms-context", context)]);
    }
    refused(&[("sse", "aws:kms"), ("sse-bucket-key", "yes")]);
}

#[test]
fn contradictions_are_refused_with_a_cure() {
    let customer = ("sse-customer-key", KEY);
    for list in [
        [customer, ("sse", "aws:kms")].as_slice(),
        &[customer, ("sse", "AES256")],
        &[customer, ("sse-kms-key-id", "k")],
        &[customer, ("sse-bucket-key", "true")],
        &[("sse-kms-key-id", "k")],
        &[("sse-kms-context", "{}")],
        &[("sse-bucket-key", "true")],
        &[("sse", "AES256"), ("sse-kms-key-id", "k")],
        &[("sse", "aws:kms:dsse"), ("sse-bucket-key", "true")],
        &[("object-lock-mode", "GOVERNANCE")],
        &[("object-lock-retain-until", "2030-01-31T00:00:00Z")],
        &[("if-match", "a"), ("if-none-match", "*")],
    ] {
        assert!(refused(list).cure.is_some(), "{list:?}");
    }
}

#[test]
fn a_storage_class_in_other_letters_is_told_in_the_right_ones() {
    let error = refused(&[("storage-class", "glacier-ir")]);
    assert_eq!(error.cure.as_deref(), Some("write GLACIER_IR"));
}

#[test]
fn metadata_keeps_to_what_a_header_can_carry() {
    for text in [
        "a", "=1", "a%20b=1", "%C3%A4=1", "a=%C3%A4", "a=%0A", "a=%20b", "a=b+c", "a=%", "a=%+1",
        "a=%FF", "a=1&A=2", "a=1&",
    ] {
        refused(&[("metadata", text)]);
    }
    let just = format!("a={}", "x".repeat(2047));
    assert_eq!(put(&[("metadata", &just)]).len(), 1);
    refused(&[("metadata", &(just + "x"))]);
}

#[test]
fn tags_keep_to_the_limits_of_s3() {
    let many = |count| {
        let tags: Vec<_> = (0..count).map(|tag| format!("{tag}=")).collect();
        tags.join("&")
    };
    assert_eq!(put(&[("tags", &many(10))]).len(), 1);
    let long = format!("{}={}", "%C3%A4".repeat(128), "x".repeat(256));
    assert_eq!(put(&[("tags", &long)]).len(), 1);
    for text in [
        many(11),
        "=1".to_owned(),
        "a=1&a=2".to_owned(),
        "aws:a=1".to_owned(),
        "a".to_owned(),
        "a=b+c".to_owned(),
        format!("{}=", "x".repeat(129)),
        format!("a={}", "x".repeat(257)),
        format!("a={}", "%F0%9F%90%8B".repeat(129)),
    ] {
        refused(&[("tags", &text)]);
    }
}

#[test]
fn tags_have_one_form_however_they_came() {
    let one = put(&[("tags", "a=b%2fc-d:e")]);
    assert_eq!(one, put(&[("tags", "%61=b/c-d%3Ae")]));
    assert_eq!(one, ["x-amz-tagging: a=b%2Fc-d%3Ae"]);
}

#[test]
fn a_customers_key_is_never_shown() {
    let options = read(&[("sse-customer-key", KEY)]).unwrap();
    let headers = options.headers(Operation::PutObject);
    let values = headers.iter().filter(|(_, value)| value.is_sensitive());
    assert_eq!(values.count(), 2);
    for shown in [format!("{options:?}"), format!("{headers:?}")] {
        assert!(
            !shown.contains("AAEC") && !shown.contains("e6CP"),
            "{shown}"
        );
    }
    for key in ["AAEC", "hush", &KEY[..KEY.len() - 4], "AAECAwQFBgcICQoL="] {
        let error = refused(&[("sse-customer-key", key)]);
        assert!(!error.message.contains(key), "{error}");
    }
}

#[test]
fn a_customers_key_does_not_travel_in_the_clear() {
    let options = read(&[("sse-customer-key", KEY)]).unwrap();
    let at = |endpoint: &str| {
        let list = vec![
            ("region".to_owned(), "eu-west-1".to_owned()),
            ("endpoint".to_owned(), endpoint.to_owned()),
        ];
        Store::from_settings(&mut Settings::new(list).unwrap()).unwrap()
    };
    assert_eq!(options.check(&at("https://h"), true), Ok(()));
    let error = options.check(&at("http://h"), true).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(error.cure.unwrap().contains("https://"));
    let others = read(&[("sse", "AES256")]).unwrap();
    assert_eq!(others.check(&at("http://h"), false), Ok(()));
}

#[test]
fn a_lock_needs_a_checksum() {
    let store = Store::aws("eu-west-1".parse().unwrap(), "amazonaws.com").unwrap();
    let retention = [
        ("object-lock-mode", "COMPLIANCE"),
        ("object-lock-retain-until", "2030-01-31T00:00:00Z"),
    ];
    for list in [retention.as_slice(), &[("legal-hold", "ON")]] {
        let options = read(list).unwrap();
        assert_eq!(options.check(&store, true), Ok(()));
        let error = options.check(&store, false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert!(error.cure.unwrap().contains("`checksum`"));
    }
}

proptest! {
    #[test]
    fn what_is_accepted_can_be_sent_and_signed(
        setting in prop::sample::select(vec![
            "content-type", "cache-control", "content-encoding", "expires", "metadata", "tags",
            "acl", "storage-class", "if-match", "object-lock-retain-until", "sse-kms-context",
        ]),
        value in "\\PC{0,16}|[a-z%=&+0-9 /;,\"*]{0,16}",
    ) {
        if let Ok(options) = read(&[(setting, &value)]) {
            for value in options.headers(Operation::PutObject).values() {
                prop_assert!(value.to_str().is_ok());
            }
        }
    }
}
