//! Who has arrived, and how the others learn of it.

mod central;
mod either;
mod flags;
mod look;
mod presence;

#[cfg(all(test, not(flipside_loom)))]
mod flags_tests;

use core::fmt;
use std::task::Waker;
use std::time::Instant;
use std::vec::Vec;

pub use central::Central;
pub(super) use either::Either;
pub use flags::Flags;
pub use look::{Kind, Look};
pub use presence::Presence;

/// A barrier: each party arrives at round after round, and none passes a round before all have arrived at it.
///
/// [`exchange`](super) chooses one of [`Flags`] and [`Central`]. Both are here for who needs nothing else, and so are the laws,
/// for who writes a third.
///
/// A [`Look`] is for one barrier, and for the newest round that its rank has arrived at; what it says of others means nothing.
/// Rounds count from that of construction, one by one. The calls of one rank come from one thread at a time, in this order:
/// `arrive` at the next round; `poll` until it says that all have arrived; `arrive` at the next. `die` and `leave` are a
/// rank's last.
///
/// ```
/// use flipside::exchange::{Barrier, Central, Kind, Look};
/// use std::thread;
///
/// let barrier = Central::new(2, 0);
/// thread::scope(|scope| {
///     for rank in 0..2 {
///         let barrier = &barrier;
///         scope.spawn(move || {
///             for round in 1..=100 {
///                 // SAFETY: one thread for each rank, round after round.
///                 unsafe {
///                     if barrier.arrive(rank, round, Kind::Wide) {
///                         barrier.open(round);
///                     }
///                 }
///                 let mut look = Look::at_all(round, Kind::Wide);
///                 while !barrier.poll(&mut look).expect("nobody dies") {
///                     thread::yield_now();
///                 }
///             }
///         });
///     }
/// });
/// ```
///
/// # Safety
///
/// The laws, each for one rank and one round `r`:
///
/// - **B1, all have arrived.** `poll` returns `Ok(true)`, and [`is_plainly_open`](Self::is_plainly_open) `true`, only after
///   each party that takes part in `r` has arrived at `r`. (In a narrow round: each that was asked for; a barrier that was
///   given no neighbours has none to wait for.)
/// - **B2, what came before.** What a party did before it arrived at `r`, died or left happens before `poll` returns
///   `Ok(true)`, and before `is_plainly_open` or [`has_arrived`](Self::has_arrived) return `true`.
/// - **B3, nobody waits for the dead.** If a party of `r` died before it arrived at `r`, every `poll` for `r` returns `Err`
///   from some time on, and none ever returns `Ok(true)`. If all have arrived at `r` none returns `Err`, whatever happens
///   afterwards. (In a narrow round: if one who is waited for died; who waits for others may pass, or be told as well.)
/// - **B4, nobody sleeps for ever.** Who sleeps, or has left a waker, is woken when the answer of its `poll` changes.
pub unsafe trait Barrier: fmt::Debug + Send + Sync {
    /// This rank arrives at this round. If this returns `true` it was the last, and the round is still closed: it must be
    /// [opened](Self::open), or the rank must [die](Self::die).
    ///
    /// Wait-free.
    ///
    /// # Safety
    ///
    /// The order of calls, above.
    unsafe fn arrive(&self, rank: usize, round: u64, kind: Kind) -> bool;

    /// Opens a round, for the last who arrived.
    ///
    /// # Safety
    ///
    /// `arrive` or `leave` has just returned `true` for this round.
    unsafe fn open(&self, round: u64);

    /// Whether all have arrived, as far as they are looked at. Neither changes anything nor waits; `Ok(true)` stays true.
    ///
    /// # Errors
    ///
    /// [`Broken`]: this round will never be complete.
    fn poll(&self, look: &mut Look) -> Result<bool, Broken>;

    /// A look at a wide round that is as short as can be: if all have arrived, and there is nothing else to tell, it says so.
    /// `false` says nothing, and is always right: who gets it polls.
    #[inline]
    fn is_plainly_open(&self, round: u64) -> bool {
        self.poll(&mut Look::at_all(round, Kind::Wide)) == Ok(true)
    }

    /// Whether this rank has arrived at this round, and takes it for one of this kind; then what it did before happens before
    /// this returns. Stays true until the rank arrives twice more.
    fn has_arrived(&self, rank: usize, round: u64, kind: Kind) -> bool;

    /// Sleeps until the answer of `poll` may have changed, or `deadline`.
    fn sleep(&self, look: &mut Look, deadline: Option<Instant>);

    /// Leaves a waker, to be woken when the answer of `poll` may have changed. The caller polls again after this.
    ///
    /// # Panics
    ///
    /// If the waker's `clone` or `drop` does.
    fn leave_waker(&self, rank: usize, look: &mut Look, waker: &Waker);

    /// Takes the waker of a rank back.
    ///
    /// # Panics
    ///
    /// If the waker's `drop` does.
    fn take_waker(&self, rank: usize, look: &Look);

    /// This rank, which has arrived at `round` last, will not arrive again, and nobody passes a later round.
    ///
    /// # Safety
    ///
    /// It is the last call of this rank.
    unsafe fn die(&self, rank: usize, round: u64);

    /// This rank, which has passed `round`, takes part no more; the others go on. If this returns `true` it was the last that
    /// the next round waited for, which must be [opened](Self::open).
    ///
    /// # Safety
    ///
    /// It is the last call of this rank.
    unsafe fn leave(&self, rank: usize, round: u64) -> bool;

    /// Who takes part.
    fn presence(&self) -> &Presence;
}

/// Of one rank.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbours {
    /// Whose segments it sees in a narrow round.
    pub(super) sees: Vec<usize>,
    /// For whom it waits: those, and those who see its own.
    pub(super) waits_for: Vec<usize>,
}

/// Why a round will never be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// A party died before it arrived.
    Died,
    /// This party takes the round for another kind than we do.
    Mismatch(usize),
}
