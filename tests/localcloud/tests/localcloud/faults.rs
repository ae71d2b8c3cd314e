//! Faults on purpose: each kind seen to happen, and what is left of it.

use std::time::{Duration, Instant};

use crate::support::{Cloud, Failure, Payload, Response, S3};
use localcloud::{Fault, Operation};

async fn cloud(faults: &[&str]) -> (Cloud, S3) {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    set(&cloud, faults);
    (cloud, s3)
}

fn set(cloud: &Cloud, faults: &[&str]) {
    let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
    cloud.cloud.set_faults(faults);
}

async fn try_put(s3: &S3, path: &str, body: &[u8]) -> Result<Response, Failure> {
    s3.client
        .send(s3.sign("PUT", path, &[], body, Payload::Signed))
        .await
}

fn stored(cloud: &Cloud, key: &str) -> bool {
    cloud.cloud.paths().objects.join("demo").join(key).exists()
}

/// Whether a failure is one of the system with this kind.
fn is(failure: &Failure, kind: std::io::ErrorKind) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&**failure);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == kind;
        }
        cause = error.source();
    }
    false
}

/// An upload of one part, ready to be completed.
struct Ready {
    path: String,
    list: String,
}

impl Ready {
    async fn new(s3: &S3, key: &str) -> Self {
        let created = s3
            .call("POST", &format!("/demo/{key}?uploads"), &[], b"")
            .await;
        let path = format!("/demo/{key}?uploadId={}", created.element("UploadId"));
        let part = s3.put(&format!("{path}&partNumber=1"), b"part").await;
        let list = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
             </CompleteMultipartUpload>",
            part.header("etag").replace('"', "&quot;")
        );
        Self { path, list }
    }

    async fn complete(&self, s3: &S3) -> Response {
        s3.call("POST", &self.path, &[], self.list.as_bytes()).await
    }
}

#[tokio::test]
async fn status_is_told_in_the_words_of_s3_and_nothing_is_stored() {
    let (cloud, s3) = cloud(&[
        "PutObject:status=503,times=1",
        "PutObject:status=503,times=1,retry-after=7",
        "PutObject:status=409,times=1,code=ConditionalRequestConflict",
        "PutObject:status=400,times=1,code=RequestTimeout",
    ])
    .await;
    let slow_down = s3.put("/demo/a", b"1").await;
    assert_eq!(slow_down.error(), (503, "SlowDown"));
    assert!(!slow_down.header("x-amz-request-id").is_empty());
    assert_eq!(
        slow_down.header("x-amz-request-id"),
        slow_down.element("RequestId")
    );
    assert!(!slow_down.headers.contains_key("retry-after"));
    assert_eq!(s3.put("/demo/a", b"1").await.header("retry-after"), "7");
    let conflict = s3.put("/demo/a", b"1").await;
    assert_eq!(conflict.error(), (409, "ConditionalRequestConflict"));
    assert_eq!(
        s3.put("/demo/a", b"1").await.error(),
        (400, "RequestTimeout")
    );
    assert!(!stored(&cloud, "a"));
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    assert!(stored(&cloud, "a"));
}

#[tokio::test]
async fn a_status_for_head_has_no_body() {
    let (_cloud, s3) = cloud(&["HeadObject:status=500"]).await;
    let head = s3.call("HEAD", "/demo/a", &[], b"").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (500, 0));
}

#[tokio::test]
async fn the_provider_has_its_own_words() {
    let cloud = Cloud::start().await;
    let ask = || async {
        let device = cloud.device();
        device
            .get("/role-aliases/s3_role_alias/credentials", &[])
            .await
    };
    for (fault, status, kind) in [
        (
            "GetCredentials:status=503,retry-after=3",
            503,
            "ServiceUnavailableException",
        ),
        (
            "GetCredentials:status=429,retry-after=3",
            429,
            "ThrottlingException",
        ),
        (
            "*:late-error=500,retry-after=3",
            500,
            "InternalFailureException",
        ),
        ("*:status=400,code=Odd,retry-after=3", 400, "Odd"),
    ] {
        set(&cloud, &[fault]);
        let answer = ask().await.unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-amzn-errortype"), kind);
        assert_eq!(answer.header("retry-after"), "3");
        assert!(answer.json()["message"].is_string());
    }
    for fault in ["*:lost", "*:reset", "*:truncate", "*:stall=0"] {
        set(&cloud, &[fault]);
        ask().await.expect_err(fault);
    }
    // Neither of these is anything that the provider does.
    set(&cloud, &["*:expired-token", "*:corrupt"]);
    assert_eq!(ask().await.unwrap().status, 200);
}

