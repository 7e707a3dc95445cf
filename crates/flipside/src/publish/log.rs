//! Operations that are written down once and applied to both copies.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
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

    /// Makes the change for the last time.
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

/// An operation that decides what to do on the first copy, and then repeats what it decided.
///
/// `D` decides, by [`Decide`]; its receipt is what both copies are given.
#[derive(Debug)]
pub enum Decided<D, R> {
    /// Not applied yet.
    Open(D),
    /// What it did, to be repeated.
    Receipt(R),
    /// It panicked while it decided.
    Nothing,
}

/// An operation whose outcome may depend on more than the copy that it sees.
///
/// It runs once, on the first copy, and says what it did in a receipt, which is applied to the other.
///
/// ```
/// use std::collections::BTreeMap;
/// use flipside::publish::{self, Decide, Decided, Operation};
///
/// type Map = BTreeMap<u32, u32>;
/// /// Keeps what a closure, which may change its mind, wants to keep.
/// struct Retain(Box<dyn FnMut(&u32, &mut u32) -> bool + Send>);
/// struct Removed(Vec<u32>);
///
/// impl Decide<Map> for Retain {
///     type Receipt = Removed;
///     fn decide(mut self, map: &mut Map, _: &()) -> Removed {
///         let mut removed = Vec::new();
///         map.retain(|key, value| {
///             let keep = (self.0)(key, value);
///             if !keep { removed.push(*key); }
///             keep
///         });
///         Removed(removed)
///     }
/// }
///
/// impl Operation<Map> for Removed {
///     fn apply(&mut self, map: &mut Map, _: &()) {
///         for key in &self.0 { map.remove(key); }
///     }
/// }
///
/// let (mut writer, reader) = publish::log(Map::from([(1, 1), (2, 2), (3, 3)]));
/// let mut calls = 0;
/// writer.push(Decided::Open(Retain(Box::new(move |_, _| { calls += 1; calls % 2 == 1 }))));
/// for _ in 0..2 {
///     writer.publish_both()?; // Both copies have come to the same.
///     assert!(reader.read().keys().eq(&[1, 3]));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Decide<T, X = ()> {
    /// What was done.
    type Receipt: Operation<T, X>;

    /// Changes the first copy, and says how.
    fn decide(self, copy: &mut T, extras: &X) -> Self::Receipt;
}

impl<T, X, D: Decide<T, X>> Operation<T, X> for Decided<D, D::Receipt> {
    fn apply(&mut self, copy: &mut T, extras: &X) {
        match core::mem::replace(self, Self::Nothing) {
            Self::Open(decide) => *self = Self::Receipt(decide.decide(copy, extras)),
            Self::Receipt(mut receipt) => {
                receipt.apply(copy, extras);
                *self = Self::Receipt(receipt);
            }
            Self::Nothing => {}
        }
    }

    fn apply_last(self, copy: &mut T, extras: &X) {
        match self {
            Self::Open(decide) => drop(decide.decide(copy, extras)),
            Self::Receipt(receipt) => receipt.apply_last(copy, extras),
            Self::Nothing => {}
        }
    }
}

/// What a [`Writer`](crate::publish::Writer) keeps between two publishes: operations that one copy has and the other
/// has not, and operations that neither has.
pub struct Log<T, O> {
    /// On one copy and not on the other, in order.
    once: VecDeque<O>,
    /// On neither, in order.
    queued: VecDeque<O>,
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
        Self { once: VecDeque::new(), queued: VecDeque::new(), phase: Phase::Ahead, bound: usize::MAX, renew }
    }

    /// With a limit on the operations that wait for the first or the second copy, which
    /// [`try_push`](crate::publish::Writer::try_push) keeps.
    #[must_use]
    pub fn with_bound(mut self, bound: usize) -> Self {
        self.bound = bound;
        self
    }

    /// Operations that are not published.
    pub fn pending(&self) -> usize {
        self.queued.len() + if self.has_news() { self.once.len() } else { 0 }
    }

    /// Whether the back has operations that the front lacks, or may have.
    const fn has_news(&self) -> bool {
        matches!(self.phase, Phase::Ahead | Phase::Applying)
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

    pub(super) fn reserve(&mut self, additional: usize) {
        self.queued.reserve(additional);
    }

    /// After a flip: what the back had the front has.
    pub(super) fn flipped(&mut self) {
        self.phase = Phase::Behind;
    }
}

impl<T, O> Log<T, O> {
    pub(super) fn push<X>(&mut self, operation: O)
    where
        O: Operation<T, X>,
    {
        let refused = match self.queued.back_mut() {
            Some(last) => last.absorb(operation).err(),
            None => Some(operation),
        };
        self.queued.extend(refused);
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
                // Out of the log before it is applied: a panic must not leave it there.
                while let Some(operation) = self.once.pop_front() {
                    operation.apply_last(back, extras);
                }
            }
            Phase::Repeating | Phase::Applying => self.renew(front, back)?,
        }
        self.phase = Phase::Ahead;
        Ok(())
    }

    /// Makes the back anew, after a panic.
    fn renew(&mut self, front: &T, back: &mut T) -> Result<(), Poisoned> {
        let renew = self.renew.ok_or(Poisoned)?;
        if self.phase == Phase::Applying {
            // The front lacks them: they come again, before all others.
            self.once.append(&mut self.queued);
            core::mem::swap(&mut self.once, &mut self.queued);
            self.phase = Phase::Repeating;
        }
        // The front has what else was in there.
        self.once.clear();
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
        while let Some(mut operation) = self.queued.pop_front() {
            operation.apply(back, extras);
            self.once.push_back(operation);
        }
        self.phase = Phase::Ahead;
        !self.once.is_empty()
    }

    /// The value with everything in it, from both copies, the newer first.
    pub(super) fn into_value<X>(mut self, front: T, back: T, extras: &X) -> T
    where
        O: Operation<T, X>,
    {
        // Spoilt, the back is of no use; else it has `once` if the front has not.
        let (mut value, lacks_once) = match self.phase {
            Phase::Behind | Phase::Repeating => (front, false),
            Phase::Ahead => (back, false),
            Phase::Applying => (front, true),
        };
        if lacks_once {
            self.once.drain(..).for_each(|operation| operation.apply_last(&mut value, extras));
        }
        self.queued.drain(..).for_each(|operation| operation.apply_last(&mut value, extras));
        value
    }
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
