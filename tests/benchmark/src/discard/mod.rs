//! A server that checks nothing and keeps nothing, so that only the client's cost shows.
//!
//! It plays S3 on one port and the credentials provider, with mutual TLS, on another.

mod answer;
mod arrivals;
mod connection;
mod counts;
mod http;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ServerConfig;

use crate::authority::Authority;
pub(crate) use counts::{Counts, Tally};

/// Of the credentials that the provider hands out; for clients that bring their own, too.
pub(crate) const ACCESS_KEY_ID: &str = "ASIABENCHMARKEXAMPLE";
/// As public as the other: nothing is checked against it.
pub(crate) const SECRET_ACCESS_KEY: &str = "benchmarkbenchmarkbenchmarkbenchmarkxxxx";

/// Of the length that AWS's have.
pub(crate) fn session_token() -> String {
    "t".repeat(800)
}

/// A running server. Its threads end with the process.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where S3 listens.
    pub(crate) s3: SocketAddr,
    /// Where the credentials provider listens.
    pub(crate) provider: SocketAddr,
    /// What it saw.
    pub(crate) counts: Arc<Counts>,
}

impl Server {
    /// Listens on free ports of the loopback interface; waits for `delay` before each answer.
    pub(crate) fn start(authority: &Authority, delay: Duration) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let s3 = listen(authority.server(false)?, &counts, delay)?;
        let provider = listen(authority.server(true)?, &counts, delay)?;
        Ok(Self {
            s3,
            provider,
            counts,
        })
    }
}

fn listen(tls: ServerConfig, counts: &Arc<Counts>, delay: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let address = listener.local_addr()?;
    let (tls, counts) = (Arc::new(tls), Arc::clone(counts));
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let (tls, counts) = (Arc::clone(&tls), Arc::clone(&counts));
            thread::spawn(move || {
                // Many clients leave without a word; what matters is counted.
                let served = tcp
                    .map_err(Into::into)
                    .and_then(|tcp| connection::serve(&tcp, tls, &counts, delay));
                if let Err(error) = served
                    && !left_abruptly(&error)
                {
                    eprintln!("server: {error:#}");
                }
            });
        }
    });
    Ok(address)
}

fn left_abruptly(error: &anyhow::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| matches!(error.kind(), BrokenPipe | ConnectionReset))
}
