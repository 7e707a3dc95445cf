//! A round that this party has published, and not all others.

use core::time::Duration;
use std::time::Instant;
use std::vec::Vec;

use super::barrier::{Barrier, Kind, Look};
use super::error::{Poisoned, TimedOut, WaitError};
use super::memory::{Contiguous, Memory, Padded};
use super::round::Round;
use super::shared::Seat;
use super::view::View;

/// A party that has published, and waits for the others. Meanwhile it can do something else, or read the segments of those who
/// have published as well.
///
/// Dropped, it ends the exchange for all in the round after: what it published stays.
///
/// ```
/// use flipside::exchange;
///
/// exchange::parties(2).segment(1, |_, _| 0).scope(|mut round| {
///     let rank = round.rank();
///     round.own()[0] = 10 + rank;
///     let pending = round.publish();
///     // Something that needs only one of the others.
///     if let Some(segment) = pending.segment(1) {
///         assert_eq!(segment, [11]);
///     }
///     let round = pending.wait().expect("nobody dies");
///     assert_eq!(round.view().all(), [10, 11]);
/// })?;
/// # Ok::<(), exchange::SetupError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped, it ends the exchange for all"]
pub struct Pending<M: Memory, R: Send + Sync = ()> {
    pub(super) seat: Seat<M, R>,
    pub(super) look: Look,
}

impl<M: Memory, R: Send + Sync> Pending<M, R> {
    #[inline(always)]
    pub(super) fn new(seat: Seat<M, R>) -> Self {
        let look = Look::at_all(seat.round, Kind::Wide);
        seat.note_if_last(look);
        Self { seat, look }
    }

    /// The number of this party, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.seat.rank
    }

    /// The number of the round that is waited for.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.seat.round
    }

    /// Waits until all have published. Spins for a while, then sleeps: [`Waiting`](super::Waiting).
    ///
    /// # Errors
    ///
    /// [`Poisoned`], if a party died before it published this round. The same for all who wait for it.
    #[inline(always)]
    pub fn wait(self) -> Result<Round<M, R>, Poisoned> {
        self.seat.wait_for_ever(self.look)?;
        Ok(Round { seat: self.seat })
    }

    /// As [`wait`](Self::wait), for this time at most. With a time of zero it looks once.
    ///
    /// ```
    /// use flipside::exchange::{self, WaitError};
    /// use std::time::Duration;
    ///
    /// let parties = exchange::parties(3).build()?;
    /// let [first, _second, _third] = <[_; 3]>::try_from(parties).unwrap();
    /// let Err(WaitError::TimedOut(late)) = first.start().publish().wait_timeout(Duration::from_millis(1)) else {
    ///     panic!("nobody else has started");
    /// };
    /// assert_eq!(late.late, [1, 2]);
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] says who is late, and gives this back: what was published stays published.
    /// [`WaitError::Poisoned`] as in `wait`.
    pub fn wait_timeout(mut self, timeout: Duration) -> Result<Round<M, R>, WaitError<Self>> {
        // A time that has no end is none.
        let deadline = Instant::now().checked_add(timeout);
        if self.seat.wait(&mut self.look, deadline)? {
            return Ok(Round { seat: self.seat });
        }
        let (round, late) = (self.number(), self.late());
        Err(WaitError::TimedOut(TimedOut { pending: self, round, late }))
    }

    /// The round, if all have published; else this.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], as in [`wait`](Self::wait).
    pub fn try_wait(mut self) -> Result<Result<Round<M, R>, Self>, Poisoned> {
        let is_complete = self.seat.wait(&mut self.look, Some(Instant::now()))?;
        Ok(if is_complete { Ok(Round { seat: self.seat }) } else { Err(self) })
    }

    /// Who has not published yet, in the order of the ranks.
    #[must_use]
    pub fn late(&self) -> Vec<usize> {
        self.seat.shared.late(&self.look)
    }

    /// What the party of this rank published, if it has; nothing if it takes this round for a narrow one.
    ///
    /// # Panics
    ///
    /// If there is no such rank.
    #[must_use]
    #[track_caller]
    pub fn segment(&self, rank: usize) -> Option<&[M::Element]> {
        let Seat { shared, round, .. } = &self.seat;
        // Of who has left the word stays where it is, and some day seems to be ahead.
        let is_present = shared.barrier.presence().is_present(rank, *round);
        // SAFETY: it has arrived at a round that is wide for it as well, and so waits at the next one for all: it writes there
        // again when this party has arrived at that.
        (is_present && shared.barrier.has_arrived(rank, *round, Kind::Wide))
            .then(|| unsafe { shared.memory.segment(Seat::<M, R>::side(*round), rank) })
    }
}

impl<T: Send + Sync, R: Send + Sync> Pending<Contiguous<T, 3>, R> {
    /// What all published in the round before this one.
    ///
    /// # Panics
    ///
    /// If that was a narrow round, of which nobody has a view.
    #[must_use]
    #[track_caller]
    pub fn before(&self) -> View<'_, Contiguous<T, 3>, R> {
        self.seat.before()
    }
}

impl<T: Send + Sync, R: Send + Sync> Pending<Padded<T, 3>, R> {
    /// What all published in the round before this one.
    ///
    /// # Panics
    ///
    /// If that was a narrow round, of which nobody has a view.
    #[must_use]
    #[track_caller]
    pub fn before(&self) -> View<'_, Padded<T, 3>, R> {
        self.seat.before()
    }
}
