//! Who may use S3: signatures, tokens, clocks, regions and policies.

use std::time::Duration;

use crate::support::{Cloud, Payload, S3};

#[tokio::test]
async fn the_credentials_that_the_provider_hands_out_are_good_for_s3() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let put = s3.put("/demo/a", b"1").await;
    assert_eq!(put.status, 200, "{put:?}");
    for name in ["x-amz-request-id", "x-amz-id-2", "date"] {
        assert!(!put.header(name).is_empty());
    }
    let counts = cloud.cloud.counts();
    assert_eq!(
        (
            counts.credentials_issued,
            counts.s3_connections,
            counts.objects_put
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn an_unsigned_request_is_denied() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let response = s3.client.get("/demo/a", &[]).await.unwrap();
    assert_eq!(response.error(), (403, "AccessDenied"));
}

#[tokio::test]
async fn a_wrong_secret_is_found_out() {
    let cloud = Cloud::start().await;
    let mut s3 = cloud.s3().await;
    s3.credentials.secret_access_key = "x".repeat(40);
    assert_eq!(
        s3.put("/demo/a", b"1").await.error(),
        (403, "SignatureDoesNotMatch")
    );
    assert!(!cloud.cloud.paths().objects.join("demo/a").exists());
}

#[tokio::test]
async fn a_changed_header_or_path_breaks_the_signature() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let mut moved = s3.sign("PUT", "/demo/a", &[], b"1", Payload::Signed);
    *moved.uri_mut() = "/demo/b".parse().unwrap();
    let response = s3.client.send(moved).await.unwrap();
    assert_eq!(response.error(), (403, "SignatureDoesNotMatch"));
    let mut changed = s3.sign(
        "PUT",
        "/demo/a",
        &[("x-amz-meta-a", "1")],
        b"1",
        Payload::Signed,
    );
    changed
        .headers_mut()
        .insert("x-amz-meta-a", "2".parse().unwrap());
    let response = s3.client.send(changed).await.unwrap();
    assert_eq!(response.error(), (403, "SignatureDoesNotMatch"));
}

#[tokio::test]
async fn an_amz_header_that_is_not_signed_is_denied() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let mut request = s3.sign("PUT", "/demo/a", &[], b"1", Payload::Signed);
    request
        .headers_mut()
        .insert("x-amz-meta-late", "1".parse().unwrap());
    let response = s3.client.send(request).await.unwrap();
    assert_eq!(response.error(), (403, "AccessDenied"));
    assert_eq!(response.element("HeadersNotSigned"), "x-amz-meta-late");
}

#[tokio::test]
async fn a_key_that_nobody_handed_out_is_unknown() {
    let cloud = Cloud::start().await;
    let mut s3 = cloud.s3().await;
    s3.credentials.access_key_id = "ASIAAAAAAAAAAAAAAAAA".to_owned();
    assert_eq!(
        s3.put("/demo/a", b"1").await.error(),
        (403, "InvalidAccessKeyId")
    );
}

#[tokio::test]
async fn a_missing_or_foreign_session_token_is_invalid() {
    let cloud = Cloud::start().await;
    let other = cloud.credentials().await.session_token;
    for token in [String::new(), other] {
        let mut s3 = cloud.s3().await;
        s3.credentials.session_token = token;
        assert_eq!(s3.put("/demo/a", b"1").await.error(), (400, "InvalidToken"));
    }
}

#[tokio::test]
async fn an_expired_token_is_told_from_an_invalid_one() {
    let cloud = Cloud::with(|settings| settings.credential_ttl = Duration::ZERO).await;
    let s3 = cloud.s3().await;
    assert_eq!(s3.put("/demo/a", b"1").await.error(), (400, "ExpiredToken"));
}

#[tokio::test]
async fn a_clock_that_is_set_while_it_runs_ends_credentials_and_judges_requests() {
    const HALF_AN_HOUR: i64 = 30 * 60;
    const DAY: i64 = 24 * 60 * 60;
    let cloud = Cloud::start().await;
    let mut s3 = cloud.s3().await;
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    cloud
        .cloud
        .set_clock_offset(HALF_AN_HOUR.try_into().unwrap());
    let skewed = s3.put("/demo/a", b"1").await;
    assert_eq!(skewed.error(), (403, "RequestTimeTooSkewed"));
    cloud.cloud.set_clock_offset(DAY.try_into().unwrap());
    s3.clock_offset = DAY;
    assert_eq!(s3.put("/demo/a", b"1").await.error(), (400, "ExpiredToken"));
    cloud.cloud.set_clock_offset(0.try_into().unwrap());
    s3.clock_offset = 0;
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
}

