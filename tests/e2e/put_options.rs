//! How objects are uploaded: what is refused before anything is sent, and what arrives.

use sealift_tests::{Cloud, Program, Request, Server, tls};

/// A `put` of a file that would work without these options.
fn put(cloud: &Cloud, options: &[&str]) -> Program {
    let file = cloud.file("measurements.csv", "1;2;3\n");
    let put = Program::on(cloud).arg("put").arg(file).arg("s3://demo/k");
    put.args(options)
}

/// The usage is wrong, and nothing was sent to anybody.
#[track_caller]
fn refused(options: &[&str], told: &[&str]) {
    let cloud = Cloud::start();
    put(&cloud, options).run().failed(2, told);
    let counts = cloud.counts();
    assert_eq!((counts.provider_requests, counts.s3_requests), (0, 0));
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for (options, told) in [
        (
            vec!["--if-match", "a", "--no-overwrite"],
            "cannot be used with",
        ),
        (
            vec!["--content-type", "a/b", "--no-guess-mime-type"],
            "cannot be used with",
        ),
        (vec!["--sse", "--sse-c-key", "f"], "cannot be used with"),
        (
            vec!["--checksum", "none", "--checksum-placement", "header"],
            "--checksum none",
        ),
    ] {
        refused(&options, &["error: ", told]);
    }
}

#[test]
fn options_that_need_others_are_refused_alone() {
    for (options, told) in [
        (vec!["--sse-kms-key-id", "k"], "--sse aws:kms"),
        (
            vec!["--sse", "AES256", "--sse-kms-context", "{}"],
            "--sse aws:kms",
        ),
        (
            vec!["--sse", "aws:kms:dsse", "--bucket-key-enabled"],
            "--sse aws:kms alone",
        ),
        (
            vec!["--object-lock-mode", "GOVERNANCE"],
            "--object-lock-retain-until",
        ),
        (
            vec!["--object-lock-retain-until", "2027-01-31T12:00:00Z"],
            "--object-lock-mode",
        ),
    ] {
        refused(&options, &["error: ", told]);
    }
}

#[test]
fn values_that_s3_could_not_take_are_refused() {
    for (option, value, told) in [
        ("--content-type", "csv", "not a media type such as text/csv"),
        (
            "--cache-control",
            "a\r\nx-amz-acl: public-read",
            "header field",
        ),
        ("--expires", "soon", "not a date such as"),
        ("--metadata", "plant", "write KEY=VALUE"),
        ("--tag", "=x", "1 to 128 characters"),
        ("--acl", "everybody", "public-read"),
        ("--storage-class", "cold", "not a storage class"),
        ("--sse", "rot13", "AES256"),
        ("--part-size", "1MiB", "5MiB to 5GiB"),
        ("--part-size", "8MB", "no unit of size"),
        ("--concurrency", "0", "0 is not in 1..=64"),
        ("--jobs", "65", "65 is not in 1..=64"),
        ("--deadline", "90", "not a duration such as"),
        ("--checksum", "md5", "crc64nvme"),
        ("--expected-bucket-owner", "me", "12 digits"),
        ("--exclude", "a[b", "a[b"),
    ] {
        refused(&[option, value], &["error: ", told]);
    }
}

#[test]
fn a_file_without_a_key_is_refused_and_not_shown() {
    let cloud = Cloud::start();
    let key = cloud.file("key", "too short to be a key");
    let outcome = put(&cloud, &["--sse-c-key", key.to_str().unwrap()]).run();
    outcome.failed(2, &["does not hold a key of 32 bytes"]);
    assert!(!outcome.stderr.contains("too short"), "{}", outcome.stderr);
    assert_eq!(cloud.counts().s3_requests, 0);
}

/// The `PUT`s that a store sees of calls with these options, one after the other.
fn seen(calls: &[&[&str]]) -> Vec<Request> {
    let cloud = Cloud::start();
    let authority = cloud.authority();
    let identity = tls(
        authority,
        authority,
        &["127.0.0.1"],
        localcloud::Validity::default(),
    );
    let store = Server::aws(identity, |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    for options in calls {
        let put = put(&cloud, options).env("SEALIFT_S3_ENDPOINT", store.url());
        put.run().done();
    }
    let requests = store.requests().into_iter();
    requests.filter(|seen| seen.method == "PUT").collect()
}

#[test]
fn the_content_type_is_guessed_from_the_name() {
    let seen = seen(&[&[], &["--no-guess-mime-type"]]);
    let kinds: Vec<_> = seen
        .iter()
        .map(|request| request.header("content-type"))
        .collect();
    assert_eq!(kinds, [Some("text/csv"), None]);
}

#[test]
fn what_is_asked_for_arrives() {
    let [request] = seen(&[&[
        "--cache-control=max-age=60",
        "--expires=2027-01-31T12:00:00Z",
        "--metadata=plant=Werk 7",
        "--tag=a=b c",
        "--storage-class=GLACIER_IR",
        "--acl=bucket-owner-full-control",
        "--sse=aws:kms",
        "--sse-kms-key-id=alias/gateway",
        "--bucket-key-enabled",
        "--legal-hold=on",
        "--no-overwrite",
        "--request-payer",
    ]])
    .try_into()
    .unwrap();
    for (header, value) in [
        ("cache-control", "max-age=60"),
        ("expires", "Sun, 31 Jan 2027 12:00:00 GMT"),
        ("x-amz-meta-plant", "Werk 7"),
        ("x-amz-tagging", "a=b%20c"),
        ("x-amz-storage-class", "GLACIER_IR"),
        ("x-amz-acl", "bucket-owner-full-control"),
        ("x-amz-server-side-encryption", "aws:kms"),
        (
            "x-amz-server-side-encryption-aws-kms-key-id",
            "alias/gateway",
        ),
        ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
        ("x-amz-object-lock-legal-hold", "ON"),
        ("if-none-match", "*"),
        ("x-amz-request-payer", "requester"),
    ] {
        assert_eq!(request.header(header), Some(value), "{header}");
    }
}

#[test]
fn an_option_beats_the_configuration() {
    let seen = seen(&[
        &[],
        &["--checksum=sha256", "--checksum-placement=header"],
        &["--checksum=none"],
    ]);
    let sums: Vec<_> = seen
        .iter()
        .map(|request| {
            let trailer = request.header("x-amz-trailer");
            (trailer, request.header("x-amz-checksum-sha256").is_some())
        })
        .collect();
    let trailer = Some("x-amz-checksum-crc64nvme");
    assert_eq!(sums, [(trailer, false), (None, true), (None, false)]);
}
