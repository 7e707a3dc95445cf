//! Rounds that tasks wait for.

use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::time::Instant;

use super::barrier::{Barrier, Look};
use super::error::Poisoned;
use super::memory::Memory;
use super::narrow::{NarrowPending, NarrowRound};
use super::pending::Pending;
use super::round::Round;
use super::shared::Seat;

/// The future of a [`Pending`] round, or of a [`NarrowPending`] one. Dropped, it is a party that goes: the exchange ends in the
/// round after.
///
/// ```
/// use flipside::exchange;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// // Two parties in one thread, as a runtime would have them.
/// let parties = exchange::parties(2).segment(1, |_, _| 0).build()?;
/// let [mut one, mut other] = <[_; 2]>::try_from(parties).unwrap().map(|party| {
///     Box::pin(async move {
///         let mut round = party.start();
///         round.own()[0] = 10 + round.rank();
///         let round = round.publish().await?;
///         Ok::<usize, exchange::Poisoned>(round.view().all().iter().sum())
///     })
/// });
/// let mut context = Context::from_waker(Waker::noop());
/// assert!(one.as_mut().poll(&mut context).is_pending());
/// assert_eq!(other.as_mut().poll(&mut context), Poll::Ready(Ok(21)));
/// assert_eq!(one.as_mut().poll(&mut context), Poll::Ready(Ok(21)));
/// # use std::future::Future;
/// # Ok::<(), exchange::SetupError>(())
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub struct Waited<M: Memory, R: Send + Sync = (), T = Round<M, R>> {
    pending: Option<(Seat<M, R>, Look)>,
    passed: fn(Seat<M, R>) -> T,
}

/// `round.publish().await`: as [`wait`](Pending::wait), on any runtime, and without spinning.
impl<M: Memory, R: Send + Sync> IntoFuture for Pending<M, R> {
    type Output = Result<Round<M, R>, Poisoned>;
    type IntoFuture = Waited<M, R>;

    fn into_future(self) -> Waited<M, R> {
        Waited { pending: Some((self.seat, self.look)), passed: |seat| Round { seat } }
    }
}

/// `round.publish().await`: as [`wait`](NarrowPending::wait), on any runtime, and without spinning.
impl<M: Memory, R: Send + Sync> IntoFuture for NarrowPending<M, R> {
    type Output = Result<NarrowRound<M, R>, Poisoned>;
    type IntoFuture = Waited<M, R, NarrowRound<M, R>>;

    fn into_future(self) -> Self::IntoFuture {
        Waited { pending: Some((self.seat, self.look)), passed: |seat| NarrowRound { seat } }
    }
}

impl<M: Memory, R: Send + Sync, T> Unpin for Waited<M, R, T> {}

impl<M: Memory, R: Send + Sync, T> Future for Waited<M, R, T> {
    type Output = Result<T, Poisoned>;

    /// # Panics
    ///
    /// If it is polled again after it was ready; if the waker's `clone` or `drop` does.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (seat, look) = self.pending.as_mut().expect("polled again after it was ready");
        let mut is_complete = seat.wait(look, Some(Instant::now()))?;
        if !is_complete {
            seat.shared.barrier.leave_waker(seat.rank, look, context.waker());
            is_complete = seat.wait(look, Some(Instant::now()))?;
        }
        if !is_complete {
            return Poll::Pending;
        }
        let (seat, _) = self.pending.take().expect("it was there");
        Poll::Ready(Ok((self.passed)(seat)))
    }
}

impl<M: Memory, R: Send + Sync, T> Drop for Waited<M, R, T> {
    fn drop(&mut self) {
        if let Some((seat, look)) = &self.pending {
            seat.shared.barrier.take_waker(seat.rank, look);
        }
    }
}

impl<M: Memory, R: Send + Sync, T> fmt::Debug for Waited<M, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waited").field("pending", &self.pending).finish_non_exhaustive()
    }
}
