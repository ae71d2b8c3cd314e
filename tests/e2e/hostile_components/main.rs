//! Components that misbehave are contained, and the user learns of it. One test for each file in
//! `guests/examples`, of the same name.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use localcloud::RoleAlias;
use sealift_tests::{Cloud, Outcome, Program, Server, guest};

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// Does not compile when a component has no test.
macro_rules! demand_tests {
    ($($name:ident)*) => {
        const _: &[fn()] = &[$($name),*];
    };
}

for_each_guest!(demand_tests);

const CONTENTS: &[u8] = b"1;2;3\n";

/// The upload of a small file with a component.
fn put(cloud: &Cloud, component: impl AsRef<Path>) -> Program {
    let file = cloud.file("measurements.csv", CONTENTS);
    Program::on(cloud)
        .arg("put")
        .arg("--component")
        .arg(component.as_ref())
        .arg(file)
        .arg("s3://demo/key")
}

/// What the component of that name came to, with a limit set in the environment.
#[track_caller]
fn misbehaved(cloud: &Cloud, name: &str, (variable, value): (&str, &str)) -> Outcome {
    let outcome = put(cloud, guest(name)).env(variable, value).run();
    assert_eq!(
        outcome.stdout, "",
        "a component that misbehaves has uploaded nothing"
    );
    assert_eq!(cloud.counts().objects_put, 0);
    outcome
}

const NO_LIMIT: (&str, &str) = ("UNUSED", "");

/// The component of that name fails, and standard error tells `parts`.
#[track_caller]
fn fails(name: &str, limit: (&str, &str), parts: &[&str]) -> Cloud {
    let cloud = Cloud::start();
    misbehaved(&cloud, name, limit).failed(1, parts);
    cloud
}

#[test]
fn reads_device_key() {
    let cloud = Cloud::start();
    let file = cloud.file("measurements.csv", CONTENTS);
    let key = cloud.paths().key.display().to_string();
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg("--component")
        .arg(guest("reads_device_key"))
        .arg(file)
        .arg(format!("s3://demo/{}", key.trim_start_matches('/')))
        .run();
    outcome.failed(1, &["no file for me"]);
    assert!(!format!("{outcome:?}").contains("PRIVATE KEY"));
}

#[test]
fn reads_another_instances_memory() {
    let cloud = Cloud::start();
    let outcome = Program::on(&cloud)
        .args(["put", "--jobs=1", "--component"])
        .arg(guest("reads_another_instances_memory"))
        .args(["first", "second", "third"].map(|name| cloud.file(name, CONTENTS)))
        .arg("s3://demo/")
        .run();
    outcome.failed(1, &["no mark of before"]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.matches("no mark of before").count(), 3);
}

#[test]
fn reads_environment() {
    let cloud = Cloud::start();
    let outcome = misbehaved(&cloud, "reads_environment", ("PROXY_PASSWORD", "hunter2"));
    outcome.failed(1, &["no variable and no argument"]);
}

