//! A file on its way in.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::Response;
use http_body::Body as _;
use sealift_network::ResponseBody;
use sealift_release::{ByteStream, FetchError};

use super::answer::{Verdict, judge};
use super::error::{Trouble, not_found};

/// The bytes of a file behind those that were not asked for.
struct Download {
    path: String,
    body: ResponseBody,
    unwanted: u64,
}

/// What an answer to a request for a file, from a byte on, brings.
pub(super) fn download(
    response: Response<ResponseBody>,
    path: &str,
    offset: u64,
) -> Result<ByteStream, FetchError> {
    match judge(response.status(), response.headers(), offset) {
        Verdict::Body { unwanted } => Ok(Box::pin(Download {
            path: path.to_owned(),
            body: response.into_body(),
            unwanted,
        })),
        Verdict::End => Ok(Box::pin(stream::empty())),
        Verdict::NotFound => Err(not_found(path)),
        Verdict::Trouble(trouble) => Err(trouble.of(path)),
    }
}

impl Download {
    /// What is wanted of a piece.
    fn wanted(&mut self, mut piece: Bytes) -> Bytes {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let skipped = self.unwanted.min(length);
        self.unwanted -= skipped;
        piece.split_off(usize::try_from(skipped).unwrap_or(usize::MAX))
    }
}

impl Stream for Download {
    type Item = Result<Bytes, FetchError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    let failed = Trouble::from(error).of(&this.path);
                    return Poll::Ready(Some(Err(failed)));
                }
            };
            let piece = frame.into_data().map(|piece| this.wanted(piece));
            match piece {
                Ok(piece) if !piece.is_empty() => return Poll::Ready(Some(Ok(piece))),
                // Trailers, or nothing that was asked for.
                _ => {}
            }
        }
    }
}