#[tokio::test]
async fn a_clock_that_is_off_is_judged_by_the_clouds_clock() {
    const HOUR: i64 = 3600;
    for offset in [-24 * HOUR, 24 * HOUR] {
        let cloud =
            Cloud::with(|settings| settings.clock_offset = offset.try_into().unwrap()).await;
        let mut s3 = cloud.s3().await;
        let skewed = s3.put("/demo/a", b"1").await;
        assert_eq!(skewed.error(), (403, "RequestTimeTooSkewed"));
        let format = &time::format_description::well_known::Rfc3339;
        let server = time::OffsetDateTime::parse(skewed.element("ServerTime"), format).unwrap();
        let expected = time::OffsetDateTime::now_utc() + time::Duration::seconds(offset);
        assert!((server - expected).abs() < time::Duration::MINUTE);
        s3.clock_offset = offset + 10 * 60;
        assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
        s3.clock_offset = offset - 20 * 60;
        assert_eq!(
            s3.put("/demo/a", b"1").await.error(),
            (403, "RequestTimeTooSkewed")
        );
    }
}

#[tokio::test]
async fn another_region_is_told_the_right_one() {
    let cloud = Cloud::start().await;
    let mut s3 = cloud.s3().await;
    s3.region = "us-east-1".to_owned();
    let response = s3.put("/demo/a", b"1").await;
    assert_eq!(response.error(), (400, "AuthorizationHeaderMalformed"));
    assert_eq!(response.element("Region"), "ap-northeast-1");
    assert_eq!(response.header("x-amz-bucket-region"), "ap-northeast-1");
}

#[tokio::test]
async fn a_role_that_may_only_put_can_do_nothing_else() {
    let allow = vec!["s3:PutObject".parse().unwrap()];
    let cloud = Cloud::with(|settings| settings.allow = Some(allow)).await;
    let s3 = cloud.s3().await;
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    for (method, path) in [
        ("GET", "/demo/a"),
        ("DELETE", "/demo/a"),
        ("GET", "/demo?list-type=2"),
        ("GET", "/demo/a?uploadId=x"),
        ("DELETE", "/demo/a?uploadId=x"),
        ("GET", "/demo?uploads"),
        ("GET", "/"),
    ] {
        let response = s3.call(method, path, &[], b"").await;
        assert_eq!(response.error(), (403, "AccessDenied"), "{method} {path}");
    }
    assert_eq!(s3.call("HEAD", "/demo/a", &[], b"").await.status, 403);
}

#[tokio::test]
async fn who_may_not_list_is_not_told_what_is_missing() {
    let allow = vec!["s3:GetObject".parse().unwrap()];
    let cloud = Cloud::with(|settings| settings.allow = Some(allow)).await;
    assert_eq!(
        cloud.s3().await.get("/demo/none").await.error(),
        (403, "AccessDenied")
    );
}

#[tokio::test]
async fn a_bucket_that_is_expected_of_another_account_is_denied() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let put = |owner: &'static str| {
        let s3 = s3.clone();
        async move {
            s3.call(
                "PUT",
                "/demo/a",
                &[("x-amz-expected-bucket-owner", owner)],
                b"1",
            )
            .await
        }
    };
    assert_eq!(put("999999999999").await.error(), (403, "AccessDenied"));
    assert_eq!(put(localcloud::ACCOUNT_ID).await.status, 200);
}

#[tokio::test]
async fn a_presigned_url_works_until_it_expires() {
    let cloud = Cloud::start().await;
    let mut s3 = cloud.s3().await;
    s3.put("/demo/a", b"bytes").await;
    let get = |s3: &S3| s3.presign("GET", "/demo/a", Duration::from_mins(1));
    let response = s3.client.send(get(&s3)).await.unwrap();
    assert_eq!(
        (response.status.as_u16(), &response.body[..]),
        (200, b"bytes".as_slice())
    );
    s3.clock_offset = -120;
    let response = s3.client.send(get(&s3)).await.unwrap();
    assert_eq!(response.error(), (403, "AccessDenied"));
}

#[tokio::test]
async fn both_http_versions_and_both_addressing_styles_work() {
    let cloud = Cloud::start().await;
    for protocol in [b"http/1.1".to_vec(), b"h2".to_vec()] {
        let mut s3 = cloud.s3().await;
        s3.client.tls.alpn_protocols = vec![protocol];
        assert_eq!(s3.put("/demo/path", b"1").await.status, 200);
        let port = s3.client.address.rsplit(':').next().unwrap().to_owned();
        s3.client.server_name = "demo.localhost".to_owned();
        let host = format!("demo.localhost:{port}");
        let request = s3.sign_for(&host, "PUT", "/virtual", &[], b"2", Payload::Signed);
        assert_eq!(s3.client.send(request).await.unwrap().status, 200);
    }
    for name in ["path", "virtual"] {
        assert!(
            cloud
                .cloud
                .paths()
                .objects
                .join("demo")
                .join(name)
                .is_file()
        );
    }
}
