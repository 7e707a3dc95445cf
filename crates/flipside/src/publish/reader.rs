//! Readers, and the guards that they read by.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use super::error::Full;
use super::pinned::{Offline, Pinned};
use super::pointer::Pointer;
use super::source::Source;
use super::strategy::{Kind, Strategy};

/// Reads the newest version, whenever asked, and never waits for anybody.
///
/// One for each thread: `Send`, not `Sync`. Cloning is cheap (a place to sit; no value is copied).
///
/// Progress: [`read`](Self::read) and dropping a guard wait for nobody: wait-free; lock-free with `Counters`; with `Locked`
/// they take a lock. Either may have to wake a writer that sleeps, which takes a lock of a few instructions and runs the
/// writer's waker.
///
/// ```
/// use flipside::publish;
///
/// let (mut config, reader) = publish::value(String::from("off"));
/// let other = reader.clone();
/// std::thread::spawn(move || assert_eq!(other.read().len(), 3)).join().unwrap();
/// config.set("on".into())?;
/// assert_eq!(*reader.read(), "on");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader<P: Pointer> {
    handle: Handle<<P::Strategy as Strategy>::Seat>,
    /// The version that [`changed`](Self::changed) compares with.
    pub(super) seen: u64,
    pointer: P,
}

/// A seat, and how many guards share it.
struct Handle<S> {
    seat: S,
    /// Guards beside the first.
    nested: Cell<usize>,
}

impl<P: Pointer> Reader<P> {
    /// A reader of the buffer behind `pointer`.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn new(pointer: P) -> Result<Self, Full> {
        let seat = pointer.strategy.seat(Kind::Guards)?;
        let seen = pointer.version();
        Ok(Self { handle: Handle { seat, nested: Cell::new(0) }, seen, pointer })
    }

    /// Enters the newest version, until the guard is dropped.
    ///
    /// While this reader has a guard already, the new one shares its version: what one sees, all see.
    ///
    /// A guard delays the writer's second publish after it, and nothing earlier. (Entering at the moment of a flip may make
    /// the writer look twice.)
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, P::Value, P::Strategy> {
        let buffer = &*self.pointer;
        let (strategy, handle) = (&buffer.strategy, &self.handle);
        // SAFETY: the seat is this strategy's, of the kind for guards, and given back when the reader is dropped.
        let version = unsafe { strategy.enter_or_stay(&handle.seat, || handle.nest()) };
        // SAFETY: not null, for it points into the buffer.
        let value = unsafe { NonNull::new_unchecked(buffer.copy(version)) };
        ReadGuard { value, version, strategy, handle, borrow: PhantomData }
    }

    /// Calls `f` with the newest version.
    #[inline]
    pub fn with<O>(&self, f: impl FnOnce(&P::Value) -> O) -> O {
        f(&self.read())
    }

    /// The newest version's number, which is not read; [`ReadGuard::version`] is that of the one that is. It may be
    /// outdated at once, and never goes back.
    pub fn version(&self) -> u64 {
        self.pointer.version()
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &P::Extras {
        self.pointer.extras()
    }

    /// Whether the writer has gone. Reading goes on with the last version; another writer may come.
    pub fn is_abandoned(&self) -> bool {
        self.pointer.is_abandoned()
    }

    /// The number that errors call this reader by, if the strategy numbers them.
    pub fn number(&self) -> Option<u32> {
        self.pointer.strategy.number(&self.handle.seat)
    }

    /// A pinned reader of the same buffer, online.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn pinned(&self) -> Result<Pinned<P>, Full> {
        Offline::new(self.pointer.clone()).map(Offline::online)
    }

    /// Where readers come from.
    pub fn source(&self) -> Source<P> {
        Source::from(self)
    }

    /// The pointer to the buffer, for another reader, or the next writer.
    pub fn pointer(&self) -> &P {
        &self.pointer
    }

    /// Another reader.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn try_clone(&self) -> Result<Self, Full> {
        let mut other = Self::new(self.pointer.clone())?;
        other.seen = self.seen;
        Ok(other)
    }
}

