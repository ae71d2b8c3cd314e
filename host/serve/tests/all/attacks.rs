//! What a local attacker, or a page in a browser on this machine, might try.

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{DEADLINE, Reply, Stage, exchange, over_tcp, reply, send};

const LOGGER: &str = "[clients.logger]\nrole_alias = \"logs\"";

/// It was refused for this reason, and nothing has happened.
fn assert_refused(stage: &Stage, reply: &Reply, status: u16, code: &str) {
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (status, code),
        "{reply:?}"
    );
    assert!(!reply.body.contains("hunter"), "{reply:?}");
    assert_eq!(stage.fetches(), 0);
    assert!(stage.handouts().is_empty());
    let counted = format!("sealift_requests_refused_total{{code=\"{code}\"}}");
    assert!(stage.metrics.text().contains(&counted));
}

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let stage = Stage::new("");
    let reply = stage.get("/credentials", &[("host", "127.0.0.1")]).await;
    assert_refused(&stage, &reply, 403, "TokenMissing");
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        "{message}"
    );
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let stage = Stage::new("");
    let token = stage.token("default");
    let bearer = format!("Bearer {token}");
    let longer = format!("{token}x");
    for wrong in [
        "",
        "x",
        &token[..42],
        &longer,
        &bearer,
        &token.to_uppercase(),
    ] {
        let fields = [("host", "127.0.0.1"), ("authorization", wrong)];
        let reply = stage.get("/credentials", &fields).await;
        assert_refused(&stage, &reply, 403, "TokenWrong");
    }
}

#[tokio::test]
async fn two_tokens_at_once_are_refused() {
    let stage = Stage::new("");
    let token = stage.token("default");
    let fields = [
        ("host", "127.0.0.1"),
        ("authorization", "x"),
        ("authorization", &token),
    ];
    let reply = stage.get("/credentials", &fields).await;
    assert_refused(&stage, &reply, 403, "TokenWrong");
}

#[tokio::test]
async fn the_token_of_another_client_is_refused() {
    let stage = Stage::new(LOGGER);
    for (path, other) in [
        ("/credentials/logger", "default"),
        ("/credentials", "logger"),
        ("/credentials/default", "logger"),
    ] {
        let token = stage.token(other);
        let fields = [("host", "127.0.0.1"), ("authorization", token.as_str())];
        let reply = stage.get(path, &fields).await;
        assert_refused(&stage, &reply, 403, "TokenWrong");
    }
}

