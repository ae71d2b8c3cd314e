//! As much of HTTP/1.1 as it takes to throw request bodies away.

/// The longest head, and the longest line of a chunked body.
const MAX_LINE: usize = 64 * 1024;

/// The first line of a request, and the fields that say what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The method.
    pub(super) method: String,
    /// Path and query, as sent.
    pub(super) target: String,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
}

/// What a piece of the connection completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A request begins.
    Head(Head),
    /// Its body is complete.
    End,
}

/// A client that does not speak HTTP/1.1 as we know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client's request is malformed: {0}")]
pub(super) struct Malformed(&'static str);

/// Takes requests in, however they are cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    line: Vec<u8>,
    state: State,
    body_bytes: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Sized(u64),
    ChunkSize,
    /// Bytes left of a chunk, the line break after it included.
    Chunk(u64),
    Trailer,
}

impl Receiver {
    /// Takes bytes from the front of `input` until something is complete or nothing is left.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Malformed> {
        if self.state == State::Sized(0) {
            return Ok(Some(self.end()));
        }
        while !input.is_empty() {
            let event = match self.state {
                State::Head => self.head(input)?,
                State::Sized(left) => self.sized(left, input),
                State::ChunkSize => self.chunk_size(input)?,
                State::Chunk(left) => self.chunk(left, input),
                State::Trailer => self.trailer(input)?,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Body bytes so far, without the framing of chunks.
    pub(super) fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    fn head(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Malformed> {
        let Some(head) = self.until(b"\r\n\r\n", input)? else {
            return Ok(None);
        };
        let (head, state) = parse(&head)?;
        self.state = state;
        Ok(Some(Event::Head(head)))
    }

    fn sized(&mut self, left: u64, input: &mut &[u8]) -> Option<Event> {
        let left = left - self.discard(left, input);
        self.state = State::Sized(left);
        (left == 0).then(|| self.end())
    }

    fn chunk_size(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Malformed> {
        const WRONG: Malformed = Malformed("a chunk's size is not a number");
        let Some(line) = self.until(b"\r\n", input)? else {
            return Ok(None);
        };
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|_| WRONG)?;
        let size = u64::from_str_radix(digits.trim(), 16).map_err(|_| WRONG)?;
        self.state = match size {
            0 => State::Trailer,
            size => State::Chunk(size.saturating_add(2)),
        };
        Ok(None)
    }

    fn chunk(&mut self, left: u64, input: &mut &[u8]) -> Option<Event> {
        let left = left - self.discard(left, input);
        self.state = State::Chunk(left);
        if left == 0 {
            self.body_bytes -= 2;
            self.state = State::ChunkSize;
        }
        None
    }

    fn trailer(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Malformed> {
        let line = self.until(b"\r\n", input)?;
        Ok(line.is_some_and(|line| line.is_empty()).then(|| self.end()))
    }

    fn end(&mut self) -> Event {
        self.state = State::Head;
        Event::End
    }

    fn discard(&mut self, most: u64, input: &mut &[u8]) -> u64 {
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
        *input = &input[length..];
        self.body_bytes += length as u64;
        length as u64
    }

    /// What comes before `end`, once all of it is there.
    fn until(&mut self, end: &[u8], input: &mut &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        while let [byte, rest @ ..] = input {
            *input = rest;
            self.line.push(*byte);
            if self.line.ends_with(end) {
                self.line.truncate(self.line.len() - end.len());
                return Ok(Some(std::mem::take(&mut self.line)));
            }
            if self.line.len() == MAX_LINE {
                return Err(Malformed("a line is too long"));
            }
        }
        Ok(None)
    }
}

fn parse(head: &[u8]) -> Result<(Head, State), Malformed> {
    let text = std::str::from_utf8(head).map_err(|_| Malformed("the head is not text"))?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Malformed("the first line is not METHOD TARGET HTTP/1.1"));
    };
    let mut head = Head {
        method: method.to_owned(),
        target: target.to_owned(),
        expects_continue: false,
    };
    let mut body = State::Sized(0);
    for line in lines {
        let (name, value) = line
            .split_once(':')
            .ok_or(Malformed("a header has no colon"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") && body != State::ChunkSize {
            body = State::Sized(
                value
                    .parse()
                    .map_err(|_| Malformed("the length is not a number"))?,
            );
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            body = State::ChunkSize;
        } else if name.eq_ignore_ascii_case("expect") {
            head.expects_continue = value.eq_ignore_ascii_case("100-continue");
        }
    }
    Ok((head, body))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const SIZED: &[u8] =
        b"PUT /b/k HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
    const CHUNKED: &[u8] =
        b"PUT /b/k HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nt: v\r\n\r\n";
    const BARE: &[u8] = b"GET /?q HTTP/1.1\r\nHost: a\r\n\r\n";

    fn events(receiver: &mut Receiver, mut input: &[u8]) -> Vec<Event> {
        std::iter::from_fn(|| receiver.next(&mut input).unwrap()).collect()
    }

    #[test]
    fn requests_end_where_their_framing_says_however_they_are_cut() {
        let all = [SIZED, CHUNKED, BARE, SIZED].concat();
        for size in [1, 2, 7, all.len()] {
            let mut receiver = Receiver::default();
            let events: Vec<_> = all
                .chunks(size)
                .flat_map(|piece| events(&mut receiver, piece))
                .collect();
            let ends = events.iter().filter(|event| **event == Event::End).count();
            assert_eq!((events.len(), ends), (8, 4), "{size}");
            assert_eq!(receiver.body_bytes(), 3 + 13 + 3, "{size}");
        }
    }

    #[test]
    fn the_head_says_who_waits_and_for_what() {
        let head = |method: &str, target: &str, expects_continue| {
            Event::Head(Head {
                method: method.into(),
                target: target.into(),
                expects_continue,
            })
        };
        assert_eq!(
            events(&mut Receiver::default(), SIZED)[0],
            head("PUT", "/b/k", true)
        );
        assert_eq!(
            events(&mut Receiver::default(), BARE)[0],
            head("GET", "/?q", false)
        );
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let error = Receiver::default()
            .next(&mut b"\x16\x03\x01\r\n\r\n".as_slice())
            .unwrap_err();
        assert_eq!(
            error,
            Malformed("the first line is not METHOD TARGET HTTP/1.1")
        );
        let error = Receiver::default()
            .next(&mut vec![b'a'; MAX_LINE].as_slice())
            .unwrap_err();
        assert_eq!(error, Malformed("a line is too long"));
    }
}
