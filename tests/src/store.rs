//! A stand-in for credentials provider and S3 at once that answers as a test wants.

use std::sync::Arc;

use rustls::ServerConfig;

use crate::{Cloud, Exchange, Program, Server};

/// What the credentials provider answers when all is well.
pub const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","secretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","sessionToken":"token","expiration":"2049-12-31T23:59:59Z"}}"#;

impl Server {
    /// A credentials provider that answers with this status, these header lines and this body.
    pub fn provider(
        cloud: &Cloud,
        status: &'static str,
        headers: &'static [&'static str],
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let body = body.into();
        Self::https(cloud.authority(), move |exchange| {
            exchange.answer(status, headers, &body);
        })
    }

    /// S3 that hands each `PUT` to the script, and hands out credentials itself, for programs that
    /// know no other cloud.
    pub fn aws(
        tls: Arc<ServerConfig>,
        put: impl Fn(&mut Exchange) + Send + Sync + 'static,
    ) -> Self {
        Self::https_as(tls, move |exchange| {
            match exchange.request.method.as_str() {
                "GET" => exchange.answer(
                    "200 OK",
                    &["content-type: application/json"],
                    CREDENTIALS.as_bytes(),
                ),
                _ => put(exchange),
            }
        })
    }
}

impl Program {
    /// `sealift put` of a small file of a cloud's device into another store.
    pub fn put_into(store: &Server, cloud: &Cloud) -> Self {
        let file = cloud.file("measurements.csv", "1;2;3\n");
        Self::on(cloud)
            .env("SEALIFT_S3_ENDPOINT", store.url())
            .arg("put")
            .arg(file)
            .arg("s3://demo/key")
    }
}
