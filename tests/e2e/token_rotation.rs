//! A key on a token, replaced while uploads go on.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use localcloud::{Fingerprint, Operation, Validity};
use sealift_tests::{Cloud, Device, Running, Token, soon, until};

/// A steady flow into a program.
struct Stream {
    done: Arc<AtomicBool>,
    writer: JoinHandle<usize>,
}

impl Stream {
    fn into(mut to: ChildStdin) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&done);
        let writer = thread::spawn(move || {
            let (piece, mut bytes) = (vec![7; 128 << 10], 0);
            while !ends.load(Ordering::Relaxed) {
                to.write_all(&piece).unwrap();
                bytes += piece.len();
                // About 12 MB/s, so that it does not fill the disk.
                thread::sleep(Duration::from_millis(10));
            }
            bytes
        });
        Self { done, writer }
    }

    /// Ends it, and tells how many bytes there were.
    fn end(self) -> usize {
        self.done.store(true, Ordering::Relaxed);
        self.writer.join().unwrap()
    }
}

/// Makes a key of the same kind on the same token, and puts it and its certificate in the place of the old.
fn rotate(cloud: &Cloud, device: &Device<'_>) -> Fingerprint {
    let rotate = || device.program().args(["key", "rotate"]);
    let request = rotate().run();
    let authority = cloud.authority();
    let certified = authority.certify(request.done(), Validity::default());
    let certified = certified.unwrap();
    cloud.enrol(certified.fingerprint());
    let file = cloud.file("new.pem", certified.certificate_pem());
    rotate().arg("--certificate").arg(file).run().done();
    certified.fingerprint()
}

/// Uploads a stream that goes on until the rotation is over, the old certificate is not accepted any more, and
/// new credentials have been fetched.
fn uploads_go_on(token: &Token, algorithm: &str) {
    // So that new ones are needed every second or so.
    let cloud = Cloud::start_with(|settings| settings.credential_ttl = Duration::from_secs(2));
    let device = Device::with_token(&cloud, token, "own", algorithm);
    let put = device.program().args(["-v", "put", "-", "s3://demo/k"]);
    let mut running = Running::start(put.args(["--part-size=5MiB", "--json"]));
    let stream = Stream::into(running.stdin());
    let fetched = || cloud.counts().requests(Operation::GetCredentials);
    until("a part is there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 0
    });

    let new = rotate(&cloud, &device);
    cloud.registry().set_active(device.certificate(), false);
    let before = fetched();
    until(
        "it has fetched credentials with the new key",
        soon(),
        || {
            assert!(!running.has_ended(), "the upload failed");
            fetched() > before + 1
        },
    );
    let bytes = stream.end();
    let outcome = running.end();
    outcome.done();
    for word in ["WARN", "ERROR", "retry"] {
        assert!(!outcome.stderr.contains(word), "{}", outcome.stderr);
    }
    assert_eq!(cloud.object("demo", "k").unwrap().len(), bytes);

    let shown = device.program().args(["key", "show"]).run();
    assert!(shown.done().contains(&new.to_string()));
    let keys = token.pkcs11_tool(&["--list-objects", "--type", "privkey"]);
    let keys = keys.unwrap();
    assert_eq!(keys.matches("Private Key Object").count(), 1, "{keys}");
}

#[test]
fn uploads_go_on_while_the_key_of_a_software_token_is_replaced() {
    uploads_go_on(&Token::software().unwrap(), "p256");
}

#[test]
fn uploads_go_on_while_the_key_of_a_tpm_is_replaced() {
    uploads_go_on(&Token::tpm().unwrap(), "p256");
}
