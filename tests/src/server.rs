//! Servers that do what a test's script says, over TCP and over TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use localcloud::{Authority, Validity};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A script that waits for longer than this has lost its client.
const PATIENCE: Duration = Duration::from_secs(30);

/// A listener on the loopback interface with a thread for each connection. Everything ends with the value.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    connections: Mutex<usize>,
    closing: Mutex<bool>,
    closed: Condvar,
}

/// A request as a server saw it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The name that the client asked for in the TLS handshake.
    pub sni: Option<String>,
    /// Whether the client presented a certificate of the authority.
    pub identified: bool,
    /// Such as `PUT`.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

/// One request and the connection that it came on. After the script the connection is closed.
pub struct Exchange {
    /// The request's head.
    pub request: Request,
    /// How many requests came before it, on all connections.
    pub number: usize,
    /// Bytes of the body.
    unread: u64,
    stream: BufReader<StreamOwned<ServerConnection, TcpStream>>,
    shared: Arc<Shared>,
}

impl Server {
    /// A server that hands each TCP connection to the script.
    pub fn tcp(script: impl Fn(TcpStream, Hold) + Send + Sync + 'static) -> Self {
        Self::start(Arc::default(), move |stream, shared| {
            script(stream, Hold(shared));
        })
    }

    /// A server that speaks TLS with a certificate of `authority` for 127.0.0.1, and hands the one
    /// request that it takes on each connection to the script.
    pub fn https(
        authority: &Authority,
        script: impl Fn(&mut Exchange) + Send + Sync + 'static,
    ) -> Self {
        Self::https_as(
            tls(authority, authority, &["127.0.0.1"], Validity::default()),
            script,
        )
    }

    /// Like [`Server::https`], with a certificate of the test's own; see [`tls`].
    pub fn https_as(
        tls: Arc<ServerConfig>,
        script: impl Fn(&mut Exchange) + Send + Sync + 'static,
    ) -> Self {
        Self::start(Arc::default(), move |stream, shared| {
            // What fails here is a client that went away, or one that did not like our certificate.
            if let Ok(mut exchange) = Exchange::accept(stream, &tls, shared) {
                script(&mut exchange);
                exchange.close();
            }
        })
    }

    fn start(
        shared: Arc<Shared>,
        serve: impl Fn(TcpStream, Arc<Shared>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (served, serve) = (Arc::clone(&shared), Arc::new(serve));
        let acceptor = thread::spawn(move || {
            let mut connections = Vec::new();
            for stream in listener.incoming() {
                if *served.closing.lock().unwrap() {
                    break;
                }
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                *served.connections.lock().unwrap() += 1;
                let (serve, shared) = (Arc::clone(&serve), Arc::clone(&served));
                connections.push(thread::spawn(move || serve(stream, shared)));
            }
            for connection in connections {
                connection.join().unwrap();
            }
        });
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.close();
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        let ended = self.acceptor.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "a server's script failed"
        );
    }
}

impl Shared {
    fn close(&self) {
        *self.closing.lock().unwrap() = true;
        self.closed.notify_all();
    }

    fn wait(&self) {
        let closing = self.closing.lock().unwrap();
        drop(
            self.closed
                .wait_timeout_while(closing, PATIENCE, |closing| !*closing)
                .unwrap(),
        );
    }
}

/// Lets a script keep its connection open, without a byte moved, until the test is over.
pub struct Hold(Arc<Shared>);

impl Hold {
    /// Waits for the end of the server.
    pub fn hold(&self) {
        self.0.wait();
    }
}

impl Exchange {
    fn accept(stream: TcpStream, tls: &Arc<ServerConfig>, shared: Arc<Shared>) -> io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        let (mut line, mut headers) = (String::new(), Vec::new());
        stream.read_line(&mut line)?;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let connection = &stream.get_ref().conn;
        let sni = connection.server_name().map(str::to_owned);
        let identified = connection.peer_certificates().is_some();
        let request = Request {
            sni,
            identified,
            method,
            target,
            headers,
        };
        let unread = request
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut requests = shared.requests.lock().unwrap();
        let number = requests.len();
        requests.push(request.clone());
        drop(requests);
        Ok(Self {
            request,
            number,
            unread,
            stream,
            shared,
        })
    }

    /// Answers with a status line such as `200 OK`, header lines, and a body, once all of the request was read.
    pub fn answer(&mut self, status: &str, headers: &[&str], body: &[u8]) {
        self.read_body();
        let headers: String = headers
            .iter()
            .flat_map(|header| {
                [
                    header, "
",
                ]
            })
            .collect();
        let length = body.len();
        self.write(format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        ));
        self.write(body);
    }

    /// Reads what is left of the request's body. Shorter than announced if the client gave up.
    pub fn read_body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        // A connection that broke is told by the length.
        let _ = self
            .stream
            .by_ref()
            .take(self.unread)
            .read_to_end(&mut body);
        self.unread = 0;
        body
    }

    /// Writes bytes as they are. A client that went away does not read them.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let stream = self.stream.get_mut();
        let _ = stream
            .write_all(bytes.as_ref())
            .and_then(|()| stream.flush());
    }

    /// Keeps the connection open, without a byte moved, until the test is over.
    pub fn hold(&self) {
        self.shared.wait();
    }

    /// What was not read makes the kernel reset the connection instead.
    fn close(mut self) {
        let stream = self.stream.get_mut();
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

impl Request {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A server's side of TLS: a certificate for `names` by `issuer`, and a wish, not a demand, for a client
/// certificate by `clients`.
pub fn tls(
    issuer: &Authority,
    clients: &Authority,
    names: &[&str],
    validity: Validity,
) -> Arc<ServerConfig> {
    let certificate = issuer.issue_server(names, validity).unwrap();
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(clients.certificate_pem().as_bytes()).unwrap())
        .unwrap();
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto));
    let mut config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(vec![certificate.certificate().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
