//! How readers and the writer keep out of each other's way: one trait, four laws, and six ways to keep them.
//!
//! | strategy | a reader enters by | the writer's flip costs | who waits how | for |
//! |---|---|---|---|---|
//! | [`Asymmetric`] | a store and a load | a system call before the next write | sleeps; readers ring | the default: many reads |
//! | [`Epochs`] | a store, a full fence, a load | a full fence | sleeps by timer | no membarrier, plain publishing |
//! | [`Counters`] | an exchange | an exchange for each reader | sleeps; readers ring | a flip for every few reads |
//! | [`Local`] | a counter without atomics | nothing | an error instead | one thread |
//! | [`LocalAsync`] | the same | nothing | tasks of one thread | one thread with an executor |
//! | `Locked` (`std`) | a lock | the same lock | sleeps; readers ring | comparing: it is plainly right |
//!
//! Write your own by implementing [`Strategy`], and run [`conformance`](super::conformance) over it.

mod asymmetric;
mod counters;
mod epochs;
mod local;
#[cfg(feature = "std")]
mod locked;
#[cfg(all(test, flipside_loom))]
mod model;
mod seats;
mod words;

use core::task::{Context, Poll};
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

pub use asymmetric::Asymmetric;
pub use counters::Counters;
pub use epochs::Epochs;
pub use local::{Local, LocalAsync};
#[cfg(feature = "std")]
pub use locked::Locked;
#[cfg(feature = "alloc")]
pub use seats::Grown;
pub use seats::{DefaultSeats, Seat, Seats, Slot};

use super::error::{Full, Refused, Straggler};
#[cfg(feature = "std")]
use crate::substrate::{
    atomic::{Backoff, sleep},
    wait::Bell,
};

/// How a seat will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Entered and left often, by [`Strategy::enter`].
    Guards,
    /// Entered rarely, by [`Strategy::online`] only, and then kept up to date by [`Strategy::advance`].
    Pinned,
}

/// Keeps readers and the writer apart.
///
/// Versions count the flips, from 0. **Version `v` lives on side `v & 1`**: its readers read that side, and while it is
/// the newest the writer writes the other one.
///
/// # Safety
///
/// Whoever implements this promises:
///
/// - **L1, entry.** [`enter`](Self::enter), [`online`](Self::online) and [`advance`](Self::advance) return a version
///   that was the newest at some time during the call. The seat is then inside of that version's side until
///   [`leave`](Self::leave), or until `advance` returns another.
/// - **L2, exclusion.** [`flip`](Self::flip) makes the next version the newest and returns the *residual* of the side
///   that it left: who is still inside there. Once [`vacant`](Self::vacant) has returned `true` for it nobody is inside
///   that side, nor comes in before the next flip.
/// - **L3, publication.** All that the writer did before a flip happens before all that a reader does who got that
///   version, or a later one.
/// - **L4, release.** All that a reader did inside of a side before leaving it, by `leave` or by `advance`, happens
///   before `vacant` returns `true` for that side.
///
/// `version` is exact for the writer, who alone changes it. What is said of `vacant` is said of `wait` and `poll_vacant`
/// too, which call `reach` by themselves.
///
/// No method unwinds, but for `poll_vacant` and `stop_polling`: who is between two versions when a panic passes by would be
/// nowhere. Where a method runs somebody else's code, a waker's, the seat says already what the method will return: that
/// code may come back to the same seat.
///
/// None of this may rest on a destructor, and none of it may end because a seat's owner forgets to leave: then
/// `vacant` stays false.
///
/// Callers promise what stands at each method, and that the strategy stays where it is while it has seats. Readers and
/// the writer may call at the same time from different threads if the strategy is `Sync`; one seat is used by one thread
/// at a time, and `flip` by one thread at a time.
pub unsafe trait Strategy {
    /// Whether [`flip`](Self::flip) passes a sequentially consistent fence after it has made the version the newest, as is
    /// promised by saying so. Then who publishes need not pass another before it looks for sleepers.
    const FLIP_FENCES: bool = false;

    /// Whether [`reach`](Self::reach) may interrupt every thread that runs, by a system call. Then who waits for a publish
    /// does better to sleep than to spin. Nothing else depends on it.
    const REACH_INTERRUPTS: bool = false;

    /// A reader's place.
    type Seat;
    /// Who is still inside of the side that a flip left.
    type Residual;

    /// Registers a reader, who is outside.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is no place.
    fn seat(&self, kind: Kind) -> Result<Self::Seat, Full>;

    /// Takes a place back.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, outside, and not used again.
    unsafe fn release(&self, seat: &mut Self::Seat);

    /// Enters the newest version.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, of the kind [`Kind::Guards`], not released, and outside.
    unsafe fn enter(&self, seat: &Self::Seat) -> u64;

    /// Leaves.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, not released, and inside; nothing of the side is used any more.
    unsafe fn leave(&self, seat: &Self::Seat);

    /// The version that a seat is inside of. True until this seat is used.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy and not released.
    unsafe fn inside(&self, seat: &Self::Seat) -> Option<u64>;

    /// [`enter`](Self::enter), unless the seat is inside: then `stays` is called, and the version that it is inside of
    /// returned.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, of the kind [`Kind::Guards`], and not released. `stays` does not unwind.
    #[inline(always)]
    unsafe fn enter_or_stay(&self, seat: &Self::Seat, stays: impl FnOnce()) -> u64 {
        // SAFETY: the caller's promise.
        if let Some(version) = unsafe { self.inside(seat) } {
            stays();
            return version;
        }
        // SAFETY: the caller's promise, and it is outside.
        unsafe { self.enter(seat) }
    }

