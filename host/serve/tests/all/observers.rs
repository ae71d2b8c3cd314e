//! Metrics and health.

use crate::support::{Stage, over_tcp};

const HOST: (&str, &str) = ("host", "127.0.0.1");

#[tokio::test]
async fn metrics_and_health_need_no_token_and_have_no_secret() {
    let stage = Stage::new("");
    stage.credentials("default").await;
    let jobs = stage
        .metrics
        .counter("sealift_jobs_total", "Jobs.", &[("outcome", "uploaded")])
        .unwrap();
    jobs.add(7);
    let reply = stage.get("/metrics", &[HOST]).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .head
            .contains("content-type: text/plain; version=0.0.4"),
        "{reply:?}"
    );
    for line in [
        "# TYPE sealift_jobs_total counter",
        "sealift_jobs_total{outcome=\"uploaded\"} 7",
        "sealift_credentials_handed_out_total{client=\"default\"} 1",
        "sealift_credential_fetches_total{role=\"\",outcome=\"fetched\"} 1",
        "sealift_credentials_expiration_timestamp_seconds{role=\"\"} 1767229200",
    ] {
        assert!(
            reply.body.lines().any(|found| found == line),
            "{line}\n{}",
            reply.body
        );
    }
    for secret in ["hunter", "ASIA", &stage.token("default")] {
        assert!(!reply.body.contains(secret), "{}", reply.body);
    }
    let health = stage.get("/healthz", &[HOST]).await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn what_keeps_the_service_from_its_work_is_told() {
    let stage = Stage::new("");
    assert_eq!(stage.get("/readyz", &[HOST]).await.status, 200);
    *stage.world.unready.lock().unwrap() = Some("the queue cannot be opened".to_owned());
    let reply = stage.get("/readyz", &[HOST]).await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (503, "the queue cannot be opened\n")
    );
    assert_eq!(stage.get("/healthz", &[HOST]).await.status, 200);
}

#[tokio::test]
async fn an_address_of_their_own_has_metrics_and_health_alone() {
    let stage = Stage::new("metrics_listen = \"127.0.0.1:0\"");
    assert_ne!(stage.addresses.metrics, stage.addresses.credentials);
    let metrics = over_tcp(stage.addresses.metrics, "GET", "/metrics", &[HOST]).await;
    assert_eq!(metrics.status, 200);
    let token = stage.token("default");
    let fields = [HOST, ("authorization", token.as_str())];
    let credentials = over_tcp(stage.addresses.metrics, "GET", "/credentials", &fields).await;
    assert_eq!(credentials.status, 404);
    assert_eq!(stage.get("/metrics", &[HOST]).await.status, 404);
    assert_eq!(stage.credentials("default").await.status, 200);
}
