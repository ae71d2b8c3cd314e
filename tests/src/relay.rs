//! A wire that can be stopped in the middle of a transfer.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;

use crate::Server;

/// Passes bytes to a server; when `after` bytes of the first connection that has so many went that way, it does
/// what the test says before it passes on any other.
pub struct Relay(Server);

impl Relay {
    /// A relay to `to`.
    pub fn start(to: SocketAddr, after: u64, interlude: impl FnOnce() + Send + 'static) -> Self {
        let interlude = Mutex::new(Some(interlude));
        Self(Server::tcp(move |client, _| {
            let server = TcpStream::connect(to).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| pass(&server, &client));
                let begun = io::copy(&mut (&client).take(after), &mut &server);
                if begun.is_ok_and(|bytes| bytes == after)
                    && let Some(interlude) = interlude.lock().unwrap().take()
                {
                    interlude();
                }
                pass(&client, &server);
            });
        }))
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.0.url()
    }
}

/// Copies to the end. What breaks off on one side is cut on the other.
pub(crate) fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    let how = match io::copy(&mut from, &mut to) {
        Ok(_) => Shutdown::Write,
        Err(_) => Shutdown::Both,
    };
    let _ = to.shutdown(how);
}