#[tokio::test]
async fn reset_comes_after_so_many_bytes() {
    let (cloud, s3) = cloud(&["PutObject:reset=1MiB,times=1"]).await;
    let body = vec![7; 20 * 1024 * 1024];
    let failure = try_put(&s3, "/demo/a", &body).await.expect_err("reset");
    let reset = is(&failure, std::io::ErrorKind::ConnectionReset)
        || is(&failure, std::io::ErrorKind::BrokenPipe);
    assert!(reset, "{failure:?}");
    assert!(!stored(&cloud, "a"));
    let counts = cloud.cloud.counts();
    let bytes = counts.body_bytes(Operation::PutObject);
    assert!((1 << 20..2 << 20).contains(&bytes), "{bytes}");
    assert_eq!(
        (counts.requests(Operation::PutObject), counts.faults),
        (1, 1)
    );
    assert_eq!(try_put(&s3, "/demo/a", b"1").await.unwrap().status, 200);
}

#[tokio::test]
async fn reset_without_a_number_comes_before_the_body() {
    let (cloud, s3) = cloud(&["*:reset"]).await;
    try_put(&s3, "/demo/a", b"1").await.expect_err("reset");
    assert_eq!(cloud.cloud.counts().body_bytes(Operation::PutObject), 0);
}

#[tokio::test]
async fn stall_is_silence_and_then_the_end() {
    let (cloud, s3) = cloud(&["PutObject:stall=300ms,bytes=10"]).await;
    let start = Instant::now();
    try_put(&s3, "/demo/a", &[7; 100])
        .await
        .expect_err("closed");
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(!stored(&cloud, "a"));
}

