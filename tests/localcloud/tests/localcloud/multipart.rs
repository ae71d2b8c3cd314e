//! Multipart uploads, also ones that go on under other credentials.

use crate::support::{Cloud, Response, S3, crc64nvme};

const MIB: usize = 1024 * 1024;

/// A multipart upload to one key.
struct Upload {
    s3: S3,
    path: String,
    id: String,
}

impl Upload {
    async fn create(s3: &S3, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = s3
            .call("POST", &format!("{path}?uploads"), headers, b"")
            .await;
        assert_eq!(response.status, 200, "{response:?}");
        let id = response.element("UploadId").to_owned();
        Self {
            s3: s3.clone(),
            path: path.to_owned(),
            id,
        }
    }

    fn target(&self, query: &str) -> String {
        format!("{}?{query}uploadId={}", self.path, self.id)
    }

    async fn part(&self, number: u32, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let path = self.target(&format!("partNumber={number}&"));
        self.s3.call("PUT", &path, headers, body).await
    }

    async fn complete(&self, parts: &[(u32, &str)], headers: &[(&str, &str)]) -> Response {
        let parts: Vec<String> = parts
            .iter()
            .map(|(number, rest)| format!("<Part><PartNumber>{number}</PartNumber>{rest}</Part>"))
            .collect();
        let parts = parts.concat();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        self.s3
            .call("POST", &self.target(""), headers, body.as_bytes())
            .await
    }
}

fn etag(response: &Response) -> String {
    format!(
        "<ETag>{}</ETag>",
        response.header("etag").replace('"', "&quot;")
    )
}

#[tokio::test]
async fn parts_become_one_object() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let headers = [("x-amz-meta-owner", "me"), ("content-type", "text/plain")];
    let upload = Upload::create(&s3, "/demo/dir/big", &headers).await;
    let (first, last) = (vec![1; 5 * MIB], vec![2; MIB]);
    let sum = crc64nvme(&first);
    // Out of order, and one of them twice.
    let two = upload.part(2, &[], &last).await;
    upload.part(1, &[], b"replaced").await;
    let one = upload
        .part(1, &[("x-amz-checksum-crc64nvme", &sum)], &first)
        .await;
    assert_eq!(one.header("x-amz-checksum-crc64nvme"), sum);
    assert!(!cloud.cloud.paths().objects.join("demo/dir/big").exists());

    let whole = [first, last].concat();
    let (size, sum) = (whole.len().to_string(), crc64nvme(&whole));
    let headers = [
        ("x-amz-mp-object-size", size.as_str()),
        ("x-amz-checksum-crc64nvme", sum.as_str()),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    let done = upload
        .complete(&[(1, &etag(&one)), (2, &etag(&two))], &headers)
        .await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.element("ChecksumCRC64NVME"), sum);
    assert!(done.element("ETag").contains("-2"));
    let got = s3
        .call(
            "GET",
            "/demo/dir/big",
            &[("x-amz-checksum-mode", "ENABLED")],
            b"",
        )
        .await;
    assert_eq!(got.body, whole);
    assert_eq!(got.header("x-amz-meta-owner"), "me");
    assert_eq!(got.header("x-amz-checksum-crc64nvme"), sum);
    let second = s3.get("/demo/dir/big?partNumber=2").await;
    assert_eq!((second.status.as_u16(), second.body.len()), (206, MIB));
    assert_eq!(second.header("x-amz-mp-parts-count"), "2");
    assert_eq!(cloud.cloud.counts().objects_put, 1);
    let gone = s3.get(&upload.target("")).await;
    assert_eq!(gone.error(), (404, "NoSuchUpload"));
}

