//! What a connection is doing; requests tell it, the socket's time-outs read it.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Between requests, or sending an answer.
    Idle = 0,
    /// Receiving a request's head.
    Head = 1,
    /// A handler is at work, and reads the body at its own pace.
    Busy = 2,
    /// No HTTP any more: a WebSocket, which keeps its own time.
    Upgraded = 3,
    /// The last answer was given before all of the request had come.
    Parting = 4,
}

/// The phase, shared between a connection's socket and its requests, which run in one task.
#[derive(Debug)]
pub(super) struct SharedPhase(AtomicU8);

impl SharedPhase {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(Phase::Idle as u8))
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            4 => Phase::Parting,
            _ => Phase::Upgraded,
        }
    }
}