#[test]
fn opens_socket() {
    let cloud = fails(
        "opens_socket",
        NO_LIMIT,
        &["imports what this host does not offer", "wasi:sockets/"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
fn calls_forbidden_origin() {
    fails("calls_forbidden_origin", NO_LIMIT, &["HttpRequestDenied"]);
}

#[test]
fn asks_for_another_role() {
    let cloud = Cloud::start();
    let hour = std::time::Duration::from_hours(1);
    let admin = RoleAlias {
        duration: hour,
        max_session_duration: hour,
        assumable: true,
    };
    cloud.registry().set_role_alias("admin", admin);
    cloud.registry().attach_policy(cloud.device(), "admin");
    misbehaved(&cloud, "asks_for_another_role", NO_LIMIT).failed(1, &["10 of 10 denied"]);
    assert_eq!(
        (
            cloud.counts().provider_connections,
            cloud.counts().credentials_issued
        ),
        (0, 0)
    );
}

#[test]
fn signs_a_handshake() {
    fails(
        "signs_a_handshake",
        NO_LIMIT,
        &["this host does not offer signatures"],
    );
}

#[test]
fn loops_without_calls() {
    let limit = ("SEALIFT_SANDBOX_CPU_TIME", "300ms");
    fails(
        "loops_without_calls",
        limit,
        &["more than 300ms of computing time", "sandbox.cpu_time"],
    );
}

#[test]
fn loops_with_calls() {
    let limit = ("SEALIFT_SANDBOX_CPU_TIME", "300ms");
    fails(
        "loops_with_calls",
        limit,
        &["more than 300ms of computing time", "sandbox.cpu_time"],
    );
}

#[test]
fn allocates_without_end() {
    let limit = ("SEALIFT_SANDBOX_MEMORY", "8MiB");
    fails(
        "allocates_without_end",
        limit,
        &["more than 8388608 bytes of memory", "sandbox.memory"],
    );
}

#[test]
fn floods_the_log() {
    let cloud = Cloud::start();
    let outcome = put(&cloud, guest("floods_the_log"))
        .arg("-v")
        .env("SEALIFT_SANDBOX_LOG_BYTES", "32KiB")
        .run();
    outcome.failed(
        1,
        &[
            "flood flood",
            "the component wrote too much",
            "everything was said",
        ],
    );
    assert!(
        outcome.stderr.len() < 64 * 1024,
        "{} bytes of log",
        outcome.stderr.len()
    );
    assert!(
        !outcome.stderr.contains('\u{1b}'),
        "a component must not drive the terminal"
    );
}

#[test]
fn answers_a_short_checksum() {
    let cloud = Cloud::start();
    // A store that takes whatever comes, so that there is an upload to claim something of.
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let outcome = put(&cloud, guest("answers_a_short_checksum"))
        .env("SEALIFT_S3_ENDPOINT", store.url())
        .run();
    outcome.failed(1, &["checksum of the wrong length"]);
}

#[test]
fn claims_success() {
    let parts = ["reports an upload that the host did not see"];
    let cloud = fails("claims_success", NO_LIMIT, &parts);
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
fn answers_without_end() {
    fails(
        "answers_without_end",
        NO_LIMIT,
        &["the component failed and was ended"],
    );
}

#[test]
fn asks_for_absurd_sizes() {
    fails(
        "asks_for_absurd_sizes",
        NO_LIMIT,
        &[&format!("refused; read [{}, 0] bytes", CONTENTS.len())],
    );
}

#[test]
fn uses_unknown_handle() {
    fails(
        "uses_unknown_handle",
        NO_LIMIT,
        &[
            "the component failed and was ended",
            "unknown handle index 4242",
        ],
    );
}

#[test]
fn panics() {
    let cloud = Cloud::start();
    let outcome = put(&cloud, guest("panics")).arg("-v").run();
    outcome.failed(
        1,
        &[
            "there should be no job",
            "the component failed and was ended",
            "unreachable",
        ],
    );
}

#[test]
fn asks_the_vault_while_fetching() {
    let cloud = fails(
        "asks_the_vault_while_fetching",
        NO_LIMIT,
        &["unavailable: there are no credentials while"],
    );
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn opens_many_requests() {
    let limit = ("SEALIFT_SANDBOX_OPEN_REQUESTS", "3");
    let cloud = fails(
        "opens_many_requests",
        limit,
        &["request 4: ", "ConnectionLimitReached"],
    );
    assert_eq!(cloud.counts().s3_requests, 3);
}

#[test]
fn sends_too_much() {
    let cloud = Cloud::start();
    let file = cloud.file("thirty", vec![b'x'; 30 * 1024]);
    let outcome = Program::on(&cloud)
        .env("SEALIFT_SANDBOX_BYTES_OUT", "64KiB")
        .arg("put")
        .arg("--component")
        .arg(guest("sends_too_much"))
        .arg(file)
        .arg("s3://demo/key")
        .run();
    outcome.failed(1, &["sending 3: ", "body size exceeds limit: 65536"]);
    assert_eq!(cloud.counts().objects_put, 0);
}

#[test]
fn attaches_beyond_the_payload() {
    let cloud = fails(
        "attaches_beyond_the_payload",
        NO_LIMIT,
        &["do not exist: it has 6"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
fn attaches_twice() {
    let cloud = fails(
        "attaches_twice",
        NO_LIMIT,
        &["the request already has a body"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
fn takes_the_payload_twice() {
    fails(
        "takes_the_payload_twice",
        NO_LIMIT,
        &["the payload of a job was taken twice"],
    );
}

#[test]
fn an_instance_that_was_ended_does_not_stop_the_next() {
    let cloud = Cloud::start();
    let component = guest("panics");
    put(&cloud, component)
        .run()
        .failed(1, &["the component failed"]);
    let file = cloud.file("measurements.csv", CONTENTS);
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/key")
        .run()
        .done();
    assert_eq!(cloud.object("demo", "key").unwrap(), CONTENTS);
}

/// What is no component at all, by its bytes.
mod no_component {
    use super::*;

    /// `\0asm` and the version of a core module; of a component.
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[track_caller]
    fn refused(bytes: &[u8], parts: &[&str]) {
        let cloud = Cloud::start();
        let file = cloud.file("given.wasm", bytes);
        put(&cloud, file).run().failed(1, parts);
        assert_eq!(
            (
                cloud.counts().provider_connections,
                cloud.counts().s3_connections
            ),
            (0, 0)
        );
    }

    #[test]
    fn a_core_module() {
        refused(MODULE, &["not a WebAssembly component"]);
    }

    #[test]
    fn garbage() {
        refused(&[0xfe; 4096], &["not a WebAssembly component"]);
    }

    #[test]
    fn nothing() {
        refused(b"", &["not a WebAssembly component"]);
    }

    #[test]
    fn half_a_component() {
        let whole = std::fs::read(guest("panics")).unwrap();
        refused(&whole[..whole.len() / 2], &["not a WebAssembly component"]);
    }

    #[test]
    fn without_our_exports() {
        refused(
            COMPONENT,
            &["does not export the world `sealift:gateway/uploader`"],
        );
    }

    #[test]
    fn compiled_elsewhere() {
        let whole = std::fs::read(guest("panics")).unwrap();
        let precompiled = wasmtime::Engine::default()
            .precompile_component(&whole)
            .unwrap();
        refused(&precompiled, &["not a WebAssembly component"]);
    }

    #[test]
    fn missing() {
        let cloud = Cloud::start();
        let path = cloud.path("none.wasm");
        put(&cloud, &path)
            .run()
            .failed(2, &["cannot read the component", "none.wasm"]);
    }
}

#[test]
fn claims_an_upload() {
    fails(
        "claims_an_upload",
        NO_LIMIT,
        &["an upload that the host did not see"],
    );
}

#[test]
fn understates_the_length() {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        let body = exchange.read_body();
        exchange.answer("200 OK", &[&format!("etag: \"{}\"", body.len())], b"");
    });
    let outcome = Program::put_into(&store, &cloud)
        .arg("--component")
        .arg(guest("understates_the_length"))
        .run();
    outcome.done();
    // The host wrote the length of what was attached, whatever the component had said.
    let [put] = store.requests().try_into().unwrap();
    assert_eq!(put.header("content-length"), Some("6"));
}

#[test]
fn hoards_headers() {
    fails(
        "hoards_headers",
        NO_LIMIT,
        &[
            "the component failed and was ended",
            "table has no free keys",
        ],
    );
}

#[test]
fn sends_the_payload_elsewhere() {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let outcome = Program::put_into(&store, &cloud)
        .arg("--component")
        .arg(guest("sends_the_payload_elsewhere"))
        .run();
    outcome.failed(1, &["an upload that the host did not see"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn fetches_while_uploading() {
    let cloud = fails(
        "fetches_while_uploading",
        NO_LIMIT,
        &["the egress policy allows no GET request"],
    );
    assert_eq!(cloud.counts().provider_requests, 0);
}
