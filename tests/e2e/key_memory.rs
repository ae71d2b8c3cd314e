//! What is left of a private key in the memory of a process.
//!
//! Processes are looked into from outside, which root may, however private they are.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use localcloud::Operation;
use sealift_tests::{Cloud, Device, KeyParts, ProcessMemory, Token, openssl, soon, until};

/// Keys as OpenSSL writes them.
const KEYS: [(&str, &[&str]); 5] = [
    ("RSA, PKCS #1", &["genrsa", "-traditional", "2048"]),
    ("RSA, PKCS #8", &["genpkey", "-algorithm", "RSA"]),
    (
        "P-256, SEC 1",
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    ),
    (
        "P-256, PKCS #8",
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ],
    ),
    (
        "P-384, PKCS #8",
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
        ],
    ),
];

/// A process that holds a key, and drops it when it is told to.
struct Holder(Child);

impl Holder {
    fn wait_for(&mut self, expected: &str) {
        // It says one line and waits, so that nothing is lost with the reader.
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line.trim(), expected);
    }

    fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn find<'p>(&self, pieces: &[(&'p str, Vec<u8>)]) -> BTreeSet<&'p str> {
        ProcessMemory::of(self.0.id()).find(pieces)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn of_a_key_in_a_file_nothing_is_left_when_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    for (name, make) in KEYS {
        let pem = String::from_utf8(openssl(make, "")).unwrap();
        std::fs::write(&file, &pem).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let pieces = KeyParts::of_pem(&pem).pieces();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hold-key"));
        command
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut holder = Holder(command.spawn().unwrap());
        holder.wait_for("held");
        let held = holder.find(&pieces);
        assert!(!held.is_empty(), "{name}: a key in use is found");
        assert!(
            !held.contains("text"),
            "{name}: the file's text is wiped at once"
        );
        holder.go_on();
        holder.wait_for("dropped");
        let left = holder.find(&pieces);
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

/// Looks into an upload that has a key in use; the key was made outside of the token, so that it is known.
#[track_caller]
fn nothing_of_it_is_in_an_upload(token: &Token, import: impl FnOnce(&Path)) {
    const MIB: usize = 1 << 20;
    let cloud = Cloud::start();
    let pem = String::from_utf8(openssl(KEYS[1].1, "")).unwrap();
    import(&cloud.private_file("own.key", &pem));
    let device = Device::with_key_on(&cloud, token, "own");
    let put = device.program().args(["put", "-", "s3://demo/k"]);
    let mut running = put.start();
    let mut stdin = running.stdin();
    stdin.write_all(&vec![7; 28 * MIB]).unwrap();
    until("a part is there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 0
    });

    let memory = ProcessMemory::of(running.id());
    assert!(memory.contains("s3_role_alias"), "what is in use is found");
    let found = memory.find(&KeyParts::of_pem(&pem).pieces());
    assert_eq!(found, BTreeSet::new());
    assert!(!memory.contains(Token::PIN), "the PIN");
    drop(memory);
    drop(stdin);
    running.end().done();
}

#[test]
fn of_a_key_in_a_tpm_nothing_is_in_the_memory_of_an_upload_that_uses_it() {
    let token = Token::tpm().unwrap();
    nothing_of_it_is_in_an_upload(&token, |key| {
        token.import_into_tpm(key, "rsa", "own").unwrap();
    });
}

/// It is there while `SoftHSM` signs, in this very process.
#[test]
fn of_a_key_in_a_software_token_nothing_stays_in_the_memory_of_an_upload_that_used_it() {
    let token = Token::software().unwrap();
    nothing_of_it_is_in_an_upload(&token, |key| {
        token.import_into_software(key, "own").unwrap();
    });
}
