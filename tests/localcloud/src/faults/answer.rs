//! Answers that are not what the service said.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, StreamBody};

use crate::body::{AnswerBody, whole};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An answer whose length promises more than will come.
pub(super) fn truncated(answer: Response<AnswerBody>) -> Response<AnswerBody> {
    let (mut parts, body) = answer.into_parts();
    let stated = parts.headers.get(CONTENT_LENGTH);
    let stated = stated.and_then(|value| value.to_str().ok()?.parse().ok());
    let length: u64 = stated.or(body.size_hint().exact()).unwrap_or(0);
    parts.headers.insert(CONTENT_LENGTH, length.max(1).into());
    let body = Truncated {
        body,
        left: length / 2,
        paused: false,
    };
    Response::from_parts(parts, body.boxed_unsync())
}

/// An error answer as S3 gives it when it has already said 200: white space
/// that keeps the connection alive, then the error.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
pub(super) async fn error_in_200(
    answer: Response<AnswerBody>,
) -> Result<Response<AnswerBody>, Failure> {
    const DECLARATION_END: &[u8] = b"?>\n";
    let (mut parts, body) = answer.into_parts();
    let mut declaration = body.collect().await?.to_bytes();
    let end = declaration
        .windows(DECLARATION_END.len())
        .position(|window| window == DECLARATION_END)
        .map_or(0, |at| at + DECLARATION_END.len());
    let error = declaration.split_off(end);
    parts.status = StatusCode::OK;
    parts.headers.remove(CONTENT_LENGTH);
    let pieces = [declaration, Bytes::from_static(b"   \n  \n"), error];
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
    Ok(Response::from_parts(parts, body))
}

/// An answer with other checksums and another entity tag than the service
/// said, in its headers and, if it is XML, in its body.
pub(super) async fn corrupted(
    answer: Response<AnswerBody>,
) -> Result<Response<AnswerBody>, Failure> {
    let (mut parts, body) = answer.into_parts();
    corrupt_headers(&mut parts.headers);
    let is_xml = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|it| it == "application/xml");
    if !is_xml {
        return Ok(Response::from_parts(parts, body));
    }
    let text = body.collect().await?.to_bytes();
    let text = corrupt_elements(String::from_utf8_lossy(&text).into_owned());
    Ok(Response::from_parts(parts, whole(text)))
}

const CHECKSUM_HEADERS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];
const ELEMENTS: [&str; 6] = [
    "<ETag>",
    "<ChecksumCRC32>",
    "<ChecksumCRC32C>",
    "<ChecksumCRC64NVME>",
    "<ChecksumSHA1>",
    "<ChecksumSHA256>",
];

fn corrupt_headers(headers: &mut HeaderMap) {
    for name in CHECKSUM_HEADERS.into_iter().chain([ETAG.as_str()]) {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let other = value.and_then(|value| HeaderValue::try_from(other(value)).ok());
        if let Some(other) = other {
            headers.insert(http::HeaderName::from_static(name), other);
        }
    }
}

fn corrupt_elements(mut text: String) -> String {
    for element in ELEMENTS {
        if let Some((before, value)) = text.split_once(element) {
            let quote = ["&quot;", "&#34;"]
                .into_iter()
                .find(|quote| value.starts_with(quote));
            let (quote, value) = value.split_at(quote.map_or(0, str::len));
            text = format!("{before}{element}{quote}{}", other(value));
        }
    }
    text
}

/// The same but for its first letter or digit; both remain hexadecimal or
/// base64 if they were.
fn other(value: &str) -> String {
    let Some(at) = value.find(|character: char| character.is_ascii_alphanumeric()) else {
        return value.to_owned();
    };
    let replacement = if value[at..].starts_with('0') {
        '1'
    } else {
        '0'
    };
    format!("{}{replacement}{}", &value[..at], &value[at + 1..])
}

/// A body that breaks off.
struct Truncated {
    body: AnswerBody,
    left: u64,
    paused: bool,
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if self.left == 0 {
            // hyper drops what it has not written when a body fails; it writes when it has to wait.
            if !std::mem::replace(&mut self.paused, true) {
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Err("the answer breaks off on purpose".into())));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(task));
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| {
                let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                frame.map_data(|mut data| {
                    data.truncate(left);
                    self.left -= data.len() as u64;
                    data
                })
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupted_value_differs_and_keeps_its_form() {
        for (value, expected) in [
            ("\"9e107d9d\"", "\"0e107d9d\""),
            ("0abc==", "1abc=="),
            ("/+Abc=", "/+0bc="),
            ("", ""),
        ] {
            assert_eq!(other(value), expected);
        }
        let text = "<R><ETag>&quot;ab&quot;</ETag><ChecksumSHA1>x=</ChecksumSHA1><Key>k</Key></R>";
        assert_eq!(
            corrupt_elements(text.to_owned()),
            "<R><ETag>&quot;0b&quot;</ETag><ChecksumSHA1>0=</ChecksumSHA1><Key>k</Key></R>"
        );
    }
}
