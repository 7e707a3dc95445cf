//! A round that has been passed: its view to read, and the next segment to write.

use std::sync::Arc;

use super::Entrance;
use super::barrier::Kind;
use super::error::TooLong;
use super::memory::{Contiguous, Memory, Padded};
use super::narrow::NarrowRound;
use super::pending::Pending;
use super::shared::Seat;
use super::view::View;

/// A party in a round that all have published: it reads what they did, and writes its own segment for the next.
///
/// It is used up by [`publish`](Self::publish). Dropped, it ends the exchange for all, with [`Poisoned`](super::Poisoned), in
/// the next round; a party that only wants to go [leaves](Self::leave). After the last round nobody waits, and a round may be
/// dropped.
///
/// ```
/// use flipside::exchange;
///
/// let sums = exchange::parties(3).segment(2, |rank, _| rank as u64).scope(|mut round| {
///     for _ in 0..10 {
///         let (own, view) = round.split();
///         let sum: u64 = view.all().iter().sum();
///         own.fill(sum + 1);
///         round = round.publish().wait()?;
///     }
///     Ok::<u64, exchange::Poisoned>(round.view().all()[0])
/// })?;
/// assert!(sums.iter().all(|sum| sum == &sums[0]));
/// # Ok::<(), exchange::SetupError>(())
/// ```
#[derive(Debug)]
#[must_use = "go on with `round = ...`, or `leave`: dropped before the last round, it ends the exchange for all"]
pub struct Round<M: Memory, R: Send + Sync = ()> {
    pub(super) seat: Seat<M, R>,
}

impl<M: Memory, R: Send + Sync> Round<M, R> {
    /// The number of this party, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.seat.rank
    }

    /// The number of the round that is seen, 0 for what the segments were made with.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.seat.round
    }

    /// How many ranks there are, with those whose party has left or may join.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.seat.shared.memory.parties()
    }

    /// What all published in this round.
    #[must_use]
    #[inline]
    pub fn view(&self) -> View<'_, M, R> {
        // SAFETY: it has been passed, and the next one is arrived at by value.
        unsafe { self.seat.shared.view(self.seat.rank, self.seat.round) }
    }

    /// One's own segment for the next round: as one has left it two rounds ago (three, with three sides). **What one published
    /// last is not here but in [`mine`](Self::mine)**: so write all of it, or take from there what stays as it was.
    #[inline]
    pub fn own(&mut self) -> &mut [M::Element] {
        self.seat.own()
    }

    /// One's own segment for the next round, as [`own`](Self::own), and what all published in this one, with what one published
    /// oneself ([`View::mine`]).
    #[inline]
    pub fn split(&mut self) -> (&mut [M::Element], View<'_, M, R>) {
        let seat = &self.seat;
        // SAFETY: as in `Seat::own`; both borrows are of `self`, whose other half is another side.
        let own = unsafe { seat.shared.memory.own(Seat::<M, R>::side(seat.round + 1), seat.rank) };
        // SAFETY: as in `view`.
        (own, unsafe { seat.shared.view(seat.rank, seat.round) })
    }

    /// Publishes one's own segment with what this party contributes to the round, for [`View::contributions`]. Wait-free, but
    /// for the call of the system that wakes who sleeps, and for a [step](super::Setup::step).
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// let all = exchange::parties(4).contributing(|_| 0.0).scope(|round| {
    ///     let share = 0.1 * round.rank() as f64;
    ///     let round = round.publish_with(share).wait()?;
    ///     Ok::<f64, exchange::Poisoned>(round.view().sum())
    /// })?;
    /// // The same to the last bit.
    /// assert!(all.iter().all(|sum| sum == &Ok(0.0 + 0.1 + 0.2 + 0.1 * 3.0)));
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the step does, or the `drop` of what was contributed two rounds ago (three, with three sides). Then the exchange is
    /// over for all.
    #[inline(always)]
    pub fn publish_with(mut self, contribution: R) -> Pending<M, R> {
        self.seat.contribute(contribution);
        self.seat.arrive(Kind::Wide);
        Pending::new(self.seat)
    }

    /// Goes, and the others go on without this party, from the next round on. Its segments are empty then
    /// ([`View::segment`]); as part of a [whole side](View::all) they stay what they were.
    ///
    /// # Panics
    ///
    /// If the [step](super::Setup::step) does, which this may be the last to wait for.
    pub fn leave(self) {
        self.seat.leave();
    }

    /// From here on this party waits for its [neighbours](super::Setup::neighbours) only, and sees only theirs. All parties must
    /// do this in the same round; [`NarrowRound::publish_wide`] is the way back.
    ///
    /// # Panics
    ///
    /// If the exchange has no neighbours.
    #[track_caller]
    pub fn narrow(self) -> NarrowRound<M, R> {
        assert!(
            self.seat.shared.barrier.neighbours(self.rank()).is_some(),
            "this exchange was made without `neighbours`"
        );
        NarrowRound::of_wide(self.seat)
    }

    /// What this party itself published in this round.
    #[must_use]
    #[inline]
    pub fn mine(&self) -> &[M::Element] {
        self.view().mine()
    }

    /// Where more parties come from.
    #[must_use]
    pub fn entrance(&self) -> Entrance<M, R> {
        Entrance::new(Arc::clone(&self.seat.shared))
    }
}

impl<M: Memory> Round<M> {
    /// Publishes one's own segment. Wait-free, but for the call of the system that wakes who sleeps, and for a
    /// [step](super::Setup::step).
    ///
    /// # Panics
    ///
    /// If the step does. Then the exchange is over for all.
    #[inline(always)]
    pub fn publish(mut self) -> Pending<M> {
        self.seat.arrive(Kind::Wide);
        Pending::new(self.seat)
    }
}

impl<T: Send + Sync, R: Send + Sync, const SIDES: usize> Round<Padded<T, SIDES>, R> {
    /// How many elements of one's own segment will be seen in the next round. All, if this is not called.
    ///
    /// # Errors
    ///
    /// [`TooLong`], and nothing has changed.
    pub fn set_len(&mut self, len: usize) -> Result<(), TooLong> {
        self.seat.set_len(len)
    }
}

impl<T: Send + Sync, R: Send + Sync> Round<Contiguous<T, 3>, R> {
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

impl<T: Send + Sync, R: Send + Sync> Round<Padded<T, 3>, R> {
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

impl<T: Send + Sync, R: Send + Sync, const SIDES: usize> Seat<Padded<T, SIDES>, R> {
    pub(super) fn set_len(&mut self, len: usize) -> Result<(), TooLong> {
        let (rank, round, capacity) = (self.rank, self.round + 1, self.shared.memory.capacity());
        if len > capacity {
            return Err(TooLong { rank, round, asked: len, capacity });
        }
        self.len = len;
        Ok(())
    }
}
