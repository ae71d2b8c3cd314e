//! From a host to an open TCP connection: resolve, judge the addresses, race the rest (RFC 8305).

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sealift_config::Host;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::error::ConnectError;
use crate::address::AddressRule;

/// How long an address has to itself before the next one is tried as well (RFC 8305 8).
const STAGGER: Duration = Duration::from_millis(250);

/// The most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// Connects to the host within `limit`, at an address that `rule` allows.
pub(super) async fn dial(
    host: &Host,
    port: u16,
    rule: AddressRule,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    timeout(limit, dial_unbounded(host, port, rule))
        .await
        .unwrap_or_else(|_| {
            Err(ConnectError::ConnectTimeout {
                host: host.clone(),
                port,
                limit,
            })
        })
}

/// Refuses a host that is written as a denied address, also where something else will connect to it.
pub(super) fn check_literal(host: &Host, rule: AddressRule) -> Result<(), ConnectError> {
    match host.address() {
        Some(address) => check(host, address, rule),
        None => Ok(()),
    }
}

async fn dial_unbounded(
    host: &Host,
    port: u16,
    rule: AddressRule,
) -> Result<TcpStream, ConnectError> {
    let addresses = permitted(host, resolve(host, port).await?, rule)?;
    race(interleave(addresses), open)
        .await
        .map_err(|failure| ConnectError::Dial {
            host: host.clone(),
            address: failure.address.ip(),
            port,
            source: Arc::new(failure.error),
        })
}

async fn resolve(host: &Host, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let name = match host {
        Host::Name(name) => name.as_str(),
        Host::V4(address) => return Ok(vec![SocketAddr::new((*address).into(), port)]),
        Host::V6(address) => return Ok(vec![SocketAddr::new((*address).into(), port)]),
    };
    let failed = |error| ConnectError::Dns {
        host: host.clone(),
        source: Arc::new(error),
    };
    let addresses: Vec<_> = lookup_host((name, port))
        .await
        .map_err(failed)?
        .take(MAX_ADDRESSES)
        .collect();
    if addresses.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )));
    }
    Ok(addresses)
}

/// The addresses that may be connected to; an error if there are none.
fn permitted(
    host: &Host,
    addresses: Vec<SocketAddr>,
    rule: AddressRule,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let mut denied = Ok(());
    let permitted: Vec<_> = addresses
        .into_iter()
        .filter(|address| match check(host, address.ip(), rule) {
            Ok(()) => true,
            Err(error) => {
                if denied.is_ok() {
                    denied = Err(error);
                }
                false
            }
        })
        .collect();
    if permitted.is_empty() {
        denied.map(|()| permitted)
    } else {
        Ok(permitted)
    }
}

fn check(host: &Host, address: IpAddr, rule: AddressRule) -> Result<(), ConnectError> {
    match rule.refusal(address) {
        Some(refusal) => Err(ConnectError::AddressDenied {
            host: host.clone(),
            address,
            refusal,
        }),
        None => Ok(()),
    }
}

/// Alternates the families, starting with the one that the resolver put first (RFC 8305 4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let total = addresses.len();
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut queues = [preferred.into_iter(), other.into_iter()];
    let mut merged = Vec::with_capacity(total);
    while merged.len() < total {
        for queue in &mut queues {
            merged.extend(queue.next());
        }
    }
    merged
}

#[derive(Debug)]
struct Failure {
    address: SocketAddr,
    error: io::Error,
}

impl Failure {
    fn without_an_attempt() -> Self {
        Self {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            error: io::ErrorKind::AddrNotAvailable.into(),
        }
    }
}

