//! What an object is given besides its bytes, and who may give it.

use crate::support::{Cloud, Response, S3, crc64nvme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Md5};

type Fields<'a> = &'a [(&'a str, &'a str)];

/// Stores an object at once and another by parts, and answers what the
/// requests were answered that took the headers.
async fn store(s3: &S3, headers: Fields<'_>) -> [Response; 2] {
    let sum = crc64nvme(b"bytes");
    let with_sum = [headers, &[("x-amz-checksum-crc64nvme", sum.as_str())]].concat();
    let put = s3.call("PUT", "/demo/single", &with_sum, b"bytes").await;
    let created = s3.call("POST", "/demo/parts?uploads", headers, b"").await;
    [put, created]
}

async fn finish(s3: &S3, created: &Response, part_headers: Fields<'_>) -> [Response; 2] {
    let path = format!("/demo/parts?uploadId={}", created.element("UploadId"));
    let target = format!("{path}&partNumber=1");
    let part = s3.call("PUT", &target, part_headers, b"bytes").await;
    assert_eq!(part.status, 200, "{part:?}");
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
         </CompleteMultipartUpload>",
        part.header("etag").replace('"', "&quot;")
    );
    let completed = s3.call("POST", &path, &[], list.as_bytes()).await;
    assert_eq!(completed.status, 200, "{completed:?}");
    [part, completed]
}

#[tokio::test]
async fn headers_come_back_from_objects_of_either_making() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let headers = [
        ("cache-control", "max-age=60"),
        ("content-disposition", "attachment; filename=\"a b.csv\""),
        ("content-language", "ja"),
        ("content-type", "text/csv"),
        ("expires", "Wed, 21 Oct 2037 07:28:00 GMT"),
        ("x-amz-meta-sensor", "a7"),
        ("x-amz-storage-class", "GLACIER_IR"),
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        (
            "x-amz-object-lock-retain-until-date",
            "2099-01-01T00:00:00Z",
        ),
        ("x-amz-object-lock-legal-hold", "ON"),
    ];
    let coding = ("content-encoding", "gzip,aws-chunked");
    let also = [coding, ("x-amz-request-payer", "requester")];
    let [put, created] = store(&s3, &[&headers[..], &also].concat()).await;
    assert_eq!(
        (put.status.as_u16(), created.status.as_u16()),
        (200, 200),
        "{put:?}"
    );
    finish(&s3, &created, &[]).await;
    for path in ["/demo/single", "/demo/parts"] {
        let head = s3
            .call("HEAD", path, &[("x-amz-checksum-mode", "ENABLED")], b"")
            .await;
        for (name, value) in headers {
            assert_eq!(head.header(name), value, "{path}");
        }
        assert_eq!(head.header("content-encoding"), "gzip");
        assert_eq!(head.header("x-amz-checksum-crc64nvme"), crc64nvme(b"bytes"));
        assert_eq!(head.header("x-amz-checksum-type"), "FULL_OBJECT");
        let retention = s3.get(&format!("{path}?retention")).await;
        assert_eq!(retention.element("Mode"), "GOVERNANCE");
        assert!(
            retention
                .element("RetainUntilDate")
                .starts_with("2099-01-01T00:00:00")
        );
        let hold = s3.get(&format!("{path}?legal-hold")).await;
        assert_eq!(hold.element("Status"), "ON");
    }
    let listed = s3.get("/demo?list-type=2").await;
    assert_eq!(
        listed.elements("StorageClass"),
        ["GLACIER_IR", "GLACIER_IR"]
    );
}

#[tokio::test]
async fn what_was_not_given_is_not_there() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    s3.put("/demo/a", b"1").await;
    for query in ["retention", "legal-hold"] {
        let answer = s3.get(&format!("/demo/a?{query}")).await;
        assert_eq!(answer.error(), (404, "NoSuchObjectLockConfiguration"));
        let missing = s3.get(&format!("/demo/b?{query}")).await;
        assert_eq!(missing.error(), (404, "NoSuchKey"));
    }
    assert!(s3.get("/demo/a?tagging").await.elements("Tag").is_empty());
    let acl = s3.get("/demo/a?acl").await;
    assert_eq!(acl.elements("Permission"), ["FULL_CONTROL"]);
}

