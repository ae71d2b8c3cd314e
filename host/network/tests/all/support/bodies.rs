//! Request bodies that behave, and some that do not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, Full};
use sealift_network::{BoxError, RequestBody};

pub(crate) fn empty() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Gives 64 KiB again and again.
pub(crate) fn endless() -> RequestBody {
    Scripted(|| Poll::Ready(Some(Ok(Frame::data(vec![b'x'; 64 << 10].into()))))).boxed_unsync()
}

/// Gives one frame and then nothing, without an end.
pub(crate) fn stalled() -> RequestBody {
    one_frame_and_then(|| Poll::Pending)
}

/// Gives one frame and then an error.
pub(crate) fn broken() -> RequestBody {
    let changed = || io::Error::new(io::ErrorKind::StaleNetworkFileHandle, "changed");
    one_frame_and_then(move || Poll::Ready(Some(Err(changed().into()))))
}

fn one_frame_and_then(rest: impl Fn() -> Polled + Send + Unpin + 'static) -> RequestBody {
    let mut frame = Some(Frame::data(Bytes::from_static(b"first")));
    Scripted(move || match frame.take() {
        Some(frame) => Poll::Ready(Some(Ok(frame))),
        None => rest(),
    })
    .boxed_unsync()
}

type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

struct Scripted<F>(F);

impl<F: FnMut() -> Polled + Unpin> Body for Scripted<F> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled {
        (self.0)()
    }
}
