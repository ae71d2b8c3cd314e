//! Directories and many files: what of them is uploaded, at once, and how it is told.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use sealift_tests::{Cloud, Outcome, Program, Server, soon, tls, until};
use serde_json::Value;

/// A cloud, and beside it a tree of these files, each with its name as contents.
fn tree(names: &[&str]) -> Cloud {
    let cloud = Cloud::start();
    for name in names {
        cloud.file(&format!("tree/{name}"), name);
    }
    cloud
}

fn put(cloud: &Cloud, options: &[&str]) -> Program {
    let put = Program::on(cloud).args(["put", "-r"]).args(options);
    put.arg(cloud.path("tree")).arg("s3://demo/p/")
}

/// The keys of all results with this outcome, in their order.
fn keys(outcome: &Outcome, word: &str) -> Vec<String> {
    let told = outcome.json();
    let such = told.iter().filter(|told| told["outcome"] == word);
    let mut keys: Vec<_> = such
        .map(|told| told["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort_unstable();
    keys
}

/// The result for a key.
fn result(outcome: &Outcome, key: &str) -> Value {
    let told = outcome.json();
    told.into_iter().find(|told| told["key"] == key).unwrap()
}

#[test]
fn the_last_of_include_and_exclude_decides() {
    let cloud = tree(&["a.csv", "b.log", "d/a.csv", "d/b.log", "old/a.csv"]);
    let rules = ["--exclude", "*", "--include", "*.csv", "--exclude", "old/*"];
    let outcome = put(&cloud, &["--json"]).args(rules).run();
    outcome.done();
    assert_eq!(keys(&outcome, "stored"), ["p/a.csv", "p/d/a.csv"]);
    assert_eq!(cloud.counts().objects_put, 2);
}

#[test]
fn an_include_that_changes_nothing_is_remarked() {
    let cloud = tree(&["a.csv", "b.log"]);
    let outcome = put(&cloud, &["--include", "*.csv"]).run();
    outcome.failed(0, &["all files are included to begin with"]);
    assert_eq!(cloud.counts().objects_put, 2);
}

#[test]
fn what_lies_outside_is_not_uploaded_through_a_link() {
    let cloud = tree(&["a"]);
    let secret = cloud.file("secret", "s");
    symlink(&secret, cloud.path("tree/out")).unwrap();
    symlink("a", cloud.path("tree/in")).unwrap();
    let outcome = put(&cloud, &["--json"]).run();
    outcome.failed(0, &["left out: ", "leads out of the directory"]);
    assert_eq!(keys(&outcome, "stored"), ["p/a", "p/in"]);
    let out = result(&outcome, "p/out");
    assert_eq!(
        (&out["outcome"], &out["source"]),
        (
            &"left-out".into(),
            &cloud.path("tree/out").to_str().unwrap().into()
        )
    );
}

#[test]
fn a_loop_of_links_fails_and_the_rest_is_uploaded() {
    let cloud = tree(&["a", "d/b"]);
    symlink("..", cloud.path("tree/d/loop")).unwrap();
    let outcome = put(&cloud, &["--json"]).run();
    outcome.failed(1, &["leads back to a directory above it"]);
    assert_eq!(keys(&outcome, "stored"), ["p/a", "p/d/b"]);
    assert_eq!(keys(&outcome, "failed"), ["p/d/loop"]);
}

#[test]
fn links_can_be_left_out_or_be_errors() {
    let cloud = tree(&["a"]);
    symlink("a", cloud.path("tree/link")).unwrap();
    let outcome = put(&cloud, &["--json", "--symlinks", "skip"]).run();
    outcome.done();
    assert_eq!(keys(&outcome, "stored"), ["p/a"]);
    let outcome = put(&cloud, &["--json", "--symlinks=error"]).run();
    outcome.failed(1, &["is a symbolic link"]);
    assert_eq!(keys(&outcome, "failed"), ["p/link"]);
}

#[test]
fn a_socket_is_left_out_and_told() {
    let cloud = tree(&["a"]);
    let _socket = UnixListener::bind(cloud.path("tree/socket")).unwrap();
    let outcome = put(&cloud, &[]).run();
    outcome.failed(0, &["left out: ", "not a regular file", "1 left out"]);
    assert_eq!(cloud.counts().objects_put, 1);
}

#[test]
fn a_dry_run_tells_all_and_asks_nobody() {
    let cloud = tree(&["a", "d/bc"]);
    symlink("nowhere", cloud.path("tree/dangling")).unwrap();
    let outcome = put(&cloud, &["--dry-run", "--json"]).run();
    outcome.failed(1, &["2 of 3 files would be uploaded, 5 B, 1 failed"]);
    assert_eq!(keys(&outcome, "dry-run"), ["p/a", "p/d/bc"]);
    assert_eq!(keys(&outcome, "failed"), ["p/dangling"]);
    assert_eq!(result(&outcome, "p/d/bc")["bytes"], 4);
    let counts = cloud.counts();
    assert_eq!((counts.provider_requests, counts.s3_requests), (0, 0));
}

#[test]
fn a_summary_tells_files_and_bytes() {
    let cloud = tree(&["a", "d/bc"]);
    let outcome = put(&cloud, &[]).run();
    assert_eq!(outcome.done().lines().count(), 2);
    assert!(
        outcome.stderr.starts_with("2 of 2 files uploaded, 5 B in "),
        "{}",
        outcome.stderr
    );
}

#[test]
fn an_unusable_name_is_told_with_its_source() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let cloud = tree(&["a"]);
    let odd = cloud.path("tree").join(OsStr::from_bytes(b"odd\xff"));
    std::fs::write(odd, "x").unwrap();
    let outcome = put(&cloud, &["--json"]).run();
    outcome.failed(1, &["cannot be an object's name: it is not UTF-8"]);
    let told = outcome.json();
    let failed = told
        .iter()
        .find(|told| told["outcome"] == "failed")
        .unwrap();
    assert_eq!(failed["key"], Value::Null);
    assert!(
        failed["source"].as_str().unwrap().contains("tree/odd"),
        "{failed}"
    );
}

#[test]
fn many_small_files_share_a_few_connections() {
    let names: Vec<_> = (0..200).map(|n| format!("d{}/{n}", n % 7)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let cloud = tree(&names);
    put(&cloud, &[]).run().done();
    assert_eq!(cloud.counts().objects_put, 200);
    assert!(cloud.counts().s3_connections <= 8, "{:?}", cloud.counts());
    assert_eq!(cloud.counts().provider_requests, 1);
    assert_eq!(cloud.object("demo", "p/d3/3").unwrap(), b"d3/3");
}

/// The server's side of TLS for a store that the cloud's devices trust.
fn identity(cloud: &Cloud) -> Arc<rustls::ServerConfig> {
    let authority = cloud.authority();
    let names = ["127.0.0.1"];
    tls(
        authority,
        authority,
        &names,
        localcloud::Validity::default(),
    )
}

/// S3 that holds each `PUT` until `together` of them have been there at once; tells the most that
/// were.
fn meeting(cloud: &Cloud, together: usize) -> (Server, Arc<Mutex<(usize, usize)>>) {
    let identity = identity(cloud);
    let present = Arc::new(Mutex::new((0, 0)));
    let counted = Arc::clone(&present);
    let store = Server::aws(identity, move |exchange| {
        {
            let mut present = counted.lock().unwrap();
            present.0 += 1;
            present.1 = present.1.max(present.0);
        }
        until("as many requests meet", soon(), || {
            counted.lock().unwrap().1 >= together
        });
        counted.lock().unwrap().0 -= 1;
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    (store, present)
}

#[test]
fn as_many_files_are_under_way_as_jobs_were_asked_for() {
    let cloud = tree(&["a", "b", "c", "d", "e", "f"]);
    let (store, present) = meeting(&cloud, 3);
    let put = put(&cloud, &["--jobs", "3"]).env("SEALIFT_S3_ENDPOINT", store.url());
    put.run().done();
    assert_eq!(present.lock().unwrap().1, 3);
}

#[test]
fn what_concerns_all_keeps_new_ones_from_starting() {
    let names: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let cloud = tree(&names);
    cloud
        .registry()
        .detach_thing(cloud.device(), localcloud::THING_NAME);
    let outcome = put(&cloud, &["--json", "--jobs", "2"]).run();
    let told = [
        "1 of 20 files failed alike, and 18 were not tried",
        "20 of 20 files were not uploaded",
    ];
    outcome.failed(1, &told);
    assert_eq!(outcome.stderr.matches("is not attached").count(), 1);
    assert_eq!(keys(&outcome, "failed").len(), 20);
    assert_eq!(cloud.counts().provider_requests, 1);
}

#[test]
fn a_file_that_vanishes_meanwhile_fails_alone() {
    let cloud = tree(&["a", "b", "c"]);
    let identity = identity(&cloud);
    let vanishing = cloud.path("tree/b");
    let store = Server::aws(identity, move |exchange| {
        if exchange.request.target.ends_with("/a") {
            std::fs::remove_file(&vanishing).unwrap();
        }
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let put = put(&cloud, &["--json", "--jobs", "1"]).env("SEALIFT_S3_ENDPOINT", store.url());
    let outcome = put.run();
    outcome.failed(1, &["No such file", "1 of 3 files were not uploaded"]);
    assert_eq!(keys(&outcome, "stored"), ["p/a", "p/c"]);
    assert_eq!(keys(&outcome, "failed"), ["p/b"]);
}

/// A `put` of two files that is interrupted while S3 holds both requests; how many `PUT`s there were.
fn interrupted(options: &[&str]) -> usize {
    let cloud = tree(&["a", "b"]);
    let identity = identity(&cloud);
    let store = Server::aws(identity, |exchange| exchange.hold());
    let puts = || {
        let requests = store.requests();
        requests.iter().filter(|seen| seen.method == "PUT").count()
    };
    let running = put(&cloud, options).env("SEALIFT_S3_ENDPOINT", store.url());
    let running = running.start();
    until("both files are under way", soon(), || puts() == 2);
    running.signal(Signal::INT);
    let outcome = running.end();
    outcome.failed(1, &["0 of 2 files uploaded", "interrupted by SIGINT"]);
    assert!(
        !outcome.stderr.contains("cannot abort"),
        "{}",
        outcome.stderr
    );
    puts()
}

#[test]
fn an_interruption_ends_all_that_is_under_way() {
    assert_eq!(interrupted(&[]), 2);
}

#[test]
fn an_interruption_with_abort_sends_nothing_again() {
    assert_eq!(interrupted(&["--abort"]), 2);
}
