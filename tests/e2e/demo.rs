//! The whole story in one command.

use sealift_tests::Program;

/// The steps, and what each must tell.
const STEPS: [(&str, &str); 8] = [
    ("stand-in AWS", "credentials provider on 127.0.0.1:"),
    ("device", "thing `thing_x`"),
    ("credentials", "over mutual TLS"),
    ("upload", "became s3://demo/demo/sealift"),
    ("read back", "an independent client got the same"),
    ("unknown certificate", "refused the client certificate"),
    ("another thing's name", "thing `thing_y` is not attached"),
    ("forbidden origin", "169.254.169.254"),
];

#[test]
fn it_tells_every_step_and_all_go_well() {
    let outcome = Program::new().arg("demo").run();
    let lines: Vec<_> = outcome.done().lines().collect();
    assert_eq!(
        (lines.len(), outcome.stderr.as_str()),
        (STEPS.len(), ""),
        "{lines:#?}"
    );
    for (line, (step, detail)) in lines.into_iter().zip(STEPS) {
        assert!(
            line.starts_with("ok ") && line.contains(step) && line.contains(detail),
            "{step}: {line}"
        );
    }
}

#[test]
fn json_tells_every_step() {
    let outcome = Program::new().args(["demo", "--json"]).run();
    outcome.done();
    let told = outcome.json();
    assert_eq!(told.len(), STEPS.len());
    for (told, (step, detail)) in told.into_iter().zip(STEPS) {
        let names: Vec<_> = told
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, ["detail", "ok", "seconds", "step"]);
        assert_eq!(
            (&told["step"], &told["ok"]),
            (&step.into(), &true.into()),
            "{told}"
        );
        assert!(told["detail"].as_str().unwrap().contains(detail), "{told}");
        assert!(told["seconds"].as_f64().unwrap() >= 0.0, "{told}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut command = Program::new().arg("demo").command();
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    sealift_tests::Outcome::from(child.wait_with_output().unwrap()).done();
}
