//! Streams of unknown length, taken up piece by piece in bounded space.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::spawn_blocking;

use crate::error::{Origin, SourceError, SpoolError};
use crate::held::{Held, Missing};
use crate::open_file::Cached;
use crate::payload::bounded;
use crate::spool::Spool;

/// The least that is worth being a piece, in bytes: S3's smallest part.
const USEFUL: u64 = 5 * 1024 * 1024;

/// What is read and written at once, in bytes.
const STEP: usize = 256 * 1024;

/// A stream whose pieces are held in a temporary file from when they are acquired until they are
/// released. A clone is the same stream.
#[derive(Clone)]
pub struct Stream(Arc<Shared>);

struct Shared {
    spool: Spool,
    /// The most that the spool takes, in bytes.
    limit: u64,
    fingerprint: String,
    state: Mutex<State>,
}

struct State {
    held: Held,
    intake: Intake,
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Where further pieces come from.
enum Intake {
    /// The stream goes on.
    Open(Reader),
    /// A piece is being taken up. It stays so if that is cancelled: bytes are lost then.
    Busy,
    /// All of it was taken up.
    Ended,
    /// There will be no more of it.
    Failed(Arc<SpoolError>),
}

/// What was taken up.
struct Taken {
    length: u64,
    ended: bool,
}

impl Stream {
    /// Takes pieces of `reader` through a temporary file in `directory`, which takes at most
    /// `limit` bytes at a time. Where the file system cannot free what was released, that bounds
    /// the whole stream.
    pub async fn open(
        reader: impl AsyncRead + Send + Unpin + 'static,
        directory: &Path,
        limit: u64,
    ) -> Result<Self, SpoolError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(SpoolError::Random)?;
        let place = directory.to_owned();
        let spool = spawn_blocking(move || Spool::create(&place))
            .await
            .map_err(|_| SpoolError::Interrupted { read: 0 })??;
        Ok(Self(Arc::new(Shared {
            spool,
            limit,
            fingerprint: format!("stream-{:032x}", u128::from_ne_bytes(random)),
            state: Mutex::new(State {
                held: Held::default(),
                intake: Intake::Open(Box::new(reader)),
            }),
        })))
    }

    /// Bytes in all; `None` while the end is not known.
    pub fn len(&self) -> Option<u64> {
        let state = self.0.state();
        matches!(state.intake, Intake::Ended).then(|| state.held.position())
    }

    /// Whether there are no bytes at all, and it is known.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Where the bytes come from, for messages.
    pub fn origin(&self) -> &Origin {
        &self.0.spool.file.origin
    }

    /// A text that no other stream has.
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// Why the stream cannot be read on, if so.
    pub fn failure(&self) -> Option<Arc<SpoolError>> {
        match &self.0.state().intake {
            Intake::Failed(error) => Some(Arc::clone(error)),
            _ => None,
        }
    }

    /// Takes up the next piece, and waits until the stream has given all of it.
    ///
    /// It has `length` bytes, and fewer only at the stream's end or where there is no room for more.
    /// `None` is the end. [`SpoolError::NoRoom`] leaves the stream as it was; after any other error, and
    /// after the future was dropped half-way, there is nothing more to be had.
    pub async fn acquire(&self, length: NonZeroU64) -> Result<Option<Range<u64>>, Arc<SpoolError>> {
        let Some((mut reader, room)) = self.0.begin(length.get())? else {
            return Ok(None);
        };
        let taken = self.take(&mut reader, &room).await;
        self.0.settle(reader, taken)
    }

    /// Reads no more, whatever the stream has yet: pieces that are not acquired by now are
    /// [`SpoolError::Interrupted`].
    pub fn abandon(&self) {
        let state = &mut *self.0.state();
        if !matches!(state.intake, Intake::Ended | Intake::Failed(_)) {
            state.intake = Intake::Failed(Arc::new(SpoolError::Interrupted {
                read: state.held.position(),
            }));
        }
    }

    /// Forgets acquired pieces, those that lie wholly within `range`.
    pub async fn release(&self, range: Range<u64>) {
        let forgotten = self.0.state().held.release(&range);
        let shared = Arc::clone(&self.0);
        let discard = move || {
            for range in forgotten {
                shared.spool.discard(&range);
            }
        };
        // Only the runtime's end keeps it from being done, and then the file goes as a whole.
        let _ = spawn_blocking(discard).await;
    }

    /// Copies what `room` has room for into the spool.
    async fn take(&self, reader: &mut Reader, room: &Room) -> Result<Taken, SpoolError> {
        let mut buffer = Vec::new();
        let mut length = 0;
        while length < room.bytes {
            let offset = room.offset + length;
            let step = bounded(room.bytes - length, STEP);
            read_step(reader, &mut buffer, step, offset).await?;
            let read = buffer.len();
            let shared = Arc::clone(&self.0);
            buffer = blocking(offset, move || {
                shared.spool.write(&buffer, offset).map(|()| buffer)
            })
            .await?;
            length += read as u64;
            if read < step {
                return Ok(Taken {
                    length,
                    ended: true,
                });
            }
        }
        if room.is_cramped {
            read_step(reader, &mut buffer, 1, room.offset + length).await?;
            if !buffer.is_empty() {
                return Err(SpoolError::TooLarge {
                    limit: self.0.limit,
                });
            }
        }
        Ok(Taken {
            length,
            ended: room.is_cramped,
        })
    }

    /// Up to where a read from `offset` can go: to the end of what is held, or into what is missing.
    pub(crate) fn held_from(&self, offset: u64) -> u64 {
        let held = &self.0.state().held;
        let next = offset.saturating_add(1).min(held.position());
        held.held_from(offset).max(next)
    }

