//! `sealift run` as it is seen from outside.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use sealift_tests::{Cloud, Service, soon, until};

const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/"
"#;

/// A port of the loopback interface, taken for as long as the listener lives.
fn port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn configure(cloud: &Cloud, port: u16) {
    let service = format!("[service]\nmetrics_listen = \"127.0.0.1:{port}\"\n{RULE}");
    Service::configure(cloud, &service);
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_and_health_tell_what_it_did() {
    let cloud = Cloud::start();
    let (listener, port) = port();
    drop(listener);
    configure(&cloud, port);
    let service = Service::start(&cloud);
    for path in ["/healthz", "/readyz"] {
        let answer = get(port, path);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    cloud.file("out/a", "12345");
    until("the numbers are there", soon(), || {
        let metrics = get(port, "/metrics");
        [
            "sealift_attempts_total{outcome=\"uploaded\"} 1\n",
            "sealift_queue_jobs{state=\"done\"} 1\n",
            "sealift_sent_bytes_total 5\n",
            "sealift_link_up 1\n",
        ]
        .iter()
        .all(|line| metrics.contains(line))
    });
    service.stop();
}

#[test]
fn a_port_that_is_taken_keeps_no_file_waiting() {
    let cloud = Cloud::start();
    let (_listener, port) = port();
    configure(&cloud, port);
    let service = Service::start(&cloud);
    cloud.file("out/a", "a");
    cloud.awaited_object("a");
    let stderr = service.stop().stderr;
    assert!(stderr.contains("service.metrics_listen"), "{stderr}");
}
