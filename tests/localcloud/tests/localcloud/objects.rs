//! Objects and buckets: what is stored, found and listed.

use crate::support::{Cloud, crc64nvme};

#[tokio::test]
async fn what_is_put_is_what_comes_back() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let headers = [
        ("content-type", "text/csv"),
        ("content-encoding", "gzip"),
        ("cache-control", "no-store"),
        ("x-amz-meta-sensor", "a7"),
        ("x-amz-tagging", "site=tokyo&line=3"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ];
    let put = s3.call("PUT", "/demo/2026/data.csv", &headers, &body).await;
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(put.header("x-amz-checksum-crc64nvme"), crc64nvme(&body));
    assert_eq!(put.header("x-amz-checksum-type"), "FULL_OBJECT");
    assert_eq!(put.header("x-amz-server-side-encryption"), "AES256");
    let stored = std::fs::read(cloud.cloud.paths().objects.join("demo/2026/data.csv")).unwrap();
    assert_eq!(stored, body);

    let mode = [("x-amz-checksum-mode", "ENABLED")];
    let get = s3.call("GET", "/demo/2026/data.csv", &mode, b"").await;
    assert_eq!(get.body, body);
    let head = s3.call("HEAD", "/demo/2026/data.csv", &mode, b"").await;
    for answer in [&get, &head] {
        assert_eq!(answer.header("etag"), put.header("etag"));
        assert_eq!(answer.header("content-length"), "3000000");
        assert_eq!(answer.header("x-amz-checksum-crc64nvme"), crc64nvme(&body));
        assert_eq!(answer.header("x-amz-tagging-count"), "2");
        for (name, value) in &headers {
            if *name != "x-amz-tagging" {
                assert_eq!(answer.header(name), *value);
            }
        }
    }
    let plain = s3.get("/demo/2026/data.csv").await;
    assert!(!plain.headers.contains_key("x-amz-checksum-crc64nvme"));
}

#[tokio::test]
async fn conditional_writes_hold() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let put = |name: &'static str, value: String| {
        let s3 = s3.clone();
        async move {
            s3.call("PUT", "/demo/a", &[(name, value.as_str())], b"new")
                .await
        }
    };
    assert_eq!(
        put("if-match", "\"x\"".to_owned()).await.error(),
        (404, "NoSuchKey")
    );
    let first = put("if-none-match", "*".to_owned()).await;
    assert_eq!(first.status, 200);
    let again = put("if-none-match", "*".to_owned()).await;
    assert_eq!(again.error(), (412, "PreconditionFailed"));
    assert_eq!(
        put("if-match", "\"x\"".to_owned()).await.error(),
        (412, "PreconditionFailed")
    );
    assert_eq!(
        put("if-match", first.header("etag").to_owned())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn ranges_and_conditional_reads_hold() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let etag = s3
        .put("/demo/a", b"0123456789")
        .await
        .header("etag")
        .to_owned();
    let get = |name: &'static str, value: &str| {
        let (s3, value) = (s3.clone(), value.to_owned());
        async move { s3.call("GET", "/demo/a", &[(name, &value)], b"").await }
    };
    for (range, body, described) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
    ] {
        let response = get("range", range).await;
        assert_eq!((response.status.as_u16(), response.text()), (206, body));
        assert_eq!(response.header("content-range"), described);
    }
    assert_eq!(
        get("range", "bytes=10-").await.error(),
        (416, "InvalidRange")
    );
    assert_eq!(get("if-none-match", &etag).await.status, 304);
    assert_eq!(
        get("if-match", "\"x\"").await.error(),
        (412, "PreconditionFailed")
    );
    assert_eq!(get("if-match", &etag).await.status, 200);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    assert_eq!(
        s3.put("/nobucket/a", b"1").await.error(),
        (404, "NoSuchBucket")
    );
    assert_eq!(s3.get("/nobucket/a").await.error(), (404, "NoSuchBucket"));
    assert_eq!(s3.get("/demo/none").await.error(), (404, "NoSuchKey"));
    assert_eq!(s3.call("HEAD", "/demo/none", &[], b"").await.status, 404);
    assert_eq!(s3.call("DELETE", "/demo/none", &[], b"").await.status, 204);
    assert!(!cloud.cloud.paths().objects.join("nobucket").exists());
}

