//! Readers that stay inside: a read is a dereference, and going on to the newest version is a call.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::error::Full;
use super::pointer::Pointer;
use super::strategy::{Kind, Strategy};

/// A pinned reader at rest: outside, in nobody's way, and free to go to another thread.
///
/// ```
/// use flipside::publish::{self, Offline};
///
/// let (mut limit, reader) = publish::value(10);
/// let rest = Offline::new(reader.pointer().clone())?;
/// let worker = std::thread::spawn(move || {
///     let mut limit = rest.online();
///     let mut sum = 0;
///     for step in 0..100 {
///         limit.refresh();
///         sum += step.min(*limit.get());
///     }
///     sum
/// });
/// limit.set(20)?;
/// assert!(worker.join().unwrap() <= 20 * 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Offline<P: Pointer> {
    pub(super) seat: <P::Strategy as Strategy>::Seat,
    pub(super) pointer: P,
}

impl<P: Pointer> Offline<P> {
    /// A pinned reader of the buffer behind `pointer`, at rest.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn new(pointer: P) -> Result<Self, Full> {
        Ok(Self { seat: pointer.strategy.seat(Kind::Pinned)?, pointer })
    }

    /// Enters the newest version. Waits for nobody (but with `Locked`), with a full fence.
    pub fn online(self) -> Pinned<P> {
        let rest = ManuallyDrop::new(self);
        // SAFETY: the seat is this strategy's, and outside.
        let version = unsafe { rest.pointer.strategy.online(&rest.seat) };
        let value = rest.pointer.copy(version);
        Pinned { value, version, rest, on_this_thread: PhantomData }
    }

    /// The pointer to the buffer.
    pub fn pointer(&self) -> &P {
        &self.pointer
    }

    /// The number that errors call this reader by, if the strategy numbers them.
    pub fn number(&self) -> Option<u32> {
        self.pointer.strategy.number(&self.seat)
    }
}

impl<P: Pointer> Drop for Offline<P> {
    fn drop(&mut self) {
        // SAFETY: the seat is this strategy's, outside whenever this is dropped, and not used again.
        unsafe { self.pointer.strategy.release(&mut self.seat) };
    }
}

impl<P: Pointer> fmt::Debug for Offline<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offline").field("number", &self.number()).finish_non_exhaustive()
    }
}

/// A reader that is always inside of the version that it acknowledged last.
///
/// [`get`](Self::get) is a plain dereference: no fence, no read-modify-write, no store. That nobody holds anything of
/// the old version when [`refresh`](Self::refresh) gives it up is shown by the borrow checker.
///
/// It keeps the writer from its second publish after the version that it holds: refresh it often, or take it
/// [`offline`](Self::offline). It is inside, so it stays on its thread (not `Send`); at rest it may go.
///
/// Progress: wait-free; `refresh` lock-free with `Counters`, and a lock with `Locked`.
pub struct Pinned<P: Pointer> {
    /// The copy of `version`.
    value: *const P::Value,
    version: u64,
    rest: ManuallyDrop<Offline<P>>,
    on_this_thread: PhantomData<*const ()>,
}

impl<P: Pointer> Pinned<P> {
    /// The version that was acknowledged last.
    #[inline(always)]
    pub fn get(&self) -> &P::Value {
        // SAFETY: the seat is inside of this version's side until `&mut self` or `self` is used, which ends the borrow.
        unsafe { &*self.value }
    }

    /// Acknowledges the newest version; whether it is another.
    #[inline]
    pub fn refresh(&mut self) -> bool {
        let is_new = self.rest.pointer.strategy.version() != self.version;
        if is_new {
            self.advance();
        }
        is_new
    }

    #[cold]
    fn advance(&mut self) {
        let buffer = &*self.rest.pointer;
        // SAFETY: the seat is this strategy's and inside, and `&mut self` shows that nothing of the old side is borrowed.
        self.version = unsafe { buffer.strategy.advance(&self.rest.seat) };
        self.value = buffer.copy(self.version);
    }

    /// The number of the version that [`get`](Self::get) shows.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &P::Extras {
        self.rest.pointer.extras()
    }

    /// Whether the writer has gone. Another one may come.
    pub fn is_abandoned(&self) -> bool {
        self.rest.pointer.is_abandoned()
    }

    /// The number that errors call this reader by, if the strategy numbers them.
    pub fn number(&self) -> Option<u32> {
        self.rest.number()
    }

    /// The pointer to the buffer.
    pub fn pointer(&self) -> &P {
        self.rest.pointer()
    }

    /// Leaves, to rest.
    pub fn offline(self) -> Offline<P> {
        let mut this = ManuallyDrop::new(self);
        this.leave();
        // SAFETY: taken once; `this` is not used again, nor dropped.
        unsafe { ManuallyDrop::take(&mut this.rest) }
    }

    fn leave(&self) {
        // SAFETY: the seat is this strategy's and inside; both callers give the pinned reader up, with all its borrows.
        unsafe { self.rest.pointer.strategy.leave(&self.rest.seat) };
    }
}

impl<P: Pointer> Drop for Pinned<P> {
    fn drop(&mut self) {
        self.leave();
        // SAFETY: dropped once, here; `offline` does not drop us.
        unsafe { ManuallyDrop::drop(&mut self.rest) };
    }
}

impl<P: Pointer> fmt::Debug for Pinned<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned")
            .field("number", &self.number())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
