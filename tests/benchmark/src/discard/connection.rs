//! One TLS connection, on a thread of its own.
//!
//! rustls's buffered interface reads 4 KiB at a time, which would make the server the slower side
//! and hide what the clients cost. So this is the unbuffered one, with large reads.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus, WriteTraffic};

use super::answer::{CONTINUE, answer};
use super::counts::Counts;
use super::http::{Event, Head, Receiver};

/// About 15 records: large enough that reading costs little, small enough for a core's own cache.
const READ: usize = 256 * 1024;

/// The largest TLS record, and room for what surrounds it.
const WRITE: usize = 18 * 1024;

/// Serves one client until it closes the connection.
pub(super) fn serve(
    tcp: &TcpStream,
    tls: Arc<ServerConfig>,
    counts: &Counts,
    delay: Duration,
) -> Result<()> {
    tcp.set_nodelay(true)?;
    let mut tls = UnbufferedServerConnection::new(tls)?;
    let mut incoming = Incoming {
        tcp,
        buffer: vec![0; READ],
        begin: 0,
        end: 0,
    };
    let mut outgoing = Outgoing {
        tcp,
        buffer: vec![0; WRITE],
        length: 0,
    };
    let mut dialogue = Dialogue::new(counts, delay);
    loop {
        let UnbufferedStatus { discard, state, .. } = tls.process_tls_records(incoming.filled());
        let mut used = discard;
        let mut more = false;
        match state.context("TLS")? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    used += record.discard;
                    dialogue.hear(record.payload)?;
                }
            }
            ConnectionState::EncodeTlsData(mut data) => {
                outgoing.add(|buffer| data.encode(buffer))?;
            }
            ConnectionState::TransmitTlsData(data) => {
                outgoing.send()?;
                data.done();
            }
            ConnectionState::WriteTraffic(mut traffic) => {
                dialogue.connected();
                dialogue.speak(&mut outgoing, &mut traffic)?;
                more = true;
            }
            ConnectionState::BlockedHandshake => more = true,
            // `PeerClosed`, `Closed`, and early data, which is not on.
            _ => return Ok(()),
        }
        incoming.begin += used;
        if more && !incoming.read()? {
            return Ok(());
        }
    }
}

struct Incoming<'a> {
    tcp: &'a TcpStream,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Incoming<'_> {
    fn filled(&mut self) -> &mut [u8] {
        &mut self.buffer[self.begin..self.end]
    }

    /// Whether there was more.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        let length = self.tcp.read(&mut self.buffer[self.end..])?;
        self.end += length;
        Ok(length > 0)
    }
}

struct Outgoing<'a> {
    tcp: &'a TcpStream,
    buffer: Vec<u8>,
    length: usize,
}

impl Outgoing<'_> {
    fn add(&mut self, encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>) -> Result<()> {
        self.length += encode(&mut self.buffer[self.length..])?;
        Ok(())
    }

    fn say<T>(&mut self, traffic: &mut WriteTraffic<'_, T>, message: &[u8]) -> Result<()> {
        self.length += traffic.encrypt(message, &mut self.buffer[self.length..])?;
        self.send()?;
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        self.tcp
            .write_all(&self.buffer[..std::mem::take(&mut self.length)])
    }
}

/// Requests in, answers out.
struct Dialogue<'a> {
    counts: &'a Counts,
    delay: Duration,
    receiver: Receiver,
    current: Option<Head>,
    unsaid: Vec<Vec<u8>>,
    connected: bool,
}

impl<'a> Dialogue<'a> {
    fn new(counts: &'a Counts, delay: Duration) -> Self {
        Self {
            counts,
            delay,
            receiver: Receiver::default(),
            current: None,
            unsaid: Vec::new(),
            connected: false,
        }
    }

    fn connected(&mut self) {
        if !std::mem::replace(&mut self.connected, true) {
            self.counts.handshake();
        }
    }

    fn hear(&mut self, mut bytes: &[u8]) -> Result<()> {
        let before = self.receiver.body_bytes();
        while let Some(event) = self.receiver.next(&mut bytes)? {
            match event {
                Event::Head(head) => {
                    if head.expects_continue {
                        self.unsaid.push(CONTINUE.to_vec());
                    }
                    self.current = Some(head);
                }
                Event::End => {
                    if let Some(head) = self.current.take() {
                        self.counts.request(&head);
                        self.unsaid.push(answer(&head));
                    }
                }
            }
        }
        self.counts.body(self.receiver.body_bytes() - before);
        Ok(())
    }

    fn speak<T>(
        &mut self,
        outgoing: &mut Outgoing<'_>,
        traffic: &mut WriteTraffic<'_, T>,
    ) -> Result<()> {
        for message in self.unsaid.drain(..) {
            if !self.delay.is_zero() && message != CONTINUE {
                thread::sleep(self.delay);
            }
            outgoing.say(traffic, &message)?;
        }
        Ok(())
    }
}
