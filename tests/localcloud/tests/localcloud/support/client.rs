//! HTTPS, one connection per request.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Response {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of the first XML element of a name.
    pub fn element(&self, name: &str) -> &str {
        self.elements(name)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no <{name}> in {self:?}"))
    }

    pub fn elements(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let pieces = self.text().split(open.as_str()).skip(1);
        pieces
            .map(|piece| piece.split(close.as_str()).next().unwrap())
            .collect()
    }

    /// Status and error code.
    pub fn error(&self) -> (u16, &str) {
        (self.status.as_u16(), self.element("Code"))
    }
}

/// One connection per request.
#[derive(Clone)]
pub struct Client {
    pub tls: ClientConfig,
    pub address: String,
    pub server_name: String,
}

impl Client {
    pub fn new(ca: &str, address: &str, identity: Option<(&str, &str)>) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let tls = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        Self {
            tls,
            address: address.to_owned(),
            server_name: "127.0.0.1".to_owned(),
        }
    }

    pub async fn connect(&self) -> Result<TlsStream<TcpStream>, Failure> {
        let stream = TcpStream::connect(&self.address).await?;
        let name = ServerName::try_from(self.server_name.clone())?;
        Ok(TlsConnector::from(Arc::new(self.tls.clone()))
            .connect(name, stream)
            .await?)
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Response, Failure> {
        let mut request = Request::get(path).header("host", &self.address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Bytes::new())?).await
    }

    pub async fn send(&self, request: Request<Bytes>) -> Result<Response, Failure> {
        let stream = self.connect().await?;
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        let request = request.map(Full::new);
        let response = if is_h2 {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}
