#![allow(clippy::unwrap_used, reason = "tests")]

mod notes;
mod objects;
mod parts;

use http::{HeaderValue, Method};
use sealift_payload::{Algorithm, Source};
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
        framing: Framing,
    ) -> http::Request<WasiBody> {
        let (body, sending) = self.source.body(range.clone(), framing).unwrap();
        let body = deliveries.attach(body, range, framing, sending);
        request(Method::PUT, query, body.boxed_unsync())
    }

    fn raw(
        &self,
        deliveries: &Deliveries,
        query: &str,
        range: Range<u64>,
    ) -> http::Request<WasiBody> {
        self.request(deliveries, query, range, Framing::Raw { checksum: None })
    }

    /// Sends a range of the file, all of which goes out, and has it answered.
    async fn put(
        &self,
        deliveries: &Deliveries,
        query: &str,
        range: Range<u64>,
        status: StatusCode,
    ) {
        exchange(deliveries, self.raw(deliveries, query, range), status).await;
    }

    /// A process that delivered all of the file as one part, and no more.
    async fn leave_a_part(&self) {
        let (journal, deliveries) = self.process();
        self.part(&deliveries, 1, 0..LENGTH).await;
        journal.append(b"part 1".to_vec()).await.unwrap();
    }

    async fn part(&self, deliveries: &Deliveries, number: u16, range: Range<u64>) {
        let query = format!("?partNumber={number}&uploadId=u");
        self.put(deliveries, &query, range, StatusCode::OK).await;
    }
}

fn request(method: Method, query: &str, body: WasiBody) -> http::Request<WasiBody> {
    let uri = format!("{PLACE}{query}");
    let request = http::Request::builder().method(method).uri(uri);
    request.body(body).unwrap()
}

fn bytes(text: impl Into<Bytes>) -> WasiBody {
    let body = Full::new(text.into());
    body.map_err(|never| match never {}).boxed_unsync()
}

/// Sends a request, all of which goes out, and has it answered.
async fn exchange(
    deliveries: &Deliveries,
    mut request: http::Request<WasiBody>,
    status: StatusCode,
) {
    let ticket = deliveries.send(&mut request).await.unwrap();
    request.into_body().collect().await.unwrap();
    let completion = ticket.and_then(|ticket| ticket.answered(status, false));
    assert!(completion.is_none());
}

fn list(numbers: &[u16]) -> String {
    let part = |number| format!("<Part><PartNumber>{number}</PartNumber><ETag>e</ETag></Part>");
    let parts: String = numbers.iter().map(part).collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

async fn completing(deliveries: &Deliveries, upload: &str, document: String) -> Ticket {
    let query = format!("?uploadId={upload}");
    let mut request = request(Method::POST, &query, bytes(document.clone()));
    let ticket = deliveries.send(&mut request).await.unwrap().unwrap();
    let sent = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(sent, document);
    ticket
}

/// Makes the object of these parts, to which the store answers 200 and this.
async fn complete(deliveries: &Deliveries, upload: &str, numbers: &[u16], answer: &str) {
    let ticket = completing(deliveries, upload, list(numbers)).await;
    let mut completion = ticket.answered(StatusCode::OK, false).unwrap();
    completion.read(answer.as_bytes());
}

const COMPLETED: &str = "<CompleteMultipartUploadResult>";
