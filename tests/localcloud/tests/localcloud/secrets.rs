//! Nothing that is secret gets into a log, at whatever level.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use crate::support::{Cloud, Credentials, Signer};
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let paths = cloud.cloud.paths();
    let key = std::fs::read_to_string(&paths.key).unwrap();
    let certificate = std::fs::read_to_string(&paths.certificate).unwrap();
    let session = Signer::new(&cloud, &certificate, &key).session().await;
    let session = Credentials::of_session(&session);
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    let mut wrong = s3.clone();
    wrong.credentials.secret_access_key.push('x');
    assert_eq!(wrong.put("/demo/a", b"1").await.status, 403);

    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    for credentials in [&s3.credentials, &session] {
        assert!(text.contains(&credentials.access_key_id), "the log works");
        assert!(!text.contains(&credentials.secret_access_key));
        assert!(!text.contains(&credentials.session_token));
    }
    assert!(!text.contains(key.lines().nth(1).unwrap()));
}
