//! Ways out that lead through an HTTP proxy.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use sealift_tests::{Cloud, Program, Proxy, Server, Verdict};

/// A proxy that connects its clients to what they ask for.
fn open() -> Proxy {
    Proxy::start(|asked| Verdict::Connect(asked.target.parse().unwrap()))
}

/// `sealift put` of a small file through the proxy that the environment names.
fn put(cloud: &Cloud, proxy: SocketAddr) -> Program {
    let file = cloud.file("measurements.csv", "1;2;3\n");
    Program::on(cloud)
        .env("HTTPS_PROXY", format!("http://{proxy}"))
        .arg("put")
        .arg(file)
        .arg("s3://demo/key")
}

#[test]
fn everything_goes_through_the_proxy_of_the_environment() {
    let (cloud, proxy) = (Cloud::start(), open());
    put(&cloud, proxy.address()).run().done();
    assert_eq!(cloud.object("demo", "key").unwrap(), b"1;2;3\n");
    let targets: Vec<_> = proxy
        .asked()
        .into_iter()
        .map(|asked| asked.target)
        .collect();
    assert_eq!(
        targets,
        [
            cloud.credentials_endpoint(),
            cloud.s3_endpoint().trim_start_matches("https://")
        ]
    );
}

#[test]
fn the_configuration_goes_before_the_environment() {
    let (cloud, configured, other) = (Cloud::start(), open(), open());
    let url = format!("http://{}", configured.address());
    put(&cloud, other.address())
        .env("SEALIFT_NETWORK_PROXY", url)
        .run()
        .done();
    assert_eq!((configured.asked().len(), other.asked().len()), (2, 0));
}

#[test]
fn the_configuration_can_do_without_a_proxy() {
    let (cloud, proxy) = (Cloud::start(), open());
    put(&cloud, proxy.address())
        .env("SEALIFT_NETWORK_PROXY", "none")
        .run()
        .done();
    assert_eq!(proxy.asked(), []);
}

#[test]
fn excepted_hosts_are_reached_directly() {
    for exception in ["127.0.0.1", "127.0.0.0/8", "*", "example.com, 127.0.0.1"] {
        let (cloud, proxy) = (Cloud::start(), open());
        put(&cloud, proxy.address())
            .env("NO_PROXY", exception)
            .run()
            .done();
        assert_eq!(proxy.asked(), [], "{exception}");
    }
}

#[test]
fn a_password_reaches_the_proxy_and_no_output() {
    let cloud = Cloud::start();
    let proxy = Proxy::start(|asked| match asked.authorization.as_deref() {
        // RFC 7617, of `user` and `hunter2`.
        Some("Basic dXNlcjpodW50ZXIy") => Verdict::Connect(asked.target.parse().unwrap()),
        _ => Verdict::Refuse("407 Proxy Authentication Required"),
    });
    let url = |password: &str| format!("http://user:{password}@{}", proxy.address());
    let right = put(&cloud, proxy.address())
        .env("HTTPS_PROXY", url("hunter2"))
        .arg("-vv")
        .run();
    right.done();
    let wrong = put(&cloud, proxy.address())
        .env("HTTPS_PROXY", url("hunter3"))
        .arg("-vv")
        .run();
    wrong.failed(1, &["through the proxy", "407", "user name and password"]);
    for (outcome, secret) in [(right, "hunter2"), (wrong, "hunter3")] {
        let encoded = if secret == "hunter2" {
            "dXNlcjpodW50ZXIy"
        } else {
            "dXNlcjpodW50ZXIz"
        };
        let told = format!("{outcome:?}");
        assert!(!told.contains(secret) && !told.contains(encoded), "{told}");
    }
}

#[test]
fn a_proxy_that_wants_a_password_is_named() {
    let cloud = Cloud::start();
    let proxy = Proxy::start(|_| Verdict::Refuse("407 Proxy Authentication Required"));
    let outcome = put(&cloud, proxy.address()).run();
    outcome.failed(
        1,
        &[
            "through the proxy",
            &proxy.address().to_string(),
            "407",
            "http://USER:PASSWORD@HOST:PORT",
        ],
    );
    assert_eq!(
        proxy.asked().len(),
        1,
        "it will not want none the next time"
    );
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_proxy_that_forbids_the_destination() {
    let cloud = Cloud::start();
    let proxy = Proxy::start(|_| Verdict::Refuse("403 Forbidden"));
    put(&cloud, proxy.address())
        .run()
        .failed(1, &["through the proxy", "the proxy answered 403"]);
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn a_proxy_that_cannot_connect_is_tried_three_times() {
    let cloud = Cloud::start();
    let proxy = Proxy::start(|_| Verdict::Refuse("502 Bad Gateway"));
    put(&cloud, proxy.address())
        .run()
        .failed(75, &["through the proxy", "the proxy answered 502"]);
    assert_eq!(proxy.asked().len(), 3);
}

#[test]
fn a_proxy_that_is_not_there() {
    let cloud = Cloud::start();
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = Program::on(&cloud)
        .env("HTTPS_PROXY", format!("http://{unused}"))
        .arg("credentials")
        .run();
    outcome.failed(
        75,
        &[
            "through the proxy",
            "the proxy cannot be reached",
            "nothing listens there",
        ],
    );
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_proxy_that_is_none() {
    let cloud = Cloud::start();
    let server = Server::tcp(|mut stream, _| {
        use std::io::Write;
        let _ = stream
            .peek(&mut [0])
            .and_then(|_| stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"));
    });
    let outcome = Program::on(&cloud)
        .env("HTTPS_PROXY", format!("http://{}", server.address()))
        .arg("credentials")
        .run();
    outcome.failed(1, &["through the proxy", "not a usable HTTP response"]);
}
