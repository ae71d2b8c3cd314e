//! Notices of the kernel that this machine's network is another: a link, an address or a route.

use std::io;
use std::os::unix::net::UnixDatagram as BlockingSocket;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UnixDatagram;
use tokio::time::sleep;

use super::bell::Bell;
use super::stop::Stop;
use super::supervisor::PartError;

/// Links, addresses of both kinds, and routes of IPv4 (`RTMGRP_*` of `linux/rtnetlink.h`). Routes of IPv6
/// change with each advertisement of a router.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100;

/// Changes come in swarms: those that follow one so closely are told together.
const SWARM: Duration = Duration::from_secs(5);

/// Rings until it is told to stop.
pub(super) async fn listen(bell: Bell, mut stop: Stop) -> Result<(), PartError> {
    let socket = match open() {
        Ok(socket) => socket,
        Err(error) => {
            tracing::info!(
                "changes of the network are not noticed ({error}); a lost link is tried by time alone"
            );
            stop.set().await;
            return Ok(());
        }
    };
    loop {
        tokio::select! {
            () = stop.set() => return Ok(()),
            ready = socket.readable() => {
                ready?;
                read_all(&socket)?;
            }
        }
        bell.network.notify_one();
        tokio::select! {
            () = stop.set() => return Ok(()),
            () = sleep(SWARM) => {}
        }
    }
}

/// To tokio it is a socket of datagrams like others; only its addresses are of another kind.
fn open() -> io::Result<UnixDatagram> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // The default protocol, 0, is `NETLINK_ROUTE`.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    UnixDatagram::from_std(BlockingSocket::from(socket))
}

/// What the notices say does not matter.
fn read_all(socket: &UnixDatagram) -> io::Result<()> {
    let mut buffer = [0_u8; 8192];
    loop {
        match socket.try_recv(&mut buffer) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // More than the kernel kept is a change too.
            Err(error) if error.raw_os_error() == Some(NO_BUFFER) => {}
            Err(error) => return Err(error),
        }
    }
}

const NO_BUFFER: i32 = rustix::io::Errno::NOBUFS.raw_os_error();