    /// As [`enter`](Self::enter), for seats of the kind [`Kind::Pinned`].
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, not released, and outside.
    unsafe fn online(&self, seat: &Self::Seat) -> u64 {
        // SAFETY: what the caller promises is what `enter` asks; who tells kinds apart implements this.
        unsafe { self.enter(seat) }
    }

    /// Goes from the version that the seat is inside of to the newest.
    ///
    /// # Safety
    ///
    /// The seat is of this strategy, not released, and inside; nothing of the old side is used any more.
    unsafe fn advance(&self, seat: &Self::Seat) -> u64 {
        // SAFETY: the seat is inside, says the caller.
        unsafe { self.leave(seat) };
        // SAFETY: and now it is outside.
        unsafe { self.online(seat) }
    }

    /// The number that a [`Straggler`] calls the reader of this seat by, if it has one.
    fn number(&self, seat: &Self::Seat) -> Option<u32> {
        let _ = seat;
        None
    }

    /// Whether there is one thread only, so that nobody can leave, or publish, while it blocks.
    fn is_local(&self) -> bool {
        false
    }

    /// The newest version. It may be outdated when this returns, and is never more than that.
    fn version(&self) -> u64;

    /// Makes the next version the newest. Waits for nobody.
    ///
    /// # Safety
    ///
    /// One thread at a time, and the last flip's residual has been found vacant.
    unsafe fn flip(&self) -> Self::Residual;

    /// Makes sure that whoever is inside will be seen; called before the first look at a residual, and again after it
    /// failed. Waits for nobody.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the system refuses. Then [`vacant`](Self::vacant) stays false, and this may be tried again.
    fn reach(&self, residual: &mut Self::Residual) -> Result<(), Refused> {
        let _ = residual;
        Ok(())
    }

    /// Whether everybody has left. Changes nothing and waits for nobody.
    ///
    /// Once it was `true` the side is vacant until the next flip, even if the answer is `false` for a moment when it is
    /// asked again, while somebody enters the other side. `false` may be outdated.
    fn vacant(&self, residual: &Self::Residual) -> bool;

    /// One of those who are still inside, if there is any: one of this thread, if it is among them. It may be outdated.
    fn straggler(&self, residual: &Self::Residual) -> Option<Straggler>;

    /// Waits until the residual is vacant, for a task.
    ///
    /// Not overridden, it asks the executor to poll again at once: right, and wasteful.
    ///
    /// # Errors
    ///
    /// As [`reach`](Self::reach).
    fn poll_vacant(&self, residual: &mut Self::Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.reach(residual)?;
        if self.vacant(residual) {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The task that polled goes away.
    fn stop_polling(&self, residual: &mut Self::Residual) {
        let _ = residual;
    }

    /// Waits until the residual is vacant, on this thread: `true`. `false` if the deadline has passed, or if this very
    /// thread is in the way, so that waiting would never end.
    ///
    /// Not overridden, it spins, yields, and sleeps 50 microseconds to 1 millisecond between two looks.
    ///
    /// # Errors
    ///
    /// As [`reach`](Self::reach).
    #[cfg(feature = "std")]
    fn wait(&self, residual: &mut Self::Residual, deadline: Option<Instant>) -> Result<bool, Refused> {
        self.reach(residual)?;
        Ok(polling(self, residual, deadline))
    }
}

/// Looks until it is vacant, ever more rarely.
#[cfg(feature = "std")]
fn polling<S: Strategy + ?Sized>(strategy: &S, residual: &S::Residual, deadline: Option<Instant>) -> bool {
    let mut pause = Duration::from_micros(50);
    let backoff = Backoff::default();
    loop {
        if let Some(end) = look(strategy, residual) {
            return end;
        }
        if !backoff.is_spent() {
            backoff.snooze();
            continue;
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return strategy.vacant(residual);
        }
        sleep(left.map_or(pause, |left| left.min(pause)));
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

/// Looks for a while, then sleeps until somebody rings who has left. `summon` makes sure that they do, and says whether
/// there is anybody to sleep for.
#[cfg(feature = "std")]
fn sleeping<S: Strategy>(
    strategy: &S,
    residual: &S::Residual,
    bell: &Bell,
    deadline: Option<Instant>,
    summon: impl Fn() -> Result<bool, Refused>,
) -> Result<bool, Refused> {
    let backoff = Backoff::default();
    loop {
        if let Some(end) = look(strategy, residual) {
            return Ok(end);
        }
        if !backoff.is_spent() {
            backoff.snooze();
            continue;
        }
        let ticket = bell.announce();
        let summoned = summon();
        if matches!(summoned, Ok(true)) {
            bell.sleep(ticket, deadline);
        } else {
            bell.cancel(ticket);
            backoff.snooze();
        }
        summoned?;
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(strategy.vacant(residual));
        }
    }
}

/// Whom to name of all who are in the way: this thread itself, which would wait for ever, before anybody else.
fn most_pressing(stragglers: impl Iterator<Item = Straggler>) -> Option<Straggler> {
    let mut first = None;
    for straggler in stragglers {
        if straggler.is_this_thread() {
            return Some(straggler);
        }
        first.get_or_insert(straggler);
    }
    first
}

/// How a wait ends, if it does: all have left, or this thread itself is in the way.
#[cfg(feature = "std")]
fn look<S: Strategy + ?Sized>(strategy: &S, residual: &S::Residual) -> Option<bool> {
    if strategy.vacant(residual) {
        return Some(true);
    }
    let itself = strategy.straggler(residual).is_some_and(|straggler| straggler.is_this_thread());
    itself.then_some(false)
}
