//! The way to whoever uploads, which may be blocked.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{OwnedPermit, Sender};

use crate::found::Found;
use crate::signal::Signal;

/// The sending end of a bounded channel, for a thread that must not wait in it: the [`Signal`] is
/// rung when there is room again.
pub(crate) struct Outlet {
    sender: Sender<Found>,
    waker: Waker,
    state: State,
}

type Permit = OwnedPermit<Found>;
type Reserving = Pin<Box<dyn Future<Output = Result<Permit, SendError<()>>> + Send>>;

enum State {
    Idle,
    Waiting(Reserving),
    Open(Permit),
}

/// Whether a file can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// One can.
    Free,
    /// Not before the signal is rung.
    Full,
    /// Nobody will ever receive it.
    Closed,
}

impl Outlet {
    pub(crate) fn new(sender: Sender<Found>, signal: Arc<Signal>) -> Self {
        Self {
            sender,
            waker: signal.into(),
            state: State::Idle,
        }
    }

    /// Whether there is room for a file; keeps the place for it.
    pub(crate) fn room(&mut self) -> Room {
        let mut reserving: Reserving = match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Box::pin(self.sender.clone().reserve_owned()),
            State::Waiting(reserving) => reserving,
            State::Open(permit) => {
                self.state = State::Open(permit);
                return Room::Free;
            }
        };
        match reserving
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
        {
            Poll::Ready(Ok(permit)) => {
                self.state = State::Open(permit);
                Room::Free
            }
            Poll::Ready(Err(SendError(()))) => Room::Closed,
            Poll::Pending => {
                self.state = State::Waiting(reserving);
                Room::Full
            }
        }
    }

    /// Sends a file to the place that was kept for it. There must be one.
    pub(crate) fn send(&mut self, found: Found) {
        debug_assert!(matches!(self.state, State::Open(_)));
        if let State::Open(permit) = std::mem::replace(&mut self.state, State::Idle) {
            permit.send(found);
        }
    }
}