    /// Whether every byte of the range is held.
    pub(crate) fn check_held(&self, range: &Range<u64>) -> Result<(), SourceError> {
        let held = &self.0.state().held;
        let (origin, range) = (Origin::Stream, range.clone());
        held.check(&range).map_err(|missing| match missing {
            Missing::Released => SourceError::Released { origin, range },
            Missing::NotAcquired => SourceError::OutOfRange {
                origin,
                range,
                size: held.position(),
            },
        })
    }

    /// Fills `buffer` from `offset` on; blocks. What was released can read as zeros.
    pub(crate) fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<(), SourceError> {
        let filled = self.0.spool.file.fill(buffer, offset)?;
        if filled < buffer.len() {
            return Err(ended_at(offset + filled as u64));
        }
        Ok(())
    }

    /// Reads once what the page cache holds. What was released can read as zeros.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<Cached, SourceError> {
        match self.0.spool.file.read_cached(buffer, offset)? {
            Cached::Hit(0) => Err(ended_at(offset)),
            cached => Ok(cached),
        }
    }
}

/// Where the next piece goes.
struct Room {
    offset: u64,
    bytes: u64,
    /// Whether there will never be room for a useful piece: then the stream has to end within it.
    is_cramped: bool,
}

impl Shared {
    /// Takes the reader out for a piece of at most `length` bytes, unless the stream has ended.
    fn begin(&self, length: u64) -> Result<Option<(Reader, Room)>, Arc<SpoolError>> {
        let state = &mut *self.state();
        let room = self.room(&state.held, length);
        match std::mem::replace(&mut state.intake, Intake::Busy) {
            Intake::Open(reader) => match room {
                Ok(room) => Ok(Some((reader, room))),
                Err(error) => {
                    state.intake = Intake::Open(reader);
                    Err(Arc::new(error))
                }
            },
            Intake::Busy => Err(Arc::new(SpoolError::Interrupted {
                read: state.held.position(),
            })),
            Intake::Ended => {
                state.intake = Intake::Ended;
                Ok(None)
            }
            Intake::Failed(error) => {
                state.intake = Intake::Failed(Arc::clone(&error));
                Err(error)
            }
        }
    }

    fn room(&self, held: &Held, length: u64) -> Result<Room, SpoolError> {
        let taken = if self.spool.keeps_all() {
            held.position()
        } else {
            held.bytes()
        };
        let bytes = length.min(self.limit.saturating_sub(taken));
        let is_cramped = bytes < length.min(USEFUL);
        if held.is_full() || (is_cramped && held.bytes() > 0) {
            return Err(SpoolError::NoRoom {
                held: taken,
                limit: self.limit,
            });
        }
        Ok(Room {
            offset: held.position(),
            bytes,
            is_cramped,
        })
    }

    /// Gives the reader back, with what came of it.
    fn settle(
        &self,
        reader: Reader,
        taken: Result<Taken, SpoolError>,
    ) -> Result<Option<Range<u64>>, Arc<SpoolError>> {
        let state = &mut *self.state();
        match taken {
            Ok(Taken { length, ended }) => {
                state.intake = if ended {
                    Intake::Ended
                } else {
                    Intake::Open(reader)
                };
                let piece = state.held.acquire(length);
                Ok((!piece.is_empty()).then_some(piece))
            }
            Err(error) => {
                let error = Arc::new(error);
                state.intake = Intake::Failed(Arc::clone(&error));
                Err(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("fingerprint", &self.0.fingerprint)
            .field("held", &self.0.state().held)
            .finish_non_exhaustive()
    }
}

/// The spool has no byte at `offset`, where one was written.
fn ended_at(offset: u64) -> SourceError {
    SourceError::Released {
        origin: Origin::Stream,
        range: offset..offset + 1,
    }
}

/// Reads a full step, or what there is before the end of the stream.
async fn read_step(
    reader: &mut Reader,
    buffer: &mut Vec<u8>,
    step: usize,
    offset: u64,
) -> Result<(), SpoolError> {
    buffer.clear();
    buffer.reserve_exact(step);
    let read = reader.take(step as u64).read_to_end(buffer).await;
    read.map(drop).map_err(|source| SpoolError::Read {
        read: offset + buffer.len() as u64,
        source,
    })
}

fn blocking<T: Send + 'static>(
    read: u64,
    work: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> impl Future<Output = Result<T, SpoolError>> {
    let work = spawn_blocking(work);
    async move {
        match work.await {
            Ok(done) => done,
            Err(_) => Err(SpoolError::Interrupted { read }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn where_nothing_can_be_freed_the_whole_stream_keeps_to_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let limit = 3 * USEFUL;
        let stream = Stream::open(tokio::io::repeat(1), directory.path(), limit);
        let stream = stream.await.unwrap();
        // No file system frees a range of nothing.
        stream.0.spool.discard(&(0..0));
        let length = NonZeroU64::new(2 * USEFUL).unwrap();
        for expected in [0..2 * USEFUL, 2 * USEFUL..limit] {
            let piece = stream.acquire(length).await.unwrap().unwrap();
            assert_eq!(piece, expected);
            stream.release(piece).await;
        }
        let error = stream.acquire(length).await.unwrap_err();
        assert!(matches!(*error, SpoolError::TooLarge { limit: told } if told == limit));
        let file = std::fs::File::from(stream.0.spool.file.file.try_clone().unwrap());
        assert_eq!(file.metadata().unwrap().len(), limit);
    }
}
