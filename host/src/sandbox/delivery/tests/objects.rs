//! One request makes the object.

use super::*;

#[tokio::test]
async fn an_answer_before_the_bytes_are_gone_does_not_count() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let mut request = stage.raw(&deliveries, "", 0..LENGTH);
    let ticket = deliveries.send(&mut request).await.unwrap().unwrap();
    ticket.answered(StatusCode::OK, false);
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn an_answer_to_all_of_the_bytes_counts_unless_it_is_a_refusal() {
    let stage = Stage::new();
    for (status, counts) in [(StatusCode::OK, true), (StatusCode::FORBIDDEN, false)] {
        let (_, deliveries) = stage.process();
        stage.put(&deliveries, "", 0..LENGTH, status).await;
        assert_eq!(deliveries.cover(LENGTH), counts, "{status}");
    }
}

#[tokio::test]
async fn attempts_that_failed_do_not_spoil_the_one_that_did_not() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::FORBIDDEN,
        StatusCode::OK,
    ] {
        assert!(!deliveries.cover(LENGTH), "{status}");
        stage.put(&deliveries, "", 0..LENGTH, status).await;
    }
    assert!(deliveries.cover(LENGTH));
}

#[tokio::test]
async fn what_makes_another_object_counts_against_it_before_it_is_answered() {
    let stage = Stage::new();
    let cases = [
        (Method::PUT, "", "nine byte"),
        (Method::PUT, "?versionId=1", "nine byte"),
        (Method::PUT, "?partNumber=1&uploadid=u", "nine byte"),
        (Method::POST, "", "form"),
        (Method::DELETE, "", ""),
    ];
    for (method, query, own) in cases {
        let (_, deliveries) = stage.process();
        stage.put(&deliveries, "", 0..LENGTH, StatusCode::OK).await;
        assert!(deliveries.cover(LENGTH));
        let mut own = request(method.clone(), query, bytes(own));
        deliveries.send(&mut own).await.unwrap();
        assert!(!deliveries.cover(LENGTH), "{method} {query}");
    }
}

#[tokio::test]
async fn a_shorter_object_counts_against_it_unless_it_is_refused() {
    let stage = Stage::new();
    for (status, counts) in [
        (StatusCode::PRECONDITION_FAILED, true),
        (StatusCode::INTERNAL_SERVER_ERROR, false),
        (StatusCode::OK, false),
    ] {
        let (_, deliveries) = stage.process();
        stage.put(&deliveries, "", 0..LENGTH, StatusCode::OK).await;
        stage.put(&deliveries, "", 0..LENGTH - 1, status).await;
        assert_eq!(deliveries.cover(LENGTH), counts, "{status}");
    }
}

#[tokio::test]
async fn bytes_that_the_store_takes_from_elsewhere_are_not_the_payload() {
    let stage = Stage::new();
    for (name, value) in [
        ("x-amz-copy-source", "/bucket/other"),
        ("x-amz-write-offset-bytes", "9"),
    ] {
        let (_, deliveries) = stage.process();
        let mut request = stage.raw(&deliveries, "", 0..LENGTH);
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(name, value);
        exchange(&deliveries, request, StatusCode::OK).await;
        assert!(!deliveries.cover(LENGTH), "{name}");
    }
}

#[tokio::test]
async fn a_range_counts_only_if_the_store_is_told_how_it_is_framed() {
    let stage = Stage::new();
    let raw = Framing::Raw { checksum: None };
    let chunked = Framing::AwsChunked(Algorithm::Crc32);
    let streaming = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    let decoded = ("x-amz-decoded-content-length", "9");
    let cases = [
        (raw, vec![], true),
        (
            raw,
            vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
            true,
        ),
        (raw, vec![("content-encoding", "gzip")], true),
        (raw, vec![streaming], false),
        (raw, vec![decoded], false),
        (raw, vec![("content-encoding", "gzip, AWS-Chunked")], false),
        (chunked, vec![streaming, decoded], true),
        (chunked, vec![decoded], false),
        (chunked, vec![streaming], false),
        (chunked, vec![streaming, decoded, decoded], false),
        (
            chunked,
            vec![streaming, ("x-amz-decoded-content-length", "8")],
            false,
        ),
        (
            chunked,
            vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), decoded],
            false,
        ),
    ];
    for (framing, fields, counts) in cases {
        let (_, deliveries) = stage.process();
        let mut request = stage.request(&deliveries, "", 0..LENGTH, framing);
        for (name, value) in &fields {
            let value = HeaderValue::from_static(value);
            request.headers_mut().append(*name, value);
        }
        exchange(&deliveries, request, StatusCode::OK).await;
        assert_eq!(deliveries.cover(LENGTH), counts, "{framing:?} {fields:?}");
    }
}

#[tokio::test]
async fn requests_under_way_at_once_are_not_mistaken_for_each_other() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let first = stage.raw(&deliveries, "", 0..5);
    let second = stage.raw(&deliveries, "", 5..LENGTH);
    std::thread::scope(|scope| {
        // hyper asks the first for its size while the second is sent.
        let body = first.into_body();
        let asking = scope.spawn(move || {
            for _ in 0..1000 {
                let _ = http_body::Body::size_hint(&body);
            }
        });
        for _ in 0..1000 {
            let parcel = Parcel::in_body(second.body()).unwrap();
            assert_eq!(parcel.range, 5..LENGTH);
        }
        asking.join().unwrap();
    });
    assert!(Parcel::in_body(&bytes("own")).is_none());
}

#[tokio::test]
async fn an_instance_without_a_job_delivers_nothing() {
    let mut own = request(Method::PUT, "", bytes(""));
    assert!(
        Deliveries::default()
            .send(&mut own)
            .await
            .unwrap()
            .is_none()
    );
}
