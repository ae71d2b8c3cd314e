//! A tiny HTTP proxy that leads everything to one server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Authority, Validity};

#[derive(Clone, Copy)]
pub(crate) enum ProxyBehaviour {
    /// Connects to this server, whatever it is asked for.
    To(SocketAddr),
    /// Answers with these bytes and hangs up.
    Says(&'static str),
    /// Takes the request and says nothing.
    Silent,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn plain(behaviour: ProxyBehaviour) -> Self {
        Self::start(behaviour, None).await
    }

    /// A proxy that is itself reached over TLS.
    pub(crate) async fn tls(behaviour: ProxyBehaviour, authority: &Authority) -> Self {
        let (certificate, key) = authority.issue(&["localhost"], Validity::Now);
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::start(behaviour, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start(behaviour: ProxyBehaviour, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            heads: Arc::default(),
        };
        let heads = Arc::clone(&proxy.heads);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (heads, tls) = (Arc::clone(&heads), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            serve(tls.accept(socket).await.unwrap(), behaviour, &heads).await;
                        }
                        None => serve(socket, behaviour, &heads).await,
                    }
                });
            }
        });
        proxy
    }

    /// The heads of the requests that it got.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: S,
    behaviour: ProxyBehaviour,
    heads: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if client.read_buf(&mut head).await.unwrap() == 0 {
            return;
        }
    }
    let text = String::from_utf8(head.clone()).unwrap();
    let tunnel = text.starts_with("CONNECT ");
    heads.lock().unwrap().push(text);
    match behaviour {
        ProxyBehaviour::To(address) => {
            let mut server = TcpStream::connect(address).await.unwrap();
            if tunnel {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            } else {
                server.write_all(&head).await.unwrap();
            }
            client.flush().await.unwrap();
            // The end of a connection is no failure of the proxy's.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        ProxyBehaviour::Says(answer) => {
            client.write_all(answer.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
        }
        ProxyBehaviour::Silent => std::future::pending().await,
    }
}
