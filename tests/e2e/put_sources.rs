//! What can be uploaded: files, directories and standard input.

use std::os::unix::fs::symlink;
use std::process::Command;

use sealift_tests::{Cloud, Outcome, Program};

fn put(cloud: &Cloud) -> Program {
    Program::on(cloud).arg("put")
}

/// Nothing was stored, and nothing was even tried.
#[track_caller]
fn untouched(cloud: &Cloud) {
    assert_eq!(
        (cloud.counts().s3_requests, cloud.counts().objects_put),
        (0, 0)
    );
}

#[test]
fn a_key_that_ends_in_a_slash_is_a_prefix() {
    let cloud = Cloud::start();
    let file = cloud.file("today.csv", "x");
    put(&cloud).arg(&file).arg("s3://demo/a/b/").run().done();
    put(&cloud).arg(&file).arg("s3://demo").run().done();
    assert_eq!(cloud.object("demo", "a/b/today.csv").unwrap(), b"x");
    assert_eq!(cloud.object("demo", "today.csv").unwrap(), b"x");
}

#[test]
fn several_files_go_under_a_prefix() {
    let cloud = Cloud::start();
    let (a, b) = (cloud.file("x/a", "A"), cloud.file("y/b", "B"));
    let outcome = put(&cloud)
        .arg("--json")
        .arg(a)
        .arg(b)
        .arg("s3://demo/p/")
        .run();
    outcome.done();
    let told = outcome.json();
    let mut keys: Vec<_> = told
        .iter()
        .filter_map(|told| told["key"].as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["p/a", "p/b"]);
    assert_eq!(cloud.object("demo", "p/a").unwrap(), b"A");
    assert_eq!(cloud.object("demo", "p/b").unwrap(), b"B");
}

#[test]
fn several_files_cannot_become_one_object() {
    let cloud = Cloud::start();
    let (a, b) = (cloud.file("a", "A"), cloud.file("b", "B"));
    put(&cloud)
        .arg(a)
        .arg(b)
        .arg("s3://demo/k")
        .run()
        .failed(2, &["s3://demo/k", "end the key with `/`"]);
    untouched(&cloud);
}

#[test]
fn files_of_one_name_are_refused_before_anything_is_sent() {
    let cloud = Cloud::start();
    let (a, b) = (cloud.file("x/same", "A"), cloud.file("y/same", "B"));
    put(&cloud)
        .arg(a)
        .arg(b)
        .arg("s3://demo/p/")
        .run()
        .failed(2, &["x/same", "y/same", "`p/same`"]);
    untouched(&cloud);
}

#[test]
fn a_directory_is_uploaded_with_all_that_is_below_it() {
    let cloud = Cloud::start();
    for name in ["tree/a", "tree/d/b", "tree/d/e/c d", "tree/.hidden"] {
        cloud.file(name, name);
    }
    std::fs::create_dir(cloud.path("tree/empty")).unwrap();
    symlink("a", cloud.path("tree/link")).unwrap();
    put(&cloud)
        .arg("-r")
        .arg(cloud.path("tree"))
        .arg("s3://demo/p/")
        .run()
        .done();
    for name in ["a", "d/b", "d/e/c d", ".hidden"] {
        assert_eq!(
            cloud.object("demo", &format!("p/{name}")).unwrap(),
            format!("tree/{name}").as_bytes()
        );
    }
    assert_eq!(cloud.object("demo", "p/link").unwrap(), b"tree/a");
    assert_eq!(cloud.counts().objects_put, 5);
}

#[test]
fn a_directory_needs_r() {
    let cloud = Cloud::start();
    cloud.file("tree/a", "x");
    put(&cloud)
        .arg(cloud.path("tree"))
        .arg("s3://demo/p/")
        .run()
        .failed(2, &["is a directory", "use -r"]);
    untouched(&cloud);
}

#[test]
fn a_missing_file_is_named_and_nothing_is_sent() {
    let cloud = Cloud::start();
    let there = cloud.file("there", "x");
    let outcome = put(&cloud)
        .arg(there)
        .arg(cloud.path("gone"))
        .arg("s3://demo/")
        .run();
    outcome.failed(
        1,
        &[
            &format!("cannot read `{}`", cloud.path("gone").display()),
            "No such file",
        ],
    );
    untouched(&cloud);
}

