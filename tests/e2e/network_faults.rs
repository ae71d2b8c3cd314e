//! Networks fail in every phase; the user learns which one, and whether to try again.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use localcloud::{Authority, Validity};
use sealift_tests::{Cloud, Outcome, Program, Server, tls};

const SHORT: &str = "300ms";

/// `sealift credentials`, which tries once, against another endpoint, with one short timeout.
fn credentials(cloud: &Cloud, endpoint: &impl ToString, timeout: &str) -> Outcome {
    Program::on(cloud)
        .arg("credentials")
        .env("SEALIFT_CREDENTIALS_ENDPOINT", endpoint.to_string())
        .env(&format!("SEALIFT_NETWORK_{timeout}"), SHORT)
        .run()
}

/// `sealift put` of a file of that many bytes to another store, with a short idle timeout.
fn put(cloud: &Cloud, store: &Server, bytes: u64) -> Outcome {
    let path = cloud.file("measurements.csv", "");
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(bytes)
        .unwrap();
    Program::on(cloud)
        .arg("put")
        .arg(path)
        .arg("s3://demo/key")
        .env("SEALIFT_S3_ENDPOINT", store.url())
        .env("SEALIFT_S3_MULTIPART_THRESHOLD", "5GiB")
        .env("SEALIFT_NETWORK_IDLE_TIMEOUT", SHORT)
        .run()
}

/// More than the kernel keeps for a connection.
const LARGE: u64 = 64 * 1024 * 1024;

/// The stand-in speaks HTTP/2, which answers some of what it reads before it reads on.
#[test]
fn a_reset_is_noticed_before_the_time_is_up() {
    let cloud = Cloud::start_with(|settings| {
        settings.fault("PutObject:reset=0").unwrap();
    });
    let put = Program::on(&cloud)
        .arg("put")
        .arg(cloud.file("measurements.csv", [0; 1000]))
        .arg("s3://demo/key")
        .env("SEALIFT_NETWORK_IDLE_TIMEOUT", "10m")
        .env("SEALIFT_NETWORK_FIRST_BYTE_TIMEOUT", "10m");
    put.start()
        .end()
        .failed(75, &["broke before the response was complete"]);
    assert_eq!(cloud.counts().faults, 3);
}

#[test]
fn a_name_that_does_not_exist() {
    // RFC 6761: no resolver may know a name under `invalid`.
    let outcome = credentials(&Cloud::start(), &"name.invalid", "FIRST_BYTE_TIMEOUT");
    outcome.failed(75, &["name.invalid", "could not be resolved", "DNS"]);
}

#[test]
fn a_port_where_nothing_listens() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = credentials(&Cloud::start(), &unused, "CONNECT_TIMEOUT");
    outcome.failed(
        75,
        &["could not connect to 127.0.0.1", "nothing listens there"],
    );
}

#[test]
fn a_host_that_answers_no_connection() {
    // A listener that accepts nothing: when its queue is full, Linux drops what comes.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let queued: Vec<_> =
        std::iter::repeat_with(|| TcpStream::connect_timeout(&address, Duration::from_millis(100)))
            .take_while(Result::is_ok)
            .take(16)
            .collect();
    let outcome = credentials(&Cloud::start(), &address, "CONNECT_TIMEOUT");
    outcome.failed(75, &["no connection to 127.0.0.1", "within 300ms"]);
    drop(queued);
}

#[test]
fn a_connection_that_is_reset_at_once() {
    // What was not read when the connection is closed makes the kernel reset it.
    let server = Server::tcp(|stream, _| drop(stream.peek(&mut [0])));
    let outcome = credentials(&Cloud::start(), &server.address(), "TLS_TIMEOUT");
    outcome.failed(
        75,
        &["the TLS handshake with https://127.0.0.1", "caused by"],
    );
}

