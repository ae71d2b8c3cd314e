#![allow(clippy::unwrap_used, reason = "tests")]

use http::Method;
use http_body_util::BodyExt;
use sealift_payload::{Framing, Source};
use sealift_state::{JobId, Origin, Place, StateDirectory};

use super::*;

const PLACE: &str = "https://store.example/bucket/a%20key";
const LENGTH: u64 = 9;

struct Stage {
    directory: tempfile::TempDir,
    source: Source,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, b"nine byte").unwrap();
        let source = Source::open(&file).unwrap();
        Self { directory, source }
    }

    /// What a process has that begins, or continues, the upload of the file.
    fn process(&self) -> (JobJournal, Deliveries) {
        self.process_for("fingerprint")
    }

    fn process_for(&self, fingerprint: &str) -> (JobJournal, Deliveries) {
        let place = Place {
            endpoint: "https://store.example",
            bucket: "bucket",
            key: "a key",
            thing: "",
        };
        let id = JobId::new(Origin::File(self.directory.path()), place);
        let state = StateDirectory::new(self.directory.path().join("state"));
        let journal = JobJournal::new(state.journals().of(&id));
        let origin = "https://store.example".parse().unwrap();
        let target = Target::in_store(vec![(origin, "/bucket/a key".into())]);
        let deliveries = Deliveries::of(target, fingerprint.into(), journal.clone());
        (journal, deliveries)
    }

    /// A request with a range of the file, of which nothing has gone out.
    fn request(
        &self,
        deliveries: &Deliveries,
        query: &str,
        range: Range<u64>,
    ) -> http::Request<WasiBody> {
        let framing = Framing::Raw { checksum: None };
        let (body, sending) = self.source.body(range.clone(), framing).unwrap();
        let body = deliveries.attach(body, range, sending).boxed_unsync();
        request(Method::PUT, &format!("{PLACE}{query}"), body)
    }

    /// Sends a range of the file, all of which goes out, and has it answered.
    async fn put(
        &self,
        deliveries: &Deliveries,
        query: &str,
        range: Range<u64>,
        status: StatusCode,
    ) {
        let request = self.request(deliveries, query, range);
        let ticket = deliveries.send(&request).unwrap();
        request.into_body().collect().await.unwrap();
        assert!(ticket.answered(status, false).is_none());
    }

    async fn part(&self, deliveries: &Deliveries, number: u16, range: Range<u64>) {
        let query = format!("?partNumber={number}&uploadId=u");
        self.put(deliveries, &query, range, StatusCode::OK).await;
    }
}

fn request(method: Method, uri: &str, body: WasiBody) -> http::Request<WasiBody> {
    let request = http::Request::builder().method(method).uri(uri);
    request.body(body).unwrap()
}

fn bytes(text: &'static str) -> WasiBody {
    let body = http_body_util::Full::new(bytes::Bytes::from_static(text.as_bytes()));
    body.map_err(|never| match never {}).boxed_unsync()
}

fn complete(deliveries: &Deliveries, upload: &str, answer: &str) {
    let uri = format!("{PLACE}?uploadId={upload}");
    let request = request(Method::POST, &uri, bytes("<CompleteMultipartUpload/>"));
    let ticket = deliveries.send(&request).unwrap();
    let mut completion = ticket.answered(StatusCode::OK, false).unwrap();
    completion.read(answer.as_bytes());
}

