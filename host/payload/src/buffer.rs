//! Frame buffers that are used again.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The most buffers kept for reuse. With 64 KiB frames it is more than hyper's default of about 400
/// KiB in flight for one HTTP/1 connection; a client with narrower limits simply never fills the
/// pool.
const KEPT: usize = 8;

/// One body's buffers, all of one size: a buffer comes back when the HTTP client has dropped the
/// bytes in it.
pub(crate) struct Pool {
    size: usize,
    free: Arc<Free>,
}

type Free = Mutex<Vec<Box<[u8]>>>;

impl Pool {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            free: Arc::default(),
        }
    }

    /// An empty buffer to fill.
    pub(crate) fn take(&self) -> Buffer {
        let used = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Buffer {
            storage: used.unwrap_or_else(|| vec![0; self.size].into_boxed_slice()),
            filled: 0,
            home: Arc::downgrade(&self.free),
        }
    }
}

/// Memory for one frame, of which the first part is filled.
///
/// It was zeroed once, when it was allocated, so that the kernel can read into it without `unsafe`.
/// It is what `Bytes::from_owner` takes.
pub(crate) struct Buffer {
    storage: Box<[u8]>,
    filled: usize,
    home: Weak<Free>,
}

impl Buffer {
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Where to put the next bytes: what is missing to a total of `target`, or to the buffer's size
    /// if that is less.
    pub(crate) fn missing(&mut self, target: usize) -> &mut [u8] {
        let target = target.min(self.storage.len());
        &mut self.storage[self.filled.min(target)..target]
    }

    /// Counts `length` more bytes as filled.
    pub(crate) fn advance(&mut self, length: usize) {
        self.filled = self.storage.len().min(self.filled + length);
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.storage[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(free) = self.home.upgrade() {
            let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
            if free.len() < KEPT {
                free.push(std::mem::take(&mut self.storage));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use bytes::Bytes;

    use super::*;

    fn written(pool: &Pool, byte: u8) -> Buffer {
        let mut buffer = pool.take();
        let missing = buffer.missing(usize::MAX);
        missing.fill(byte);
        let length = missing.len();
        buffer.advance(length);
        buffer
    }

    #[test]
    fn a_buffer_comes_back_only_after_its_last_reader() {
        let pool = Pool::new(4);
        let bytes = Bytes::from_owner(written(&pool, 7));
        let part = bytes.slice(1..3);
        drop(bytes);
        assert!(pool.free.lock().unwrap().is_empty());
        assert_eq!(part, [7, 7].as_slice());
        drop(part);
        assert_eq!(pool.free.lock().unwrap().len(), 1);
        assert!(
            pool.take().as_ref().is_empty(),
            "nothing of its former contents shows"
        );
    }

    #[test]
    fn no_more_than_a_fixed_number_is_kept() {
        let pool = Pool::new(1);
        let many: Vec<_> = (0..KEPT + 3).map(|_| written(&pool, 1)).collect();
        drop(many);
        assert_eq!(pool.free.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn bytes_outlive_their_pool() {
        let pool = Pool::new(2);
        let buffer = written(&pool, 9);
        drop(pool);
        assert_eq!(buffer.as_ref(), [9, 9]);
    }
}
