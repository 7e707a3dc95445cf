//! One thread: counters without atomics, and an error, or a task, instead of waiting.

use core::cell::Cell;
use core::fmt;
use core::task::{Context, Poll, Waker};

use super::super::error::{Full, Refused, Straggler};
use super::{Kind, Strategy};
use crate::substrate::unwind::quietly;

/// For one thread: plain counters. Not `Sync`, so that nobody else can come in.
///
/// For: two buffers without threads (a frame that is drawn while the next is made), targets without atomics. When not:
/// anywhere else.
///
/// Waiting would never end, as everybody who could leave is this thread: instead of waiting there is an error.
///
/// ```
/// use flipside::publish::{Buffer, Reader, raw, strategy::Local};
///
/// let frames = Buffer::with(Local::new(), [[b' '; 8]; 2], (), ());
/// let (screen, mut canvas) = (Reader::new(&frames)?, raw::Writer::new(&frames)?);
/// canvas.try_back()?[3] = b'*';
/// canvas.try_publish()?;
/// assert_eq!(&*screen.read(), b"   *    ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Local {
    version: Cell<u64>,
    inside: [Cell<usize>; 2],
}

/// A reader of this thread.
#[derive(Debug, Default)]
pub struct Seat(Cell<Option<u64>>);

/// The version that a flip left.
#[derive(Debug)]
pub struct Residual(u64);

const fn side(version: u64) -> usize {
    (version & 1) as usize
}

impl Local {
    /// Nobody is inside.
    #[must_use]
    pub const fn new() -> Self {
        Self { version: Cell::new(0), inside: [const { Cell::new(0) }; 2] }
    }

    /// Leaves, and tells whether the last one has.
    fn left(&self, seat: &Seat) -> bool {
        let Some(version) = seat.0.take() else { return false };
        let inside = &self.inside[side(version)];
        // So many can only have been forgotten, and nobody knows how many: then they stay.
        if inside.get() != usize::MAX {
            inside.set(inside.get() - 1);
        }
        inside.get() == 0
    }
}

// SAFETY: one thread does all of it, for `Local` is not `Sync`. L1: `enter` returns the version. L2: a side is counted
// up by entering and down by leaving, and only the newest version's side is entered. L3, L4: one thread's own order.
unsafe impl Strategy for Local {
    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, _kind: Kind) -> Result<Seat, Full> {
        Ok(Seat::default())
    }

    unsafe fn release(&self, _seat: &mut Seat) {}

    unsafe fn enter(&self, seat: &Seat) -> u64 {
        let version = self.version.get();
        let inside = &self.inside[side(version)];
        inside.set(inside.get().saturating_add(1));
        seat.0.set(Some(version));
        version
    }

    unsafe fn leave(&self, seat: &Seat) {
        self.left(seat);
    }

    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        seat.0.get()
    }

    fn version(&self) -> u64 {
        self.version.get()
    }

    fn is_local(&self) -> bool {
        true
    }

    unsafe fn flip(&self) -> Residual {
        let old = self.version.get();
        self.version.set(old + 1);
        Residual(old)
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.inside[side(residual.0)].get() == 0
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        (!self.vacant(residual)).then(|| Straggler::of_this_thread(residual.0))
    }

    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        // Another task of this thread has to leave, and nobody would tell us.
        if self.vacant(residual) {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    #[cfg(feature = "std")]
    fn wait(&self, residual: &mut Residual, _deadline: Option<std::time::Instant>) -> Result<bool, Refused> {
        Ok(self.vacant(residual))
    }
}

/// As [`Local`], with tasks: a writer that waits is woken when the last reader leaves.
///
/// For: executors of one thread (`tokio::task::LocalSet`, embassy, a browser), also without `std`.
#[derive(Default)]
pub struct LocalAsync {
    local: Local,
    waiting: Cell<Option<Waker>>,
}

impl LocalAsync {
    /// Nobody is inside.
    #[must_use]
    pub const fn new() -> Self {
        Self { local: Local::new(), waiting: Cell::new(None) }
    }

    /// Wakes the task that waits. What it does then, a panic as well, is not the reader's business.
    fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            quietly(|| waker.wake());
        }
    }
}

impl fmt::Debug for LocalAsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAsync").field("local", &self.local).finish_non_exhaustive()
    }
}

// SAFETY: as for `Local`, which does all of it; a waker changes nothing.
unsafe impl Strategy for LocalAsync {
    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, kind: Kind) -> Result<Seat, Full> {
        self.local.seat(kind)
    }

    unsafe fn release(&self, _seat: &mut Seat) {}

    unsafe fn enter(&self, seat: &Seat) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { self.local.enter(seat) }
    }

    unsafe fn leave(&self, seat: &Seat) {
        if self.local.left(seat) {
            self.wake();
        }
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        let was_last = self.local.left(seat);
        // SAFETY: it has just left.
        let version = unsafe { self.local.enter(seat) };
        // When the seat is inside again: the waker's code may come back to us.
        if was_last {
            self.wake();
        }
        version
    }

    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        seat.0.get()
    }

    fn version(&self) -> u64 {
        self.local.version()
    }

    fn is_local(&self) -> bool {
        true
    }

    unsafe fn flip(&self) -> Residual {
        // SAFETY: the caller's promise.
        unsafe { self.local.flip() }
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.local.vacant(residual)
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        self.local.straggler(residual)
    }

    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        if self.vacant(residual) {
            return Poll::Ready(Ok(()));
        }
        // Cloned and dropped outside of the cell: both are the user's code.
        let waker = cx.waker().clone();
        drop(self.waiting.replace(Some(waker)));
        // That code may have dropped the last guard, and found nobody to wake.
        if !self.vacant(residual) {
            return Poll::Pending;
        }
        self.stop_polling(residual);
        Poll::Ready(Ok(()))
    }

    fn stop_polling(&self, _residual: &mut Residual) {
        drop(self.waiting.take());
    }

    #[cfg(feature = "std")]
    fn wait(&self, residual: &mut Residual, _deadline: Option<std::time::Instant>) -> Result<bool, Refused> {
        Ok(self.vacant(residual))
    }
}
