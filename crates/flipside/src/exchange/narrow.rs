//! Rounds in which one waits for one's neighbours only.

use core::time::Duration;
use std::time::Instant;
use std::vec::Vec;

use super::barrier::{Kind, Look};
use super::error::{Poisoned, TimedOut, TooLong, WaitError};
use super::memory::{Memory, Padded};
use super::pending::Pending;
use super::shared::Seat;
use super::view::NarrowView;

/// In a narrow round of such a number all wait for all: words that wrap cannot tell how far one is ahead who never waits, such
/// as one without neighbours.
const TOGETHER: u64 = 1 << 16;

/// A party in a round that its neighbours have published, and perhaps nobody else: parties that are further apart may be as
/// many rounds apart. So there is no view of all, and nothing to contribute; [`publish_wide`](Self::publish_wide) is the way
/// back. Made by [`Round::narrow`](super::Round::narrow).
///
/// ```
/// use flipside::exchange;
///
/// // A ring: each adds to its own what its left neighbour had.
/// let parties = 4;
/// let rounds = exchange::parties(parties)
///     .segment(1, |rank, _| rank as u64)
///     .neighbours(move |rank| vec![(rank + parties - 1) % parties])
///     .scope(move |round| {
///         let left = (round.rank() + parties - 1) % parties;
///         let mut round = round.narrow();
///         for _ in 0..100 {
///             let (own, view) = round.split();
///             own[0] = view.segment(left).map_or(0, |segment| segment[0]);
///             round = round.publish().wait()?;
///         }
///         round.publish_wide().wait().map(|round| round.number())
///     })?;
/// assert!(rounds.into_iter().all(|round| round == Ok(101)));
/// # Ok::<(), exchange::SetupError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped, it ends the exchange for all"]
pub struct NarrowRound<M: Memory, R: Send + Sync = ()> {
    pub(super) seat: Seat<M, R>,
}

impl<M: Memory, R: Send + Sync> NarrowRound<M, R> {
    /// A wide round that has been passed.
    pub(super) fn of_wide(seat: Seat<M, R>) -> Self {
        Self { seat }
    }

    /// The number of this party, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.seat.rank
    }

    /// How many parties there are.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.seat.shared.memory.parties()
    }

    /// The number of the round that is seen.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.seat.round
    }

    /// What this party and its neighbours published in this round.
    #[must_use]
    pub fn view(&self) -> NarrowView<'_, M> {
        view(&self.seat)
    }

    /// One's own segment for the next round: as one has left it two rounds ago (three, with three sides).
    pub fn own(&mut self) -> &mut [M::Element] {
        self.seat.own()
    }

    /// One's own segment for the next round, and what one's neighbours published in this one.
    #[inline]
    pub fn split(&mut self) -> (&mut [M::Element], NarrowView<'_, M>) {
        let seat = &self.seat;
        // SAFETY: as in `Seat::own`; both borrows are of `self`, whose other half is another side.
        let own = unsafe { seat.shared.memory.own(Seat::<M, R>::side(seat.round + 1), seat.rank) };
        (own, view(seat))
    }

    /// Publishes one's own segment, for one's neighbours. Wait-free, but for the call of the system that wakes who sleeps.
    #[inline]
    pub fn publish(mut self) -> NarrowPending<M, R> {
        // After a wide round all must wait for all once more.
        let was_wide = !self.seat.shared.barrier.was_narrow(self.seat.rank, 0);
        self.seat.arrive(Kind::Narrow);
        let Seat { rank, round, .. } = self.seat;
        let look = if was_wide || round.is_multiple_of(TOGETHER) {
            Look::at_all(round, Kind::Narrow)
        } else {
            Look::at_neighbours(rank, round)
        };
        self.seat.note_if_last(look);
        NarrowPending { seat: self.seat, look }
    }

    /// As [`publish_wide`](Self::publish_wide), with what this party contributes to that round.
    ///
    /// # Panics
    ///
    /// As [`Round::publish_with`](super::Round::publish_with).
    pub fn publish_wide_with(mut self, contribution: R) -> Pending<M, R> {
        self.seat.contribute(contribution);
        self.seat.arrive(Kind::Wide);
        Pending::new(self.seat)
    }
}

impl<M: Memory> NarrowRound<M> {
    /// Publishes one's own segment, for all, and waits for all. All parties must do this in the same round.
    pub fn publish_wide(self) -> Pending<M> {
        self.publish_wide_with(())
    }
}

impl<T: Send + Sync, R: Send + Sync, const SIDES: usize> NarrowRound<Padded<T, SIDES>, R> {
    /// How many elements of one's own segment will be seen in the next round. All, if this is not called.
    ///
    /// # Errors
    ///
    /// [`TooLong`], and nothing has changed.
    pub fn set_len(&mut self, len: usize) -> Result<(), TooLong> {
        self.seat.set_len(len)
    }
}

/// A party that has published for its neighbours, and waits for them.
///
/// Dropped, it ends the exchange for all in the round after: what it published stays.
#[derive(Debug)]
#[must_use = "dropped, it ends the exchange for all"]
pub struct NarrowPending<M: Memory, R: Send + Sync = ()> {
    pub(super) seat: Seat<M, R>,
    pub(super) look: Look,
}

impl<M: Memory, R: Send + Sync> NarrowPending<M, R> {
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

    /// Waits until the neighbours have published: those whose segments one sees, and those who see one's own. In the first
    /// narrow round, and in every 65,536th, for all.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], if one of them died before it published this round, or takes it for a wide one.
    #[inline]
    pub fn wait(mut self) -> Result<NarrowRound<M, R>, Poisoned> {
        self.seat.wait(&mut self.look, None)?;
        Ok(NarrowRound { seat: self.seat })
    }

    /// As [`wait`](Self::wait), for this time at most. With a time of zero it looks once.
    ///
    /// # Errors
    ///
    /// As [`Pending::wait_timeout`].
    pub fn wait_timeout(mut self, timeout: Duration) -> Result<NarrowRound<M, R>, WaitError<Self>> {
        let deadline = Instant::now().checked_add(timeout);
        if self.seat.wait(&mut self.look, deadline)? {
            return Ok(NarrowRound { seat: self.seat });
        }
        let (round, late) = (self.number(), self.late());
        Err(WaitError::TimedOut(TimedOut { pending: self, round, late }))
    }

    /// The round, if the neighbours have published; else this.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], as in [`wait`](Self::wait).
    pub fn try_wait(mut self) -> Result<Result<NarrowRound<M, R>, Self>, Poisoned> {
        let is_complete = self.seat.wait(&mut self.look, Some(Instant::now()))?;
        Ok(if is_complete { Ok(NarrowRound { seat: self.seat }) } else { Err(self) })
    }

    /// Which of those whom one waits for have not published yet, in the order of the ranks.
    #[must_use]
    pub fn late(&self) -> Vec<usize> {
        self.seat.shared.late(&self.look)
    }
}

fn view<M: Memory, R: Send + Sync>(seat: &Seat<M, R>) -> NarrowView<'_, M> {
    let neighbours = seat.shared.barrier.neighbours(seat.rank).expect("a narrow round has neighbours");
    NarrowView::new(&seat.shared.memory, &neighbours.sees, seat.rank, seat.round)
}