#[tokio::test]
async fn an_upload_goes_on_with_new_credentials() {
    let cloud = Cloud::start().await;
    let mut upload = Upload::create(&cloud.s3().await, "/demo/a", &[]).await;
    let one = upload.part(1, &[], b"bytes").await;
    upload.s3 = cloud.s3().await;
    let listed = upload.s3.get(&upload.target("")).await;
    assert_eq!(listed.elements("PartNumber"), ["1"]);
    assert_eq!(upload.complete(&[(1, &etag(&one))], &[]).await.status, 200);
}

#[tokio::test]
async fn an_unknown_upload_is_no_such_upload_whatever_is_asked() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let upload = Upload::create(&s3, "/demo/a", &[]).await;
    let other_key = Upload {
        s3: s3.clone(),
        path: "/demo/b".to_owned(),
        id: upload.id.clone(),
    };
    let up = Upload {
        s3: s3.clone(),
        path: "/demo/a".to_owned(),
        id: "..%2F..".to_owned(),
    };
    for wrong in [other_key, up] {
        let no_such_upload = (404, "NoSuchUpload");
        assert_eq!(wrong.part(1, &[], b"1").await.error(), no_such_upload);
        let completed = wrong.complete(&[(1, "<ETag>x</ETag>")], &[]).await;
        assert_eq!(completed.error(), no_such_upload);
        assert_eq!(s3.get(&wrong.target("")).await.error(), no_such_upload);
        let aborted = s3.call("DELETE", &wrong.target(""), &[], b"").await;
        assert_eq!(aborted.error(), no_such_upload);
    }
}

#[tokio::test]
async fn a_part_with_a_wrong_checksum_is_not_kept() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let upload = Upload::create(&s3, "/demo/a", &[]).await;
    let bad = upload
        .part(1, &[("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")], b"1")
        .await;
    assert_eq!(bad.error(), (400, "BadDigest"));
    assert!(
        s3.get(&upload.target(""))
            .await
            .elements("PartNumber")
            .is_empty()
    );
    for number in [0, 10_001] {
        assert_eq!(
            upload.part(number, &[], b"1").await.error(),
            (400, "InvalidArgument")
        );
    }
}

#[tokio::test]
async fn a_completion_that_does_not_fit_changes_nothing() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let upload = Upload::create(&s3, "/demo/a", &[]).await;
    let one = etag(&upload.part(1, &[], b"small").await);
    let two = etag(&upload.part(2, &[], b"last").await);
    let other = "<ETag>\"00000000000000000000000000000000\"</ETag>";

    let none = upload.complete(&[], &[]).await;
    assert_eq!(none.error(), (400, "MalformedXML"));
    let order = upload.complete(&[(2, &two), (1, &one)], &[]).await;
    assert_eq!(order.error(), (400, "InvalidPartOrder"));
    let missing = upload.complete(&[(1, &one), (3, &two)], &[]).await;
    assert_eq!(missing.error(), (400, "InvalidPart"));
    let etag = upload.complete(&[(1, other)], &[]).await;
    assert_eq!(etag.error(), (400, "InvalidPart"));
    let sum = format!("{one}<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>");
    let part_sum = upload.complete(&[(1, &sum)], &[]).await;
    assert_eq!(part_sum.error(), (400, "InvalidPart"));
    let small = upload.complete(&[(1, &one), (2, &two)], &[]).await;
    assert_eq!(small.error(), (400, "EntityTooSmall"));
    let size = upload
        .complete(&[(1, &one)], &[("x-amz-mp-object-size", "6")])
        .await;
    assert_eq!(size.error(), (400, "InvalidRequest"));
    let wrong = [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")];
    let whole_sum = upload.complete(&[(1, &one)], &wrong).await;
    assert_eq!(whole_sum.error(), (400, "BadDigest"));
    s3.put("/demo/a", b"there").await;
    let taken = upload
        .complete(&[(1, &one)], &[("if-none-match", "*")])
        .await;
    assert_eq!(taken.error(), (412, "PreconditionFailed"));

    assert_eq!(s3.get("/demo/a").await.body, "there");
    assert_eq!(
        s3.get(&upload.target("")).await.elements("PartNumber"),
        ["1", "2"]
    );
    assert_eq!(upload.complete(&[(1, &one)], &[]).await.status, 200);
    assert_eq!(s3.get("/demo/a").await.body, "small");
}

