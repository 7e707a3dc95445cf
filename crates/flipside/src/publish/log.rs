//! Operations that are written down once and applied to both copies.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::error::PublishError;

/// A change of `T` that can be made twice: once on each copy.
///
/// `X` is the type of the buffer's extras.
///
/// **Both times must come to the same.** An operation whose outcome depends on more than the copy (a closure with
/// state, a clock, a random number) decides the first time, keeps in itself what it decided, and repeats that; see
/// [`Decided`](crate::publish::Decided). If the two differ readers see now the one, now the other; it is never unsound.
///
/// ```
/// use flipside::publish::{self, Operation};
///
/// enum Edit { Push(String), Pop }
///
/// impl Operation<Vec<String>> for Edit {
///     fn apply(&mut self, lines: &mut Vec<String>, _: &()) {
///         match self {
///             Self::Push(line) => lines.push(line.clone()),
///             Self::Pop => drop(lines.pop()),
///         }
///     }
///
///     // Not needed, but it spares a clone.
///     fn apply_last(self, lines: &mut Vec<String>, _: &()) {
///         match self {
///             Self::Push(line) => lines.push(line),
///             Self::Pop => drop(lines.pop()),
///         }
///     }
/// }
///
/// let (mut writer, reader) = publish::log(Vec::new());
/// writer.push(Edit::Push("one".into()));
/// writer.push(Edit::Push("two".into()));
/// writer.push(Edit::Pop);
/// assert!(reader.read().is_empty(), "nothing is seen before it is published");
/// writer.publish()?;
/// assert_eq!(*reader.read(), ["one"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Operation<T, X = ()> {
    /// Makes the change on one copy; it will be made on the other later. (And once more on the first if it has to be
    /// made anew, because an operation panicked.)
    fn apply(&mut self, copy: &mut T, extras: &X);

    /// Makes the change for the last time: what the operation owns may be moved. An operation that holds others passes
    /// this on to theirs.
    fn apply_last(mut self, copy: &mut T, extras: &X)
    where
        Self: Sized,
    {
        self.apply(copy, extras);
    }

    /// Takes the operation that follows into this one, so that both are applied as one; or gives it back. Called for
    /// what has not been applied yet.
    ///
    /// # Errors
    ///
    /// The operation, if it cannot be taken in. That is the default.
    fn absorb(&mut self, next: Self) -> Result<(), Self>
    where
        Self: Sized,
    {
        Err(next)
    }
}

/// A closure is an operation, called twice. With state of its own it must not let it decide: see
/// [`Writer::apply_once`](crate::publish::Writer::apply_once).
impl<T, X, F: FnMut(&mut T, &X)> Operation<T, X> for F {
    fn apply(&mut self, copy: &mut T, extras: &X) {
        self(copy, extras);
    }
}

/// Any closure: the operation of a log that is made for closures.
pub type Closure<T, X = ()> = Box<dyn FnMut(&mut T, &X) + Send>;

/// Room for so many operations is kept, whether they come or not.
const ROOM: usize = 1024;

/// What a [`Writer`](crate::publish::Writer) keeps between two publishes: operations that one copy has and the other
/// has not, and operations that neither has.
pub struct Log<T, O> {
    /// What one copy has, in order.
    once: Vec<O>,
    /// What neither has, in order.
    queued: Vec<O>,
    /// While those are being applied: how many have been.
    applied: usize,
    phase: Phase,
    bound: usize,
    /// Makes the first like the second.
    renew: Option<fn(&mut T, &T)>,
}

/// Which copy has the operations `once`.
///
/// ```text
///            a flip              the rest of `once`              an operation
///  Ahead ------------> Behind ------------------------> Ahead ------------------> Ahead
///                        |  on the back, meanwhile                | meanwhile
///                    Repeating                                 Applying
/// ```
///
/// Found `Repeating` or `Applying`, the operation panicked: the back is spoilt, and the front is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The front has them.
    Behind,
    /// The front has them, and the back is being given them.
    Repeating,
    /// The back has them.
    Ahead,
    /// The back has them, and is being given another.
    Applying,
}