#[tokio::test]
async fn tags_and_acls_are_told_by_their_own_operations() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let headers = [
        ("x-amz-tagging", "site=T%C5%8Dky%C5%8D&line=a+b&empty="),
        ("x-amz-acl", "public-read"),
    ];
    let [_, created] = store(&s3, &headers).await;
    finish(&s3, &created, &[]).await;
    for path in ["/demo/single", "/demo/parts"] {
        let tagging = s3.get(&format!("{path}?tagging")).await;
        assert_eq!(tagging.elements("Key"), ["site", "line", "empty"]);
        assert_eq!(tagging.elements("Value")[..2], ["Tōkyō", "a b"]);
        let head = s3.call("HEAD", path, &[], b"").await;
        assert_eq!(head.header("x-amz-tagging-count"), "3");
        let acl = s3.get(&format!("{path}?acl")).await;
        assert_eq!(acl.elements("Permission"), ["FULL_CONTROL", "READ"]);
        assert_eq!(acl.element("ID"), localcloud::ACCOUNT_ID);
    }
}

#[tokio::test]
async fn kms_encryption_is_echoed_at_every_step() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let key = "arn:aws:kms:ap-northeast-1:123456789012:key/0a1b";
    let context = STANDARD.encode(r#"{"device":"thing_x"}"#);
    let told = [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", key),
        ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
    ];
    let of_context = ("x-amz-server-side-encryption-context", context.as_str());
    let [put, created] = store(&s3, &[&told[..], &[of_context]].concat()).await;
    let [part, completed] = finish(&s3, &created, &[]).await;
    let single = s3.call("HEAD", "/demo/single", &[], b"").await;
    let parts = s3.call("HEAD", "/demo/parts", &[], b"").await;
    for answer in [&put, &created, &part, &completed, &single, &parts] {
        for (name, value) in told {
            assert_eq!(answer.header(name), value, "{answer:?}");
        }
    }
    for answer in [&put, &created] {
        assert_eq!(answer.header(of_context.0), of_context.1);
    }
    assert!(!single.headers.contains_key(of_context.0));

    let managed = s3.call("PUT", "/demo/a", &told[..1], b"1").await;
    assert!(managed.header(told[1].0).starts_with("arn:aws:kms:"));
    let plain = s3.put("/demo/a", b"1").await;
    assert_eq!(plain.header(told[0].0), "AES256");
}

struct OwnKey {
    key: String,
    md5: String,
}

impl OwnKey {
    fn new(byte: u8) -> Self {
        let mut md5 = Md5::new();
        md5.update(&[byte; 32]);
        Self {
            key: STANDARD.encode([byte; 32]),
            md5: STANDARD.encode(md5.finalize()),
        }
    }

    fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
            ("x-amz-server-side-encryption-customer-key", &self.key),
            ("x-amz-server-side-encryption-customer-key-md5", &self.md5),
        ]
    }
}

