//! A tunnel through an HTTP proxy: `CONNECT` (RFC 9110 9.3.6).

use std::io;
use std::sync::Arc;

use http::StatusCode;
use sealift_config::Origin;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::error::ProxyFailure;

/// The longest head of a proxy's answer, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Asks the proxy at the other end of `stream` to connect it to `origin`.
pub(super) async fn open<S>(
    stream: &mut S,
    origin: &Origin,
    authorization: Option<&str>,
) -> Result<(), ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = Zeroizing::new(request(origin, authorization));
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    match status(&read_head(stream).await?) {
        Some(status) if status.is_success() => Ok(()),
        Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) => Err(ProxyFailure::Unauthorized),
        Some(status) => Err(ProxyFailure::Refused { status }),
        None => Err(ProxyFailure::Garbled),
    }
}

fn request(origin: &Origin, authorization: Option<&str>) -> String {
    let target = format!("{}:{}", origin.host(), origin.port());
    let authorization = authorization
        .map(|value| format!("Proxy-Authorization: {value}\r\n"))
        .unwrap_or_default();
    format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n")
}

/// Reads up to the empty line. In the tunnel the client speaks first, so nothing may follow a head that says
/// success; what follows any other is of no interest.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, ProxyFailure> {
    const END: &[u8] = b"\r\n\r\n";
    let mut head = Vec::with_capacity(1 << 10);
    loop {
        let room = (MAX_HEAD - head.len()) as u64;
        let read = (&mut *stream)
            .take(room)
            .read_buf(&mut head)
            .await
            .map_err(broken)?;
        if let Some(end) = head.windows(END.len()).position(|window| window == END) {
            let success = status(&head).is_some_and(|status| status.is_success());
            let more = head.len() > end + END.len();
            return if success && more {
                Err(ProxyFailure::Garbled)
            } else {
                Ok(head)
            };
        }
        match read {
            0 if head.len() < MAX_HEAD => return Err(broken(io::ErrorKind::UnexpectedEof.into())),
            0 => return Err(ProxyFailure::Garbled),
            _ => {}
        }
    }
}

/// The status code in `HTTP/1.x CODE …`.
fn status(head: &[u8]) -> Option<StatusCode> {
    let rest = head
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    match rest.get(3)? {
        b' ' | b'\r' => StatusCode::from_bytes(&rest[..3]).ok(),
        _ => None,
    }
}

fn broken(error: io::Error) -> ProxyFailure {
    ProxyFailure::Broken(Arc::new(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::io::duplex;

    use super::*;

    /// What comes of an answer that arrives in pieces of `size` bytes, after which the proxy hangs up.
    async fn answered(answer: &[u8], size: usize) -> (Result<(), ProxyFailure>, String) {
        let (mut near, mut far) = duplex(1 << 20);
        let origin = "https://[::1]:8443".parse().unwrap();
        let proxy = async {
            let mut request = vec![0; 1024];
            let read = far.read(&mut request).await.unwrap();
            for piece in answer.chunks(size) {
                far.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(far);
            String::from_utf8(request[..read].to_vec()).unwrap()
        };
        tokio::join!(open(&mut near, &origin, Some("Basic abc")), proxy)
    }

    #[tokio::test]
    async fn a_tunnel_opens_however_the_answer_is_cut() {
        for size in [1, 7, 1000] {
            let (opened, request) = answered(
                b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
                size,
            )
            .await;
            opened.unwrap();
            assert_eq!(
                request,
                "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\nProxy-Authorization: Basic abc\r\n\r\n"
            );
        }
    }

    #[tokio::test]
    async fn refusals_keep_their_status() {
        let (refused, _) = answered(b"HTTP/1.1 407 No\r\n\r\n<html>", 100).await;
        assert!(matches!(refused, Err(ProxyFailure::Unauthorized)));
        let (refused, _) = answered(b"HTTP/1.0 503\r\n\r\n", 100).await;
        assert!(matches!(
            refused,
            Err(ProxyFailure::Refused {
                status: StatusCode::SERVICE_UNAVAILABLE
            })
        ));
    }

    #[tokio::test]
    async fn what_is_not_http_or_never_ends_is_refused() {
        let endless = [b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'x'; MAX_HEAD]].concat();
        let early = b"HTTP/1.1 200 OK\r\n\r\nbytes of someone else";
        for answer in [
            b"SSH-2.0-x\r\n\r\n".as_slice(),
            b"HTTP/1.1 2000 OK\r\n\r\n",
            &endless,
            early,
        ] {
            let (refused, _) = answered(answer, 1 << 20).await;
            assert!(matches!(refused, Err(ProxyFailure::Garbled)));
        }
    }

    #[tokio::test]
    async fn a_proxy_that_hangs_up_is_told_as_such() {
        let (refused, _) = answered(b"HTTP/1.1 200 OK\r\n", 100).await;
        assert!(matches!(refused, Err(ProxyFailure::Broken(_))));
    }
}