/// The log cannot take more before the next publish.
#[derive(Clone, PartialEq, Eq)]
pub struct LogFull<O> {
    /// The operation, which was not taken.
    pub operation: O,
    /// How many it holds.
    pub bound: usize,
}

/// The back is spoilt, and nobody said how to clone the front.
#[derive(Debug)]
pub(super) struct Poisoned;

impl From<Poisoned> for PublishError {
    fn from(_: Poisoned) -> Self {
        Self::Poisoned
    }
}

impl<T: Clone, O> Log<T, O> {
    /// An empty log. It knows how to clone, so that a copy that a panic has spoilt can be made anew.
    #[must_use]
    pub const fn new() -> Self {
        Self::empty(Some(|spoilt, good| spoilt.clone_from(good)))
    }
}

impl<T, O> Log<T, O> {
    /// An empty log for a `T` that cannot be cloned. If an operation panics the writer is poisoned.
    #[must_use]
    pub const fn without_clone() -> Self {
        Self::empty(None)
    }

    const fn empty(renew: Option<fn(&mut T, &T)>) -> Self {
        let bound = usize::MAX;
        Self { once: Vec::new(), queued: Vec::new(), applied: 0, phase: Phase::Ahead, bound, renew }
    }

    /// With a limit on the operations that are not published, which [`try_push`](crate::publish::Writer::try_push) keeps.
    /// The log holds at most twice as many: those of the last publish wait for the other copy.
    #[must_use]
    pub fn with_bound(mut self, bound: usize) -> Self {
        self.bound = bound;
        self
    }

    /// Operations that are not published.
    pub fn pending(&self) -> usize {
        match self.phase {
            Phase::Behind | Phase::Repeating => self.queued.len(),
            Phase::Ahead => self.once.len() + self.queued.len(),
            // But for the one at fault.
            Phase::Applying => self.once.len() + self.queued.len() - 1,
        }
    }

    /// Operations in the log: unpublished ones, and published ones that the other copy has still to be given.
    pub fn len(&self) -> usize {
        self.once.len() + self.queued.len()
    }

    /// Whether both copies are the same and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn set_bound(&mut self, bound: usize) {
        self.bound = bound;
    }

    pub(super) const fn bound(&self) -> usize {
        self.bound
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending() >= self.bound
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.queued.reserve(additional);
    }

    /// After a flip: what the back had the front has.
    pub(super) fn flipped(&mut self) {
        self.phase = Phase::Behind;
    }
}

impl<T, O> Log<T, O> {
    #[inline]
    pub(super) fn push<X>(&mut self, mut operation: O)
    where
        O: Operation<T, X>,
    {
        // One that was applied is not changed any more, nor one that panicked.
        let closed = if self.phase == Phase::Applying { self.applied + 1 } else { 0 };
        if self.queued.len() > closed
            && let Some(last) = self.queued.last_mut()
        {
            match last.absorb(operation) {
                Ok(()) => return,
                Err(refused) => operation = refused,
            }
        }
        self.queued.push(operation);
    }

    /// Writes down what a closure makes, which is never absorbed.
    #[inline(always)]
    pub(super) fn push_with(&mut self, make: impl FnOnce() -> O) {
        place(&mut self.queued, make);
    }

    /// The room for operations, which has just been emptied by [`apply`](Self::apply).
    #[cfg(feature = "std")]
    pub(super) fn lend_room(&mut self) -> Vec<O> {
        debug_assert!(self.queued.is_empty());
        core::mem::take(&mut self.queued)
    }

    /// Writes down what has been put into the room.
    #[cfg(feature = "std")]
    pub(super) fn fill_room<X>(&mut self, operations: Vec<O>)
    where
        O: Operation<T, X>,
    {
        if operations.len() < 2 {
            self.queued = operations;
        } else {
            operations.into_iter().for_each(|operation| self.push(operation));
        }
    }