#[tokio::test]
async fn a_client_that_does_not_exist_is_none() {
    let stage = Stage::new(LOGGER);
    let token = stage.token("default");
    let fields = [("host", "127.0.0.1"), ("authorization", token.as_str())];
    for path in [
        "/credentials/",
        "/credentials/x",
        "/credentials/../default",
        "/credentialsx",
        "/credentials/logger/",
        "/credentials/LOGGER",
    ] {
        let reply = stage.get(path, &fields).await;
        assert_refused(&stage, &reply, 404, "NotFound");
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused() {
    let stage = Stage::new("");
    let token = stage.token("default");
    for path in ["/credentials", "/metrics"] {
        let fields = [
            ("host", "evil.example:9911"),
            ("authorization", token.as_str()),
        ];
        let reply = stage.get(path, &fields).await;
        assert_refused(&stage, &reply, 403, "WrongHost");
    }
    let reply = stage
        .get("/credentials", &[("authorization", token.as_str())])
        .await;
    assert_refused(&stage, &reply, 403, "WrongHost");
}

#[tokio::test]
async fn what_a_proxy_passes_on_is_refused() {
    let stage = Stage::new("");
    let token = stage.token("default");
    let fields = [
        ("host", "127.0.0.1"),
        ("authorization", token.as_str()),
        ("x-forwarded-for", "192.0.2.7"),
    ];
    let reply = stage.get("/credentials", &fields).await;
    assert_refused(&stage, &reply, 403, "ForwardedRequest");
}

#[tokio::test]
async fn what_a_page_asks_for_is_refused() {
    let stage = Stage::new("");
    let token = stage.token("default");
    let fields = [
        ("host", "127.0.0.1"),
        ("authorization", token.as_str()),
        ("origin", "https://evil.example"),
    ];
    let reply = stage.get("/credentials", &fields).await;
    assert_refused(&stage, &reply, 403, "BrowserRequest");
    assert!(!reply.head.contains("access-control"), "{reply:?}");
}

#[tokio::test]
async fn only_get_is_possible() {
    let stage = Stage::new("");
    let token = stage.token("default");
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let fields = [("host", "127.0.0.1"), ("authorization", token.as_str())];
        let reply = over_tcp(stage.addresses.credentials, method, "/credentials", &fields).await;
        assert_refused(&stage, &reply, 405, "MethodNotAllowed");
        assert!(reply.head.contains("allow: get"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_body_is_refused_unread() {
    let stage = Stage::new("");
    let token = stage.token("default");
    for framing in [
        ("content-length", "1073741824"),
        ("transfer-encoding", "chunked"),
    ] {
        let fields = [
            ("host", "127.0.0.1"),
            ("authorization", token.as_str()),
            framing,
        ];
        let reply = stage.get("/credentials", &fields).await;
        assert_refused(&stage, &reply, 413, "UnexpectedBody");
    }
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let stage = Stage::new("");
    let one_field = format!(
        "GET /credentials HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}",
        "x".repeat(64 * 1024)
    );
    let many_fields = "x: x\r\n".repeat(100);
    let many_fields = format!("GET /credentials HTTP/1.1\r\n{many_fields}\r\n");
    let long_path = format!(
        "GET /{} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    for request in [one_field, many_fields, long_path] {
        let stream = TcpStream::connect(stage.addresses.credentials)
            .await
            .unwrap();
        let answer = send(stream, request.as_bytes()).await;
        // Where the answer is lost to bytes that nobody read, the connection is cut all the same.
        let status = reply(&answer).status;
        assert!(matches!(status, 0 | 400 | 414 | 431), "{status}");
    }
    assert_eq!(stage.fetches(), 0);
    assert_eq!(stage.credentials("default").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_cut() {
    let stage = Stage::new("");
    for request in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let stream = TcpStream::connect(stage.addresses.credentials)
            .await
            .unwrap();
        let status = reply(&send(stream, request).await).status;
        assert!(matches!(status, 0 | 400 | 505), "{status}");
    }
    assert_eq!(stage.credentials("default").await.status, 200);
}

/// Time is paused, and so passes when nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let stage = Stage::new("");
    for beginning in ["", "GET /credentials HTTP/1.1\r\nhost: 127.0.0.1\r\n"] {
        let mut stream = TcpStream::connect(stage.addresses.credentials)
            .await
            .unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let before = tokio::time::Instant::now();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        assert!(matches!(reply(&answer).status, 0 | 408), "{answer:?}");
        assert!(before.elapsed() < DEADLINE, "{:?}", before.elapsed());
    }
    assert_eq!(stage.fetches(), 0);
}

#[tokio::test]
async fn one_connection_is_one_request() {
    let stage = Stage::new("");
    let token = stage.token("default");
    let request =
        format!("GET /credentials HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {token}\r\n\r\n");
    let stream = TcpStream::connect(stage.addresses.credentials)
        .await
        .unwrap();
    let answer = send(stream, request.repeat(3).as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_and_are_served_then() {
    let stage = Stage::new("metrics_listen = \"127.0.0.1:0\"");
    let address = stage.addresses.credentials;
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let one_more = TcpStream::connect(address).await.unwrap();
    let asking = exchange(one_more, "GET", "/credentials", &[("host", "127.0.0.1")]);
    tokio::pin!(asking);
    // Another listener has turns of its own, and shows that the server had time for this one.
    for _ in 0..20 {
        let host = [("host", "127.0.0.1")];
        let reply = over_tcp(stage.addresses.metrics, "GET", "/healthz", &host).await;
        assert_eq!(reply.status, 200);
        let early = asking.as_mut().now_or_never();
        assert!(early.is_none(), "{early:?}");
    }
    drop(idle.pop());
    let reply = timeout(DEADLINE, asking).await.unwrap();
    assert_refused(&stage, &reply, 403, "TokenMissing");
}