#[test]
fn a_server_that_speaks_no_tls() {
    let server = Server::tcp(|mut stream, _| {
        let _ = stream
            .peek(&mut [0])
            .and_then(|_| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    let outcome = credentials(&Cloud::start(), &server.address(), "TLS_TIMEOUT");
    outcome.failed(1, &["the TLS handshake with https://127.0.0.1", "TLS"]);
}

#[test]
fn a_handshake_that_does_not_end() {
    let server = Server::tcp(|_stream, hold| hold.hold());
    let outcome = credentials(&Cloud::start(), &server.address(), "TLS_TIMEOUT");
    outcome.failed(75, &["the TLS handshake", "was not done within 300ms"]);
}

#[test]
fn an_answer_that_does_not_begin() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |exchange| exchange.hold());
    let outcome = credentials(&cloud, &server.address(), "FIRST_BYTE_TIMEOUT");
    outcome.failed(75, &["did not begin to answer within 300ms"]);
}

#[test]
fn an_answer_that_does_not_go_on() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"credentials\"");
        exchange.hold();
    });
    let outcome = credentials(&cloud, &server.address(), "IDLE_TIMEOUT");
    outcome.failed(75, &["nothing was received for 300ms"]);
}

#[test]
fn an_answer_that_is_cut_short() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"credentials\"");
    });
    let outcome = credentials(&cloud, &server.address(), "IDLE_TIMEOUT");
    outcome.failed(75, &["broke before the response was complete"]);
}

#[test]
fn a_server_that_stops_reading_is_tried_three_times() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |exchange| exchange.hold());
    let outcome = put(&cloud, &server, LARGE);
    outcome.failed(75, &["nothing could be sent for 300ms"]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_reset_in_the_middle_of_the_body_is_tried_three_times() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |_exchange| {});
    let outcome = put(&cloud, &server, LARGE);
    outcome.failed(75, &["the connection to https://127.0.0.1", "broke"]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn one_broken_connection_is_made_good() {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), |exchange| {
        if exchange.number > 0 {
            let body = exchange.read_body();
            let status = if body.len() as u64 > LARGE {
                "200 OK"
            } else {
                "400 Bad Request"
            };
            exchange.answer(status, &["etag: \"whole\""], b"");
        }
    });
    put(&cloud, &server, LARGE).done();
    assert_eq!(server.requests().len(), 2);
}

/// Servers that are not who they should be are not tried again, and get no request.
mod strangers {
    use super::*;

    #[track_caller]
    fn refused(
        cloud: &Cloud,
        issuer: &Authority,
        names: &[&str],
        validity: Validity,
        parts: &[&str],
    ) {
        let server = Server::https_as(tls(issuer, cloud.authority(), names, validity), |_| {});
        put(cloud, &server, 6).failed(1, parts);
        assert_eq!(server.requests().len(), 0);
        assert_eq!(
            server.connections(),
            1,
            "it will not become another by asking again"
        );
    }

    #[test]
    fn of_another_authority() {
        let cloud = Cloud::start();
        let other = Authority::new().unwrap();
        let parts = ["the TLS handshake with https://127.0.0.1", "device.ca"];
        refused(&cloud, &other, &["127.0.0.1"], Validity::default(), &parts);
    }

    #[test]
    fn whose_certificate_has_expired() {
        let cloud = Cloud::start();
        let parts = [
            "the TLS handshake with https://127.0.0.1",
            "expired",
            "clock",
        ];
        refused(
            &cloud,
            cloud.authority(),
            &["127.0.0.1"],
            Validity::expired(),
            &parts,
        );
    }

    #[test]
    fn whose_certificate_begins_tomorrow() {
        let cloud = Cloud::start();
        let parts = [
            "the TLS handshake with https://127.0.0.1",
            "not valid",
            "clock",
        ];
        refused(
            &cloud,
            cloud.authority(),
            &["127.0.0.1"],
            Validity::not_yet(),
            &parts,
        );
    }

    #[test]
    fn of_another_name() {
        let cloud = Cloud::start();
        let parts = ["the TLS handshake with https://127.0.0.1", "name"];
        refused(
            &cloud,
            cloud.authority(),
            &["s3.example.com"],
            Validity::default(),
            &parts,
        );
    }
}