#[tokio::test]
async fn keys_are_literal_and_at_most_1024_bytes_long() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let paths = [
        "/demo/a%20b",
        "/demo/%2525",
        "/demo/%25",
        "/demo/../demo/a",
        "/demo//a",
        "/demo/a/",
        "/demo/a/../b",
        "/demo/%E6%97%A5%E6%9C%AC",
        "/demo/+",
    ];
    for path in paths {
        assert_eq!(s3.put(path, path.as_bytes()).await.status, 200, "{path}");
    }
    for path in paths {
        assert_eq!(s3.get(path).await.body, path, "{path}");
    }
    let longest = format!("/demo/{}", "k".repeat(1024));
    assert_eq!(s3.put(&longest, b"1").await.status, 200);
    assert_eq!(s3.get(&longest).await.body, "1");
    let too_long = format!("/demo/{}", "k".repeat(1025));
    assert_eq!(
        s3.put(&too_long, b"1").await.error(),
        (400, "KeyTooLongError")
    );
}

#[tokio::test]
async fn listings_are_sorted_grouped_and_paged() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    for key in ["a", "b/1", "b/2", "c", "d%20e"] {
        s3.put(&format!("/demo/{key}"), b"1").await;
    }
    let all = s3.get("/demo?list-type=2&encoding-type=url").await;
    assert_eq!(all.elements("Key"), ["a", "b/1", "b/2", "c", "d%20e"]);
    let grouped = s3.get("/demo?list-type=2&delimiter=%2F").await;
    assert_eq!(grouped.elements("Key"), ["a", "c", "d e"]);
    assert_eq!(grouped.element("CommonPrefixes"), "<Prefix>b/</Prefix>");
    let below = s3.get("/demo?list-type=2&delimiter=%2F&prefix=b%2F").await;
    assert_eq!(below.elements("Key"), ["b/1", "b/2"]);
    let after = s3.get("/demo?list-type=2&start-after=b%2F1").await;
    assert_eq!(after.elements("Key"), ["b/2", "c", "d e"]);

    let v1 = s3.get("/demo?delimiter=%2F&max-keys=2").await;
    assert_eq!(v1.elements("Key"), ["a"]);
    assert_eq!(v1.element("NextMarker"), "b/");
    let v1 = s3.get("/demo?delimiter=%2F&marker=b%2F").await;
    assert_eq!(v1.elements("Key"), ["c", "d e"]);
    assert_eq!(v1.element("IsTruncated"), "false");

    let (mut token, mut pages) = (String::new(), vec![]);
    loop {
        let page = s3
            .get(&format!(
                "/demo?list-type=2&delimiter=%2F&max-keys=1{token}"
            ))
            .await;
        let prefixes = page
            .elements("CommonPrefixes")
            .into_iter()
            .map(str::to_owned);
        pages.extend(
            page.elements("Key")
                .into_iter()
                .map(str::to_owned)
                .chain(prefixes),
        );
        if page.element("IsTruncated") == "false" {
            break;
        }
        token = format!(
            "&continuation-token={}",
            page.element("NextContinuationToken")
        );
    }
    assert_eq!(pages, ["a", "<Prefix>b/</Prefix>", "c", "d e"]);
}

#[tokio::test]
async fn buckets_are_made_once_and_listed() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    assert_eq!(s3.put("/second", b"").await.status, 200);
    assert_eq!(
        s3.put("/second", b"").await.error(),
        (409, "BucketAlreadyOwnedByYou")
    );
    assert_eq!(
        s3.put("/UPPER", b"").await.error(),
        (400, "InvalidBucketName")
    );
    assert_eq!(s3.get("/").await.elements("Name"), ["demo", "second"]);
    let head = s3.call("HEAD", "/second", &[], b"").await;
    assert_eq!(head.header("x-amz-bucket-region"), "ap-northeast-1");
    assert_eq!(s3.call("HEAD", "/third", &[], b"").await.status, 404);
    assert!(
        s3.get("/demo?location")
            .await
            .text()
            .contains("ap-northeast-1")
    );
}
