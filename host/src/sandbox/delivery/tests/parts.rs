//! Parts make the object.

use super::*;

#[tokio::test]
async fn parts_count_once_the_answer_says_that_they_were_joined() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.part(&deliveries, 2, 5..LENGTH).await;
    stage.part(&deliveries, 1, 0..5).await;
    assert!(!deliveries.cover(LENGTH));
    let failed = "  <Error><Code>InternalError</Code></Error>";
    complete(&deliveries, "u", &[1, 2], failed).await;
    assert!(!deliveries.cover(LENGTH));
    complete(&deliveries, "u", &[1, 2], COMPLETED).await;
    assert!(deliveries.cover(LENGTH));
}

#[tokio::test]
async fn an_error_behind_what_looked_like_a_result_takes_it_back() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.part(&deliveries, 1, 0..LENGTH).await;
    let ticket = completing(&deliveries, "u", list(&[1])).await;
    let mut completion = ticket.answered(StatusCode::OK, false).unwrap();
    completion.read(COMPLETED.as_bytes());
    assert!(deliveries.cover(LENGTH));
    completion.read(b"<Error>");
    completion.read(b"</Error>");
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn an_object_of_other_parts_than_those_delivered_is_not_the_payload() {
    let stage = Stage::new();
    let document = list(&[1, 2]);
    for (upload, document) in [
        ("u", list(&[1])),
        ("u", list(&[2])),
        ("u", list(&[2, 1])),
        ("u", list(&[1, 2, 3])),
        ("u", list(&[1, 1, 2])),
        ("u", list(&[])),
        ("u", document.replace("<Part>", "<Part ><!-- -->")),
        ("other", document),
    ] {
        let (_, deliveries) = stage.process();
        stage.part(&deliveries, 1, 0..5).await;
        stage.part(&deliveries, 2, 5..LENGTH).await;
        let ticket = completing(&deliveries, upload, document.clone()).await;
        let mut completion = ticket.answered(StatusCode::OK, false).unwrap();
        completion.read(COMPLETED.as_bytes());
        assert!(!deliveries.cover(LENGTH), "{upload} {document}");
    }
}

#[tokio::test]
async fn a_completion_of_fewer_parts_that_nobody_heard_of_counts_against_all_of_them() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.part(&deliveries, 1, 0..5).await;
    stage.part(&deliveries, 2, 5..LENGTH).await;
    drop(completing(&deliveries, "u", list(&[1])).await);
    complete(&deliveries, "u", &[1, 2], COMPLETED).await;
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn a_part_that_may_be_something_else_is_not_the_payload_s() {
    let stage = Stage::new();
    let again = "?partNumber=1&uploadId=u";
    for other in [None, Some(4..LENGTH)] {
        let (_, deliveries) = stage.process();
        stage.part(&deliveries, 1, 0..5).await;
        let mut request = match other.clone() {
            None => request(Method::PUT, again, bytes("own")),
            Some(range) => stage.raw(&deliveries, again, range),
        };
        deliveries.send(&mut request).await.unwrap();
        stage.part(&deliveries, 1, 0..5).await;
        stage.part(&deliveries, 2, 5..LENGTH).await;
        complete(&deliveries, "u", &[1, 2], COMPLETED).await;
        assert!(!deliveries.cover(LENGTH), "{other:?}");
    }
}

#[tokio::test]
async fn a_list_of_parts_without_end_is_not_sent() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let longest = "x".repeat(listing::LONGEST);
    let mut fits = request(Method::POST, "?uploadId=u", bytes(longest.clone()));
    assert!(deliveries.send(&mut fits).await.unwrap().is_some());
    let mut long = request(Method::POST, "?uploadId=u", bytes(longest + "x"));
    let refused = deliveries.send(&mut long).await.unwrap_err();
    assert!(
        matches!(refused, HttpError::HttpRequestBodySize(Some(limit)) if limit == listing::LONGEST as u64)
    );
}

#[tokio::test]
async fn one_list_of_parts_is_in_memory_at_a_time() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let first = completing(&deliveries, "u", list(&[1])).await;
    let mut second = Box::pin(completing(&deliveries, "u", list(&[1])));
    let waiting = futures_util::future::poll_immediate(&mut second).await;
    assert!(waiting.is_none());
    drop(first);
    second.await;
}