#[tokio::test]
async fn a_composite_checksum_needs_the_parts_checksums() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let headers = [("x-amz-checksum-algorithm", "SHA256")];
    let upload = Upload::create(&s3, "/demo/a", &headers).await;
    let part = upload.part(1, &[], b"hello").await;
    let sum = part.header("x-amz-checksum-sha256").to_owned();
    let without = upload.complete(&[(1, &etag(&part))], &[]).await;
    assert_eq!(without.error(), (400, "InvalidRequest"));
    let mismatch = upload
        .part(2, &[("x-amz-checksum-crc32", "NhCmhg==")], b"hello")
        .await;
    assert_eq!(mismatch.error(), (400, "InvalidRequest"));
    let with = format!("{}<ChecksumSHA256>{sum}</ChecksumSHA256>", etag(&part));
    let done = upload.complete(&[(1, &with)], &[]).await;
    assert!(done.element("ChecksumSHA256").ends_with("-1"));
    assert_eq!(done.element("ChecksumType"), "COMPOSITE");
    let bad = [
        ("x-amz-checksum-algorithm", "SHA256"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    let refused = s3.call("POST", "/demo/a?uploads", &bad, b"").await;
    assert_eq!(refused.error(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let upload = Upload::create(&s3, "/demo/a", &[]).await;
    upload.part(1, &[], b"bytes").await;
    assert_eq!(
        s3.call("DELETE", &upload.target(""), &[], b"").await.status,
        204
    );
    assert_eq!(
        s3.get(&upload.target("")).await.error(),
        (404, "NoSuchUpload")
    );
    let left = std::fs::read_dir(cloud.dir.path().join(".meta/buckets/demo/uploads")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn parts_are_listed_with_etags_and_in_pages() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let upload = Upload::create(&s3, "/demo/a", &[]).await;
    let mut etags = vec![];
    for number in 1..=3 {
        let body = number.to_string();
        etags.push(
            upload
                .part(number, &[], body.as_bytes())
                .await
                .header("etag")
                .to_owned(),
        );
    }
    let page = s3.get(&upload.target("max-parts=2&")).await;
    assert_eq!(page.elements("PartNumber"), ["1", "2"]);
    let unescaped: Vec<String> = page
        .elements("ETag")
        .iter()
        .map(|etag| etag.replace("&quot;", "\""))
        .collect();
    assert_eq!(unescaped, etags[..2]);
    assert_eq!(page.element("IsTruncated"), "true");
    let marker = page.element("NextPartNumberMarker");
    let rest = s3
        .get(&upload.target(&format!("part-number-marker={marker}&")))
        .await;
    assert_eq!(rest.elements("PartNumber"), ["3"]);
    assert_eq!(rest.element("IsTruncated"), "false");
    assert_eq!(rest.element("ChecksumCRC64NVME"), crc64nvme(b"3"));
}

#[tokio::test]
async fn uploads_are_listed_in_pages() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    for key in ["a", "b", "c/d"] {
        Upload::create(&s3, &format!("/demo/{key}"), &[]).await;
    }
    let page = s3.get("/demo?uploads&max-uploads=2").await;
    assert_eq!(page.elements("Key"), ["a", "b"]);
    let (key, id) = (
        page.element("NextKeyMarker"),
        page.element("NextUploadIdMarker"),
    );
    let rest = s3
        .get(&format!(
            "/demo?uploads&key-marker={key}&upload-id-marker={id}"
        ))
        .await;
    assert_eq!(rest.elements("Key"), ["c/d"]);
    assert_eq!(
        s3.get("/demo?uploads&prefix=c").await.elements("Key"),
        ["c/d"]
    );
}