/// # Panics
///
/// If there is no seat left, where their number is fixed; [`try_clone`](Reader::try_clone) says so.
impl<P: Pointer> Clone for Reader<P> {
    fn clone(&self) -> Self {
        match self.try_clone() {
            Ok(reader) => reader,
            Err(full) => panic!("{full}; `try_clone` does not panic"),
        }
    }
}

impl<P: Pointer> Drop for Reader<P> {
    fn drop(&mut self) {
        let (strategy, seat) = (&self.pointer.strategy, &mut self.handle.seat);
        // SAFETY: the seat is this strategy's and not released yet.
        if unsafe { strategy.inside(seat) }.is_some() {
            // A guard was forgotten. Whatever was borrowed from it cannot outlive the borrow of this reader.
            // SAFETY: inside, and nothing of the side is used any more.
            unsafe { strategy.leave(seat) };
        }
        // SAFETY: outside, and not used again.
        unsafe { strategy.release(seat) };
    }
}

impl<P: Pointer> fmt::Debug for Reader<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("number", &self.number())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

impl<S> Handle<S> {
    #[cold]
    fn nest(&self) {
        // So many can only have been forgotten; then the last is never dropped, and the seat stays inside.
        self.nested.set(self.nested.get().saturating_add(1));
    }

    #[cold]
    fn unnest(&self) {
        let guards = self.nested.get();
        self.nested.set(if guards == usize::MAX { guards } else { guards - 1 });
    }
}

/// One version, for as long as this is kept. Made by [`Reader::read`].
///
/// Neither `Send` nor `Sync`: it is left by the thread that entered. Forgotten, it keeps the writer from its second
/// publish until the reader is dropped; errors say who it is.
#[must_use = "it is left at once if it is not kept"]
pub struct ReadGuard<'r, T: ?Sized, S: Strategy> {
    value: NonNull<T>,
    version: u64,
    strategy: &'r S,
    handle: &'r Handle<S::Seat>,
    borrow: PhantomData<&'r T>,
}

impl<'r, T: ?Sized, S: Strategy> ReadGuard<'r, T, S> {
    /// A guard of a part of the value.
    ///
    /// ```
    /// use flipside::publish::{self, ReadGuard};
    ///
    /// let (_writer, reader) = publish::value((1, "one".to_owned()));
    /// let name = ReadGuard::map(reader.read(), |(_, name)| name.as_str());
    /// assert_eq!(&*name, "one");
    /// ```
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&T) -> &U) -> ReadGuard<'r, U, S> {
        let value = NonNull::from(part(&guard));
        guard.with_value(value)
    }

    /// A guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard, if there is none.
    pub fn try_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<ReadGuard<'r, U, S>, Self> {
        match part(&guard).map(NonNull::from) {
            Some(value) => Ok(guard.with_value(value)),
            None => Err(guard),
        }
    }

    /// The same version again, as if read at the same time. (Not a method, for `T` may have one of this name.)
    #[allow(clippy::should_implement_trait, reason = "it would hide the value's own")]
    pub fn clone(guard: &Self) -> Self {
        guard.handle.nest();
        Self { ..*guard }
    }

    /// The number of the version that it sees.
    pub fn version(guard: &Self) -> u64 {
        guard.version
    }

    fn with_value<U: ?Sized>(self, value: NonNull<U>) -> ReadGuard<'r, U, S> {
        let (version, strategy, handle) = (self.version, self.strategy, self.handle);
        core::mem::forget(self);
        ReadGuard { value, version, strategy, handle, borrow: PhantomData }
    }
}

impl<T: ?Sized, S: Strategy> Deref for ReadGuard<'_, T, S> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the seat is inside of the side that this points into, and nobody writes there (L2).
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized, S: Strategy> Drop for ReadGuard<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        if self.handle.nested.get() == 0 {
            // SAFETY: the seat is this strategy's and inside; this was its last guard.
            unsafe { self.strategy.leave(&self.handle.seat) };
        } else {
            self.handle.unnest();
        }
    }
}

impl<T: ?Sized + fmt::Debug, S: Strategy> fmt::Debug for ReadGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display, S: Strategy> fmt::Display for ReadGuard<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
