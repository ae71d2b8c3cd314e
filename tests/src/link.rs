//! A wire that can be pulled out and put back.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::Server;
use crate::relay::pass;

/// Passes bytes to a server and back, as long as it is up.
pub struct Link {
    server: Server,
    wire: Arc<Mutex<Wire>>,
}

/// The connections that go through it; none while it is down.
#[derive(Default)]
struct Wire {
    is_down: bool,
    ends: Vec<TcpStream>,
}

impl Link {
    /// A link to `to`.
    pub fn start(to: SocketAddr) -> Self {
        let wire = Arc::<Mutex<Wire>>::default();
        let passed = Arc::clone(&wire);
        let server = Server::tcp(move |client, _| {
            let Ok(server) = TcpStream::connect(to) else {
                return;
            };
            {
                let mut wire = passed.lock().unwrap();
                if wire.is_down {
                    return;
                }
                let ends = [&client, &server].map(|end| end.try_clone().unwrap());
                wire.ends.extend(ends);
            }
            thread::scope(|scope| {
                scope.spawn(|| pass(&server, &client));
                pass(&client, &server);
            });
        });
        Self { server, wire }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Cuts all connections, and lets none through from now on.
    pub fn pull_out(&self) {
        let mut wire = self.wire.lock().unwrap();
        wire.is_down = true;
        for end in wire.ends.drain(..) {
            // The other side may have ended it already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn put_back(&self) {
        self.wire.lock().unwrap().is_down = false;
    }
}
