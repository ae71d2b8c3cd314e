//! Keys that never leave their token.

use std::fs;

use sealift_tests::{Outcome, Program, Repository, Token, openssl};

fn uri(token: &Token, label: &str) -> String {
    format!(
        "{}&module-path={}",
        token.uri(label),
        token.module().display()
    )
}

fn make(token: &Token, kind: &str, label: &str, id: &str) {
    let make = [
        "--keypairgen",
        "--key-type",
        kind,
        "--label",
        label,
        "--id",
        id,
    ];
    token.pkcs11_tool(&make).unwrap();
}

fn with(program: Program, token: &Token) -> Outcome {
    let variables = token.environment();
    let program = variables.fold(program, |program, (name, value)| program.env(name, value));
    program.run()
}

#[test]
fn keys_on_a_token_sign_releases_and_devices_take_them() {
    let (token, repository) = (Token::software().unwrap(), Repository::new(&[]));
    make(&token, "EC:prime256v1", "curve", "01");
    make(&token, "rsa:2048", "primes", "02");
    let rotate = ["rotate", "--role", "targets", "--threshold", "2"];
    let checked = repository.release(&["check", "--json"]).run();
    let old = checked.json()[0]["roles"][1]["keys"][0].clone();
    let rotate = repository
        .release(&rotate)
        .args(["--remove", old.as_str().unwrap()]);
    let (curve, primes) = (uri(&token, "curve"), uri(&token, "primes"));
    // One is adopted from the token, the other by its public part alone.
    let public = Program::new().args(["release", "public-key", &primes]);
    let public = with(public, &token);
    let file = repository.path("primes.json");
    fs::write(&file, public.done()).unwrap();
    let rotate = rotate.args(["--adopt", &curve, "--adopt"]).arg(&file);
    with(rotate, &token).done();
    repository.add("1.0.0").run().done();
    let roots = repository.sign(&["root"]).run();
    assert!(
        roots.done().contains("targets has 0 of 2"),
        "{}",
        roots.stdout
    );

    let one = with(repository.sign_with([&curve]), &token);
    assert!(one.done().contains("targets has 1 of 2"), "{}", one.stdout);
    let other = with(repository.sign_with([&primes]), &token);
    assert!(
        other.done().contains("snapshot has 0 of 1"),
        "{}",
        other.stdout
    );
    for outcome in [&one, &other, &public] {
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains(Token::PIN));
        }
    }
    repository.sign(&["snapshot", "timestamp"]).run().done();
    repository.release(&["check"]).run().done();
    assert_eq!(repository.versions(), ["1.0.0"]);
}

#[test]
fn a_key_that_tuf_does_not_know_is_refused_by_its_name() {
    let (token, repository) = (Token::software().unwrap(), Repository::new(&[]));
    make(&token, "EC:secp384r1", "large", "01");
    let refused = with(repository.sign_with([uri(&token, "large")]), &token);
    refused.failed(1, &["object=large", "P-256"]);
    let missing = with(repository.sign_with([uri(&token, "none")]), &token);
    missing.failed(1, &["none", "large"]);
    let handle = repository.sign_with(["handle:0x81000001"]).run();
    handle.failed(2, &["handle:0x81000001", "pkcs11:"]);
}

/// As `openssl` gives them to whoever never had `sealift`.
#[test]
fn public_keys_in_pem_are_adopted() {
    let repository = Repository::new(&[]);
    let kinds: [&[&str]; 3] = [
        &["genpkey", "-algorithm", "ed25519"],
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ],
        &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
        ],
    ];
    let mut rotate = repository.release(&["rotate", "--role", "targets", "--threshold", "3"]);
    let mut holders = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        let (key, public) = (
            repository.path(&format!("{number}.pem")),
            repository.path(&format!("{number}.pub.pem")),
        );
        let text = String::from_utf8(openssl(kind, "")).unwrap();
        fs::write(&public, openssl(&["pkey", "-pubout"], &text)).unwrap();
        fs::write(&key, text).unwrap();
        rotate = rotate.arg("--adopt").arg(public);
        holders.push(key);
    }
    rotate.run().done();
    let all = repository.keys("root").into_iter().chain(holders);
    let all: Vec<_> = all
        .chain(repository.keys("snapshot"))
        .chain(repository.keys("timestamp"))
        .collect();
    let signed = repository.sign_with(&all).run();
    assert!(signed.done().ends_with("published\n"), "{}", signed.stdout);
    repository.release(&["check"]).run().done();
}
