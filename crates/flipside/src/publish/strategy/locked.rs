//! A lock around everything: slow, and plainly right.

use core::task::{Context, Poll};
use std::sync::PoisonError;
use std::time::Instant;
use std::vec::Vec;

use super::super::error::{Full, Refused, Straggler};
use super::{Kind, Strategy};
use crate::substrate::atomic::{Mutex, MutexGuard, const_fn, thread_token};
use crate::substrate::wait::{Bell, Registration};

/// One lock for readers and the writer, held for some instructions and never while anybody reads.
///
/// For: comparing the others with; every suite runs over it. When not: in earnest.
///
/// Progress: entering and leaving block on the lock. A writer that waits sleeps, and the last straggler wakes it.
#[derive(Debug)]
pub struct Locked {
    state: Mutex<State>,
    vacated: Bell,
}

#[derive(Debug)]
struct State {
    version: u64,
    readers: Vec<Option<Reader>>,
}

#[derive(Clone, Copy, Debug)]
struct Reader {
    /// The version that he is inside of.
    inside: Option<u64>,
    thread: usize,
}

/// A reader's number.
#[derive(Debug)]
pub struct Seat(usize);

/// Who was inside when the writer flipped.
#[derive(Debug)]
pub struct Residual {
    version: u64,
    task: Registration,
}

impl Locked {
    const_fn! {
        /// Nobody is inside.
        #[must_use]
        pub fn new() -> Self {
            let state = State { version: 0, readers: Vec::new() };
            Self { state: Mutex::new(state), vacated: Bell::new() }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of the user's runs under the lock; it is whole even if a thread died there.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what a reader is inside of, and tells the version.
    fn moves(&self, seat: &Seat, inside: bool) -> u64 {
        let mut state = self.lock();
        let version = state.version;
        state.readers[seat.0] = Some(Reader { inside: inside.then_some(version), thread: thread_token() });
        version
    }
}

impl Default for Locked {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every step happens under one lock, so that they happen one after the other, and each after all that was done
// before those that precede it (L3, L4). L1: `enter` notes and returns the newest version. L2: `vacant` looks for those
// who noted the version that was left, or one of its side.
unsafe impl Strategy for Locked {
    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, _kind: Kind) -> Result<Seat, Full> {
        let new = Some(Reader { inside: None, thread: 0 });
        let mut state = self.lock();
        let free = state.readers.iter().position(Option::is_none);
        let at = free.unwrap_or(state.readers.len());
        match free {
            Some(at) => state.readers[at] = new,
            None => state.readers.push(new),
        }
        Ok(Seat(at))
    }

    unsafe fn release(&self, seat: &mut Seat) {
        self.lock().readers[seat.0] = None;
    }

    unsafe fn enter(&self, seat: &Seat) -> u64 {
        self.moves(seat, true)
    }

    unsafe fn leave(&self, seat: &Seat) {
        self.moves(seat, false);
        self.vacated.ring();
    }

    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        self.lock().readers[seat.0].and_then(|reader| reader.inside)
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        let version = self.moves(seat, true);
        self.vacated.ring();
        version
    }

    fn number(&self, seat: &Seat) -> Option<u32> {
        u32::try_from(seat.0).ok()
    }

    fn version(&self) -> u64 {
        self.lock().version
    }

    unsafe fn flip(&self) -> Residual {
        let mut state = self.lock();
        state.version += 1;
        Residual { version: state.version - 1, task: Registration::default() }
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.straggler(residual).is_none()
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        let state = self.lock();
        let readers = state.readers.iter().enumerate();
        super::most_pressing(readers.filter_map(|(at, reader)| {
            let reader = (*reader)?;
            let held = reader.inside?;
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            (held & 1 == residual.version & 1).then(|| Straggler::new(Some(number), held, reader.thread))
        }))
    }

    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        if !self.vacant(residual) {
            self.vacated.announce_task(&mut residual.task, cx.waker());
            if !self.vacant(residual) {
                return Poll::Pending;
            }
        }
        self.stop_polling(residual);
        Poll::Ready(Ok(()))
    }

    fn stop_polling(&self, residual: &mut Residual) {
        self.vacated.withdraw(&mut residual.task);
    }

    fn wait(&self, residual: &mut Residual, deadline: Option<Instant>) -> Result<bool, Refused> {
        super::sleeping(self, residual, &self.vacated, deadline, || Ok(!self.vacant(residual)))
    }
}
