//! An HTTP proxy that opens tunnels where a test lets it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::Server;

/// A proxy that knows `CONNECT` (RFC 9110, 9.3.6) and nothing else.
pub struct Proxy {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a client asked the proxy for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `HOST:PORT`.
    pub target: String,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// What the proxy does about it.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It connects to this address.
    Connect(SocketAddr),
    /// It answers with this status line's end, such as `407 Proxy Authentication Required`.
    Refuse(&'static str),
}

impl Proxy {
    /// A proxy that does as `judge` says.
    pub fn start(judge: impl Fn(&Asked) -> Verdict + Send + Sync + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = Arc::clone(&asked);
        let server = Server::tcp(move |client, _| {
            // A client that breaks off is the test's business, not the proxy's.
            if let Ok(request) = head(&client) {
                seen.lock().unwrap().push(request.clone());
                let _ = serve(client, judge(&request));
            }
        });
        Self { server, asked }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it was asked for so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(client: &TcpStream) -> io::Result<Asked> {
    // The client waits for the answer, so nothing after the head is taken from it.
    let mut lines = BufReader::new(client).lines();
    let first = lines
        .next()
        .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
    let target = first
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or(&first)
        .to_owned();
    let mut authorization = None;
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => {
                authorization = Some(value.to_owned());
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(Asked {
        target,
        authorization,
    })
}

fn serve(mut client: TcpStream, verdict: Verdict) -> io::Result<()> {
    match verdict {
        Verdict::Refuse(status) => {
            client.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
        }
        Verdict::Connect(address) => {
            let server = TcpStream::connect(address)?;
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            join(&client, &server)
        }
    }
}

/// Copies both ways until both ends are done.
fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        let answers = scope.spawn(|| pass(server, client));
        let requests = pass(client, server);
        answers.join().unwrap().and(requests)
    })
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    copied.map(|_| ())
}