#[tokio::test]
async fn slow_is_late_but_complete() {
    let (cloud, s3) = cloud(&["PutObject:slow=300ms"]).await;
    let start = Instant::now();
    assert_eq!(try_put(&s3, "/demo/a", b"1").await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(stored(&cloud, "a"));
}

#[tokio::test]
async fn truncate_promises_more_than_comes() {
    let (cloud, s3) = cloud(&[
        "PutObject:truncate",
        "GetObject:truncate",
        "HeadObject:truncate",
    ])
    .await;
    try_put(&s3, "/demo/a", b"0123456789")
        .await
        .expect_err("cut");
    assert!(stored(&cloud, "a"));
    for method in ["GET", "HEAD"] {
        let request = s3.sign(method, "/demo/a", &[], b"", Payload::Signed);
        s3.client.send(request).await.expect_err("cut");
    }
    let raw = raw(&s3, "GET", "/demo/a", b"").await;
    let (head, body) = raw.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-length: 10"), "{head}");
    assert_eq!(body, "01234");
}

/// What comes over the wire until the connection ends.
async fn raw(s3: &S3, method: &str, path: &str, body: &[u8]) -> String {
    use std::fmt::Write as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let request = s3.sign(method, path, &[], body, Payload::Signed);
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in request.headers() {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    let mut stream = s3.client.connect().await.unwrap();
    stream
        .write_all(format!("{head}connection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = vec![];
    // The end may come without the farewell of TLS.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn error_in_200_does_nothing_and_may_be_repeated() {
    let (cloud, s3) = cloud(&[
        "CompleteMultipartUpload:error-in-200,times=1",
        "CompleteMultipartUpload:error-in-200,times=1,code=SlowDown",
    ])
    .await;
    let ready = Ready::new(&s3, "a").await;
    for code in ["InternalError", "SlowDown"] {
        let answer = ready.complete(&s3).await;
        assert_eq!(answer.error(), (200, code));
        assert!(answer.text().starts_with("<?xml"), "{answer:?}");
        assert!(answer.text().contains("   \n"), "{answer:?}");
        assert!(!stored(&cloud, "a"));
    }
    assert_eq!(ready.complete(&s3).await.status, 200);
    assert!(stored(&cloud, "a"));
}

#[tokio::test]
async fn expired_token_kills_the_credentials_that_met_it() {
    let (cloud, s3) = cloud(&["PutObject:expired-token,times=1"]).await;
    let other = cloud.s3().await;
    for _ in 0..3 {
        assert_eq!(s3.put("/demo/a", b"1").await.error(), (400, "ExpiredToken"));
    }
    assert_eq!(s3.get("/demo/a").await.error(), (400, "ExpiredToken"));
    assert_eq!(other.put("/demo/a", b"1").await.status, 200);
    assert_eq!(cloud.cloud.counts().faults, 1);
}

#[tokio::test]
async fn lost_and_late_errors_come_after_the_deed() {
    let (cloud, s3) = cloud(&["PutObject:lost,times=1", "PutObject:late-error=500,times=1"]).await;
    try_put(&s3, "/demo/lost", b"1").await.expect_err("closed");
    assert!(stored(&cloud, "lost"));
    let late = s3.put("/demo/late", b"1").await;
    assert_eq!(late.error(), (500, "InternalError"));
    assert!(stored(&cloud, "late"));
    assert_eq!(cloud.cloud.counts().objects_put, 2);
}

#[tokio::test]
async fn repeat_fails_first_and_succeeds_when_repeated() {
    let (cloud, s3) = cloud(&["CompleteMultipartUpload:repeat,times=1"]).await;
    let ready = Ready::new(&s3, "a").await;
    assert_eq!(ready.complete(&s3).await.error(), (500, "InternalError"));
    assert!(stored(&cloud, "a"));
    for _ in 0..2 {
        let again = ready.complete(&s3).await;
        assert_eq!((again.status.as_u16(), again.element("Key")), (200, "a"));
    }
    // The signature still counts, and an upload that nobody completed is unknown.
    let mut forger = s3.clone();
    forger.credentials.secret_access_key = "x".repeat(40);
    assert_eq!(
        ready.complete(&forger).await.error(),
        (403, "SignatureDoesNotMatch")
    );
    let unknown = Ready {
        path: "/demo/a?uploadId=x".to_owned(),
        list: ready.list,
    };
    assert_eq!(unknown.complete(&s3).await.error(), (404, "NoSuchUpload"));
    assert_eq!(cloud.cloud.counts().objects_put, 1);
}

#[tokio::test]
async fn corrupt_answers_differ_from_what_is_stored() {
    let (cloud, s3) = cloud(&["*:corrupt"]).await;
    let mode = [("x-amz-checksum-mode", "ENABLED")];
    let wrong_put = s3.put("/demo/a", b"1").await;
    let wrong_head = s3.call("HEAD", "/demo/a", &mode, b"").await;
    set(&cloud, &[]);
    let right = s3.call("HEAD", "/demo/a", &mode, b"").await;
    for name in ["etag", "x-amz-checksum-crc64nvme"] {
        for wrong in [&wrong_put, &wrong_head] {
            assert_ne!(wrong.header(name), right.header(name));
            assert_eq!(wrong.header(name).len(), right.header(name).len());
        }
    }
    assert_eq!(wrong_put.header("x-amz-checksum-type"), "FULL_OBJECT");

    let ready = Ready::new(&s3, "b").await;
    set(&cloud, &["CompleteMultipartUpload:corrupt"]);
    let wrong = ready.complete(&s3).await;
    let right = s3.call("HEAD", "/demo/b", &mode, b"").await;
    assert_ne!(
        wrong.element("ChecksumCRC64NVME"),
        right.header("x-amz-checksum-crc64nvme")
    );
    let etag = wrong.element("ETag").replace("&quot;", "\"");
    assert_ne!(etag, right.header("etag"));
    assert_eq!(etag.len(), right.header("etag").len());
}

#[tokio::test]
async fn skew_is_in_that_answer_alone() {
    let (_cloud, s3) = cloud(&["PutObject:skew=-7200,times=1"]).await;
    let skewed = s3.put("/demo/a", b"1").await;
    let right = s3.put("/demo/a", b"1").await;
    let date = |answer: &Response| {
        let format = time::format_description::well_known::Rfc2822;
        time::OffsetDateTime::parse(&answer.header("date").replace("GMT", "+0000"), &format)
            .unwrap()
    };
    assert_eq!((skewed.status.as_u16(), right.status.as_u16()), (200, 200));
    let behind = date(&right) - date(&skewed);
    assert!((7200..7260).contains(&behind.whole_seconds()), "{behind}");
}

#[tokio::test]
async fn faults_come_at_the_requests_that_their_options_name() {
    for (fault, met) in [
        ("PutObject:status=503,times=2", vec![0, 1]),
        ("PutObject:status=503,after=4", vec![4, 5]),
        ("PutObject:status=503,every=2", vec![1, 3, 5]),
        ("UploadPart:status=503", vec![]),
        ("*:status=503,p=0.5,seed=1", vec![1]),
        ("*:status=503,for=3600,each=3600", vec![0, 1, 2, 3, 4, 5]),
        ("*:status=503,for=0,each=3600", vec![]),
    ] {
        let (_cloud, s3) = cloud(&[fault]).await;
        let mut seen = vec![];
        for number in 0..6 {
            if s3.put("/demo/a", b"1").await.status == 503 {
                seen.push(number);
            }
        }
        assert_eq!(seen, met, "{fault}");
    }
}

#[tokio::test]
async fn faults_can_be_there_from_the_start() {
    let cloud = Cloud::with(|settings| {
        settings.fault("GetCredentials:status=500,times=1").unwrap();
    })
    .await;
    let device = cloud.device();
    let path = "/role-aliases/s3_role_alias/credentials";
    assert_eq!(device.get(path, &[]).await.unwrap().status, 500);
    assert_eq!(device.get(path, &[]).await.unwrap().status, 200);
}

#[tokio::test]
async fn http2_connections_break_too() {
    let (cloud, mut s3) =
        cloud(&["*:reset=10,times=1", "*:lost,times=1", "*:truncate,times=1"]).await;
    s3.client.tls.alpn_protocols = vec![b"h2".to_vec()];
    for fault in ["reset", "lost", "truncate"] {
        try_put(&s3, "/demo/a", b"0123456789")
            .await
            .expect_err(fault);
    }
    assert_eq!(try_put(&s3, "/demo/a", b"1").await.unwrap().status, 200);
    assert_eq!(cloud.cloud.counts().faults, 3);
}

#[tokio::test]
async fn counts_are_by_operation_and_begin_again_when_taken() {
    let (cloud, s3) = cloud(&["UploadPart:status=503,times=1"]).await;
    cloud.cloud.take_counts();
    let created = s3.call("POST", "/demo/a?uploads", &[], b"").await;
    let path = format!(
        "/demo/a?partNumber=1&uploadId={}",
        created.element("UploadId")
    );
    assert_eq!(s3.put(&path, &[7; 1000]).await.status, 503);
    assert_eq!(s3.put(&path, &[7; 1000]).await.status, 200);
    // Refused before anyone looks at the body, and counted all the same.
    let mut forger = s3.clone();
    forger.credentials.session_token = "x".to_owned();
    assert_eq!(
        forger.put(&path, &[7; 500]).await.error(),
        (400, "InvalidToken")
    );

    let counts = cloud.cloud.take_counts();
    assert_eq!(counts.requests(Operation::CreateMultipartUpload), 1);
    assert_eq!(counts.requests(Operation::UploadPart), 3);
    assert_eq!(counts.body_bytes(Operation::UploadPart), 2500);
    assert_eq!((counts.s3_requests, counts.provider_requests), (4, 0));
    assert_eq!(cloud.cloud.counts(), localcloud::Counts::default());
}
