//! Handshakes on a thread of their own.

use std::convert::Infallible;
use std::future::Future;
use std::io;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Drives `work` where it may block, and waits for it. Its IO stays with this runtime.
///
/// To drop the future ends the work the next time that it would wait.
pub(super) async fn aside<T: Send + 'static>(
    work: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let runtime = Handle::current();
    let (wanted, unwanted) = oneshot::channel::<Infallible>();
    let until_unwanted = async move {
        tokio::select! {
            done = work => done,
            _ = unwanted => Err(io::ErrorKind::Interrupted.into()),
        }
    };
    let done = spawn_blocking(move || runtime.block_on(until_unwanted)).await?;
    drop(wanted);
    done
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::pending;
    use std::sync::mpsc;
    use std::thread;

    use tokio::sync::oneshot;

    use super::aside;

    #[tokio::test]
    async fn the_runtime_goes_on_while_work_blocks() {
        let (release, held) = mpsc::channel();
        let (begun, beginning) = oneshot::channel();
        let blocks = aside(async move {
            begun.send(thread::current().id()).unwrap();
            held.recv().unwrap();
            Ok(7)
        });
        // On this only thread of the runtime, while the work is blocked.
        let meanwhile = async {
            let elsewhere = beginning.await.unwrap();
            release.send(()).unwrap();
            elsewhere
        };
        let (done, elsewhere) = tokio::join!(blocks, meanwhile);
        assert_eq!(done.unwrap(), 7);
        assert_ne!(elsewhere, thread::current().id());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_dropped() {
        let (held, dropped) = oneshot::channel::<()>();
        let (begun, beginning) = oneshot::channel();
        let work = tokio::spawn(aside(async move {
            let _held = held;
            begun.send(()).unwrap();
            pending::<std::io::Result<()>>().await
        }));
        beginning.await.unwrap();
        work.abort();
        assert!(
            dropped.await.is_err(),
            "the work's end of the channel is gone"
        );
    }
}