#[test]
fn an_answer_before_the_bytes_are_gone_does_not_count() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let request = stage.request(&deliveries, "", 0..LENGTH);
    deliveries
        .send(&request)
        .unwrap()
        .answered(StatusCode::OK, false);
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
async fn bytes_of_the_component_or_of_another_object_are_not_the_payload() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.put(&deliveries, "", 0..LENGTH, StatusCode::OK).await;
    assert!(deliveries.cover(LENGTH));
    let own = request(Method::PUT, PLACE, bytes("nine byte"));
    deliveries
        .send(&own)
        .unwrap()
        .answered(StatusCode::OK, false);
    assert!(!deliveries.cover(LENGTH));

    let mut copy = stage.request(&deliveries, "", 0..LENGTH);
    let other = http::HeaderValue::from_static("/bucket/other");
    copy.headers_mut().insert("x-amz-copy-source", other);
    let ticket = deliveries.send(&copy).unwrap();
    copy.into_body().collect().await.unwrap();
    ticket.answered(StatusCode::OK, false);
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn an_object_that_was_removed_does_not_count() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.put(&deliveries, "", 0..LENGTH, StatusCode::OK).await;
    let removal = request(Method::DELETE, PLACE, bytes(""));
    deliveries
        .send(&removal)
        .unwrap()
        .answered(StatusCode::NO_CONTENT, false);
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn parts_count_once_the_answer_says_that_they_were_joined() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    stage.part(&deliveries, 2, 5..LENGTH).await;
    stage.part(&deliveries, 1, 0..5).await;
    assert!(!deliveries.cover(LENGTH));
    complete(
        &deliveries,
        "u",
        "  <Error><Code>InternalError</Code></Error>",
    );
    assert!(!deliveries.cover(LENGTH));
    complete(&deliveries, "other", "<CompleteMultipartUploadResult/>");
    assert!(!deliveries.cover(LENGTH));
    complete(&deliveries, "u", "<CompleteMultipartUploadResult>");
    assert!(deliveries.cover(LENGTH));
    complete(&deliveries, "u", "<CompleteMultipartUploadResult><Error>");
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn requests_under_way_at_once_are_not_mistaken_for_each_other() {
    let stage = Stage::new();
    let (_, deliveries) = stage.process();
    let first = stage.request(&deliveries, "?partNumber=1&uploadId=u", 0..5);
    let second = stage.request(&deliveries, "?partNumber=2&uploadId=u", 5..LENGTH);
    let first_ticket = deliveries.send(&first).unwrap();
    // hyper asks the first for its size while the second is sent.
    let asked = std::thread::scope(|scope| {
        let first = &first;
        let asking = scope.spawn({
            let body = stage.request(&deliveries, "", 0..1).into_body();
            move || {
                for _ in 0..1000 {
                    let _ = http_body::Body::size_hint(&body);
                }
            }
        });
        let tickets: Vec<_> = (0..1000)
            .map(|_| deliveries.send(&second).unwrap())
            .collect();
        asking.join().unwrap();
        let _ = http_body::Body::size_hint(first.body());
        tickets
    });
    for ticket in &asked {
        assert_eq!(ticket.parcel.as_ref().unwrap().range, 5..LENGTH);
    }
    assert_eq!(first_ticket.parcel.unwrap().range, 0..5);
    let own = request(Method::PUT, PLACE, bytes("own"));
    assert!(deliveries.send(&own).unwrap().parcel.is_none());
}

#[tokio::test]
async fn delivered_parts_count_in_the_next_process_with_the_component_s_record() {
    let stage = Stage::new();
    let (journal, deliveries) = stage.process();
    stage.part(&deliveries, 1, 0..5).await;
    journal.append(b"part 1".to_vec()).await.unwrap();
    drop((journal, deliveries));

    let (journal, deliveries) = stage.process();
    let records = journal.load().await.unwrap();
    assert_eq!(records.component, [b"part 1"]);
    deliveries.remember(&records.host);
    stage.part(&deliveries, 2, 5..LENGTH).await;
    complete(&deliveries, "u", "<CompleteMultipartUploadResult/>");
    assert!(deliveries.cover(LENGTH));
}

#[tokio::test]
async fn parts_of_another_state_of_the_file_and_forgotten_ones_do_not_count() {
    let stage = Stage::new();
    let (journal, deliveries) = stage.process();
    stage.part(&deliveries, 1, 0..LENGTH).await;
    journal.append(b"part 1".to_vec()).await.unwrap();
    drop((journal, deliveries));

    let covers = async |fingerprint| {
        let (journal, deliveries) = stage.process_for(fingerprint);
        deliveries.remember(&journal.load().await.unwrap().host);
        complete(&deliveries, "u", "<CompleteMultipartUploadResult/>");
        deliveries.cover(LENGTH)
    };
    assert!(covers("fingerprint").await);
    assert!(!covers("another").await);
    let (journal, _) = stage.process();
    journal.reset().await.unwrap();
    drop(journal);
    assert!(!covers("fingerprint").await);
}

#[test]
fn an_instance_without_a_job_delivers_nothing() {
    let own = request(Method::PUT, PLACE, bytes(""));
    assert!(Deliveries::default().send(&own).is_none());
}