#[test]
fn what_is_wrong_with_one_file_does_not_stop_the_others() {
    let cloud = Cloud::start();
    let (a, z) = (cloud.file("a", "A"), cloud.file("z", "Z"));
    // Not a regular file, which is found out only when its turn comes.
    let outcome = put(&cloud)
        .arg("--json")
        .arg(a)
        .arg("/dev/null")
        .arg(z)
        .arg("s3://demo/")
        .run();
    outcome.failed(
        1,
        &[
            "`/dev/null` is a character device",
            "1 of 3 files were not uploaded",
        ],
    );
    let told = outcome.json();
    assert_eq!(told.len(), 3, "{told:?}");
    let null = told.iter().find(|told| told["source"] == "/dev/null");
    let null = null.unwrap();
    assert_eq!(
        (&null["outcome"], &null["temporary"]),
        (&"failed".into(), &false.into())
    );
    assert!(
        null["error"].as_str().unwrap().contains("character device"),
        "{null}"
    );
    assert_eq!(
        told.iter()
            .filter(|told| told["outcome"] == "stored")
            .count(),
        2
    );
    assert_eq!(cloud.object("demo", "a").unwrap(), b"A");
    assert_eq!(cloud.object("demo", "z").unwrap(), b"Z");
    assert!(cloud.object("demo", "null").is_none());
}

#[test]
fn standard_input_becomes_an_object_of_the_same_bytes() {
    let cloud = Cloud::start();
    let bytes: Vec<u8> = (0..=255).cycle().take(700_001).collect();
    let stdin = |input: &[u8], key: &str| {
        put(&cloud)
            .args(["-", &format!("s3://demo/{key}")])
            .run_with(input)
    };
    stdin(&bytes, "long").done();
    stdin(b"", "empty").done();
    assert!(cloud.object("demo", "long").unwrap() == bytes);
    assert_eq!(cloud.object("demo", "empty").unwrap(), b"");
}

#[test]
fn standard_input_needs_a_whole_key() {
    let cloud = Cloud::start();
    put(&cloud)
        .args(["-", "s3://demo/p/"])
        .run_with(b"x")
        .failed(2, &["standard input needs a whole key"]);
    untouched(&cloud);
}

#[test]
fn standard_input_is_kept_up_to_the_limit_and_not_a_byte_more() {
    const LIMIT: usize = 1 << 20;
    let cloud = Cloud::start();
    let stdin = |length: usize, key: &str| -> Outcome {
        let program = put(&cloud).env("SEALIFT_PUT_SPOOL_LIMIT", "1MiB");
        program
            .args(["-", &format!("s3://demo/{key}")])
            .run_with(&vec![b'x'; length])
    };
    stdin(LIMIT, "fits").done();
    assert_eq!(cloud.object("demo", "fits").unwrap().len(), LIMIT);
    stdin(LIMIT + 1, "too-long").failed(
        1,
        &["longer than the 1048576 bytes", "hint: ", "put.spool_limit"],
    );
    assert!(cloud.object("demo", "too-long").is_none());
    assert_eq!(cloud.counts().objects_put, 1);
}

#[test]
fn standard_input_leaves_nothing_behind_on_disk() {
    let cloud = Cloud::start();
    let spool = cloud.path("spool");
    let program = put(&cloud).env("SEALIFT_PUT_SPOOL_DIR", &spool);
    program.args(["-", "s3://demo/k"]).run_with(b"x").done();
    assert_eq!(std::fs::read_dir(spool).unwrap().count(), 0);
}

/// The program finds `/dev/null` in its place, and must not take that for an empty object.
#[test]
fn standard_input_that_is_closed_is_no_empty_object() {
    let cloud = Cloud::start();
    let program = put(&cloud).args(["-", "s3://demo/k"]).command();
    let mut closing = Command::new("sh");
    closing
        .args(["-c", "exec \"$@\" <&-", "sh"])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            closing.env(name, value);
        }
    }
    let outcome = Outcome::from(closing.output().unwrap());
    outcome.failed(2, &["standard input is closed", "hint: "]);
    assert!(cloud.object("demo", "k").is_none());
}