    /// Gives the back all that the front has.
    pub(super) fn catch_up<X>(&mut self, front: &T, back: &mut T, extras: &X) -> Result<(), Poisoned>
    where
        O: Operation<T, X>,
    {
        match self.phase {
            Phase::Ahead => return Ok(()),
            Phase::Behind => {
                self.phase = Phase::Repeating;
                let operations = self.once.len();
                // If one panics the others go as well: the front has them.
                self.once.drain(..).for_each(|operation| operation.apply_last(back, extras));
                self.let_room_go(operations);
            }
            Phase::Repeating | Phase::Applying => self.renew(front, back)?,
        }
        self.phase = Phase::Ahead;
        Ok(())
    }

    /// After a long log (all of a collection, at first) short ones follow: its room goes, half of it at a time.
    fn let_room_go(&mut self, operations: usize) {
        let room = self.once.capacity();
        if room > ROOM && room / 8 > operations {
            self.once.shrink_to(room / 2);
        }
    }

    /// Makes the back anew, after a panic.
    fn renew(&mut self, front: &T, back: &mut T) -> Result<(), Poisoned> {
        let renew = self.renew.ok_or(Poisoned)?;
        if self.phase == Phase::Applying {
            // The front lacks them all: they come again, but for the one at fault.
            self.phase = Phase::Repeating;
            let at_fault = self.queued.remove(core::mem::take(&mut self.applied));
            self.once.append(&mut self.queued);
            core::mem::swap(&mut self.once, &mut self.queued);
            drop(at_fault);
        }
        renew(back, front);
        Ok(())
    }

    /// Gives the back, which lacks nothing that the front has, all that is pending. Whether it has anything that the
    /// front lacks.
    pub(super) fn apply<X>(&mut self, back: &mut T, extras: &X) -> bool
    where
        O: Operation<T, X>,
    {
        debug_assert_eq!(self.phase, Phase::Ahead);
        self.phase = Phase::Applying;
        for operation in &mut self.queued {
            operation.apply(back, extras);
            self.applied += 1;
        }
        self.applied = 0;
        self.phase = Phase::Ahead;
        if self.once.is_empty() {
            // The usual case: nothing is moved, and no memory is let go.
            core::mem::swap(&mut self.once, &mut self.queued);
        } else {
            self.once.append(&mut self.queued);
        }
        !self.once.is_empty()
    }

    /// The value with everything in it, from both copies, the newer first.
    pub(super) fn into_value<X>(self, front: T, back: T, extras: &X) -> T
    where
        O: Operation<T, X>,
    {
        let spoilt = self.phase == Phase::Applying;
        // Spoilt, the back is of no use, and the front has none of them.
        let mut value = if self.phase == Phase::Ahead { back } else { front };
        let once = self.once.into_iter().filter(|_| spoilt);
        let queued = self.queued.into_iter().enumerate().filter(|(at, _)| !spoilt || *at != self.applied);
        for operation in once.chain(queued.map(|(_, operation)| operation)) {
            operation.apply_last(&mut value, extras);
        }
        value
    }
}

/// Pushes what a closure makes, straight into its place. What `push` is given has to lie elsewhere meanwhile, lest the
/// vector cannot grow, and is read from there, in larger pieces, before it has arrived: five nanoseconds.
#[inline(always)]
pub(super) fn place<O>(operations: &mut Vec<O>, make: impl FnOnce() -> O) {
    operations.extend(core::iter::once_with(make));
}

impl<T: Clone, O> Default for Log<T, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, O> fmt::Debug for Log<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("pending", &self.pending())
            .field("len", &self.len())
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for LogFull<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFull").field("bound", &self.bound).finish_non_exhaustive()
    }
}

impl<O> fmt::Display for LogFull<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log holds {} operations, its bound: publish before the next", self.bound)
    }
}

impl<O> core::error::Error for LogFull<O> {}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