/// Tries the addresses in order, each as soon as the one before it failed or had [`STAGGER`] to itself. The
/// first connection wins and the other attempts are dropped; of the failures, the foremost address's is told.
async fn race<S, F>(
    addresses: Vec<SocketAddr>,
    open: impl Fn(SocketAddr) -> F,
) -> Result<S, Failure>
where
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: Send + 'static,
{
    let mut foremost: Option<(usize, Failure)> = None;
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.into_iter().enumerate();
    loop {
        if let Some((rank, address)) = waiting.next() {
            let attempt = open(address);
            attempts.spawn(async move { (rank, address, attempt.await) });
        }
        tokio::select! {
            finished = attempts.join_next() => match finished {
                Some(Ok((_, _, Ok(stream)))) => return Ok(stream),
                Some(Ok((rank, address, Err(error)))) => {
                    if foremost.as_ref().is_none_or(|(other, _)| rank < *other) {
                        foremost = Some((rank, Failure { address, error }));
                    }
                }
                Some(Err(cancelled)) => tracing::debug!(error = %cancelled, "an attempt to connect was cancelled"),
                None => break,
            },
            () = sleep(STAGGER), if waiting.len() > 0 => {}
        }
    }
    Err(foremost.map_or_else(Failure::without_an_attempt, |(_, failure)| failure))
}

/// What the kernel may hold without having sent it, in bytes. Its buffer can grow to 4 MiB; on a slow link
/// that is minutes, in which a request looks sent and the wait for its answer has begun.
const NOT_SENT: u32 = 256 * 1024;

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // Without it, the last piece of a small request waits for the acknowledgement of the first: 40 ms.
    socket.set_nodelay(true)?;
    socket.set_keepalive(true)?;
    if let Err(error) = SockRef::from(&socket).set_tcp_notsent_lowat(NOT_SENT) {
        tracing::debug!(%error, "the kernel does not bound what it holds unsent");
    }
    socket.connect(address).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 443))
            .collect()
    }

    #[test]
    fn families_alternate_from_the_preferred_one() {
        let merged = interleave(addresses(&["::1", "::2", "::3", "1.0.0.1", "1.0.0.2"]));
        assert_eq!(
            merged,
            addresses(&["::1", "1.0.0.1", "::2", "1.0.0.2", "::3"])
        );
        assert_eq!(
            interleave(addresses(&["1.0.0.1", "::1"])),
            addresses(&["1.0.0.1", "::1"])
        );
        assert_eq!(interleave(vec![]), vec![]);
    }

    #[test]
    fn denied_addresses_are_left_out_and_told_if_none_remains() {
        let host: Host = "example.com".parse().unwrap();
        let mixed = addresses(&["127.0.0.1", "52.0.0.1"]);
        assert_eq!(
            permitted(&host, mixed, AddressRule::OffLink).unwrap(),
            addresses(&["52.0.0.1"])
        );
        let error = permitted(
            &host,
            addresses(&["127.0.0.1", "::1"]),
            AddressRule::OffLink,
        )
        .unwrap_err();
        assert!(
            matches!(error, ConnectError::AddressDenied { address, .. } if address.to_string() == "127.0.0.1")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_delays_the_next_one_by_the_stagger_only() {
        let start = Instant::now();
        let won = race(addresses(&["::1", "1.0.0.1"]), |address| async move {
            if address.is_ipv6() {
                pending().await
            } else {
                Ok(address)
            }
        });
        assert_eq!(won.await.unwrap(), addresses(&["1.0.0.1"])[0]);
        assert_eq!(start.elapsed(), STAGGER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_address_does_not_delay_the_next_one() {
        let start = Instant::now();
        let won = race(addresses(&["::1", "1.0.0.1"]), |address| async move {
            if address.is_ipv6() {
                Err(io::ErrorKind::ConnectionRefused.into())
            } else {
                Ok(address)
            }
        });
        assert_eq!(won.await.unwrap(), addresses(&["1.0.0.1"])[0]);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_failures_the_foremost_address_is_told() {
        let lost = race::<(), _>(addresses(&["::1", "1.0.0.1"]), |address| async move {
            if address.is_ipv6() {
                sleep(STAGGER * 4).await;
                Err(io::ErrorKind::HostUnreachable.into())
            } else {
                Err(io::ErrorKind::ConnectionRefused.into())
            }
        });
        let failure = lost.await.unwrap_err();
        assert_eq!(failure.error.kind(), io::ErrorKind::HostUnreachable);
        assert!(failure.address.is_ipv6());
    }
}