#[tokio::test]
async fn a_key_of_the_clients_own_is_demanded_again() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let (own, other) = (OwnKey::new(1), OwnKey::new(2));
    let [put, created] = store(&s3, &own.headers()).await;
    let upload = created.element("UploadId").to_owned();
    let target = format!("/demo/parts?partNumber=1&uploadId={upload}");
    for headers in [&[][..], &other.headers()] {
        let part = s3.call("PUT", &target, headers, b"bytes").await;
        assert_eq!(part.error(), (400, "InvalidRequest"));
    }
    let [part, _] = finish(&s3, &created, &own.headers()).await;
    for path in ["/demo/single", "/demo/parts"] {
        assert_eq!(s3.get(path).await.error(), (400, "InvalidRequest"));
        let wrong = s3.call("GET", path, &other.headers(), b"").await;
        assert_eq!(wrong.error(), (403, "AccessDenied"));
        let head = s3.call("HEAD", path, &[], b"").await;
        assert_eq!(head.status, 400);
        let got = s3.call("GET", path, &own.headers(), b"").await;
        assert_eq!(got.body, "bytes");
        for answer in [&got, &put, &created, &part] {
            assert_eq!(answer.header(own.headers()[0].0), "AES256");
            assert_eq!(answer.header(own.headers()[2].0), own.md5);
            assert!(!answer.headers.contains_key("x-amz-server-side-encryption"));
        }
    }
    // Nor is a key taken for what was made without one.
    s3.put("/demo/plain", b"1").await;
    let needless = s3.call("GET", "/demo/plain", &own.headers(), b"").await;
    assert_eq!(needless.error(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn a_key_that_does_not_fit_its_words_is_refused() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let own = OwnKey::new(1);
    let [algorithm, key, md5] = own.headers();
    let other = OwnKey::new(2);
    for (headers, code) in [
        (vec![algorithm, key], "InvalidArgument"),
        (vec![algorithm, md5], "InvalidArgument"),
        (vec![algorithm, key, (md5.0, &other.md5)], "InvalidArgument"),
        (vec![algorithm, (key.0, "c2hvcnQ="), md5], "InvalidArgument"),
        (
            vec![(algorithm.0, "DES"), key, md5],
            "InvalidEncryptionAlgorithmError",
        ),
        (
            vec![
                algorithm,
                key,
                md5,
                ("x-amz-server-side-encryption", "AES256"),
            ],
            "InvalidArgument",
        ),
    ] {
        let put = s3.call("PUT", "/demo/a", &headers, b"1").await;
        assert_eq!(put.error(), (400, code), "{headers:?}");
    }
    assert_eq!(cloud.cloud.counts().objects_put, 0);
}

#[tokio::test]
async fn a_lock_needs_a_checksum_and_a_future() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let hold = ("x-amz-object-lock-legal-hold", "ON");
    let bare = s3.call("PUT", "/demo/a", &[hold], b"1").await;
    assert_eq!(bare.error(), (400, "InvalidRequest"));
    let past = [
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        (
            "x-amz-object-lock-retain-until-date",
            "2020-01-01T00:00:00Z",
        ),
    ];
    let [put, created] = store(&s3, &past).await;
    assert_eq!(put.error(), (400, "InvalidArgument"));
    assert_eq!(created.error(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn each_attribute_needs_its_own_permission() {
    let date = (
        "x-amz-object-lock-retain-until-date",
        "2099-01-01T00:00:00Z",
    );
    for (action, headers) in [
        ("s3:PutObjectTagging", vec![("x-amz-tagging", "a=1")]),
        ("s3:PutObjectAcl", vec![("x-amz-acl", "private")]),
        (
            "s3:PutObjectRetention",
            vec![("x-amz-object-lock-mode", "GOVERNANCE"), date],
        ),
        (
            "s3:PutObjectLegalHold",
            vec![("x-amz-object-lock-legal-hold", "OFF")],
        ),
    ] {
        for (allow, status) in [
            (vec!["s3:PutObject"], 403),
            (vec!["s3:PutObject", action], 200),
        ] {
            let cloud = Cloud::with(|settings| {
                settings.allow = Some(allow.iter().map(|action| action.parse().unwrap()).collect());
            })
            .await;
            let s3 = cloud.s3().await;
            assert_eq!(s3.put("/demo/plain", b"1").await.status, 200);
            for answer in store(&s3, &headers).await {
                assert_eq!(answer.status, status, "{action}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_bucket_of_another_owner_is_denied() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    for (owner, statuses) in [
        (localcloud::ACCOUNT_ID, [200, 200]),
        ("210987654321", [403, 403]),
    ] {
        let answers = store(&s3, &[("x-amz-expected-bucket-owner", owner)]).await;
        assert_eq!(answers.map(|answer| answer.status.as_u16()), statuses);
    }
}
