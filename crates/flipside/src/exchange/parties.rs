//! How many take part: the beginning.

use std::vec::Vec;

use super::error::SetupError;
use super::memory::{Contiguous, Padded};
use super::party::Party;
use super::round::Round;
use super::setup::Setup;

/// How many take part, and on how many sides: the beginning of a [`Setup`].
#[derive(Clone, Copy, Debug)]
#[must_use = "it is the beginning of an exchange"]
pub struct Parties<const SIDES: usize = 2> {
    count: usize,
    room: usize,
}

/// An exchange among so many parties: say what their [segments](Parties::segment) are, and [`build`](Setup::build) it or run
/// it in a [`scope`](Setup::scope). Without segments it is a barrier, which can be [built](Parties::build) or
/// [run](Parties::scope) at once.
///
/// ```
/// use flipside::exchange;
///
/// let sums = exchange::parties(4).segment(1, |rank, _| rank).scope(|round| {
///     // Round 0 shows what the segments were made with.
///     round.view().all().iter().sum::<usize>()
/// })?;
/// assert_eq!(sums, [6, 6, 6, 6]);
/// # Ok::<(), exchange::SetupError>(())
/// ```
pub const fn parties(count: usize) -> Parties {
    Parties { count, room: 0 }
}

impl Parties {
    /// Three sides instead of two: a view can be read for one round longer, and while its party waits for the next one
    /// ([`Pending::before`](super::Pending::before)).
    pub const fn three_sides(self) -> Parties<3> {
        Parties { count: self.count, room: self.room }
    }
}

impl<const SIDES: usize> Parties<SIDES> {
    /// Room for so many parties more, that [join](super::Entrance::join) later. Needs the central barrier.
    pub const fn room(mut self, room: usize) -> Self {
        self.room = room;
        self
    }

    const fn ranks(&self) -> usize {
        self.count.saturating_add(self.room)
    }

    /// Segments of `len` elements, a side in one piece: [`Contiguous`]. Each element is made by `element(rank, index)`, once
    /// for each side.
    pub fn segment<T: Send + Sync>(
        self,
        len: usize,
        element: impl FnMut(usize, usize) -> T,
    ) -> Setup<Contiguous<T, SIDES>> {
        let ranks = self.ranks();
        let memory = few_enough(ranks).and_then(|()| Ok(Contiguous::new(ranks, len, element)?));
        Setup::new(self.count, self.room, memory)
    }

    /// Segments of at most `len` elements, each on cache lines of its own, whose length can be another one in every round:
    /// [`Padded`]. Each element is made by `element(rank, index)`, once for each side.
    pub fn padded<T: Send + Sync>(
        self,
        len: usize,
        element: impl FnMut(usize, usize) -> T,
    ) -> Setup<Padded<T, SIDES>> {
        let ranks = self.ranks();
        let memory = few_enough(ranks).and_then(|()| Ok(Padded::new(ranks, len, element)?));
        Setup::new(self.count, self.room, memory)
    }

    /// No segments: a barrier, and what is [contributed](Setup::contributing).
    pub fn no_segment(self) -> Setup<Contiguous<(), SIDES>> {
        self.segment(0, |_, _| ())
    }

    /// No segments; what each party contributes to each round. [`Setup::contributing`].
    pub fn contributing<R: Send + Sync>(
        self,
        contribution: impl FnMut(usize) -> R,
    ) -> Setup<Contiguous<(), SIDES>, R> {
        self.no_segment().contributing(contribution)
    }

    /// A barrier, and a thread for each party: [`Setup::scope`].
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// let rounds = exchange::parties(3).scope(|mut round| {
    ///     for _ in 0..5 {
    ///         round = round.publish().wait()?;
    ///     }
    ///     Ok::<u64, exchange::Poisoned>(round.number())
    /// })?;
    /// assert_eq!(rounds, [Ok(5), Ok(5), Ok(5)]);
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    ///
    /// # Panics
    ///
    /// As [`Setup::scope`].
    pub fn scope<O: Send>(
        self,
        run: impl Fn(Round<Contiguous<(), SIDES>>) -> O + Sync,
    ) -> Result<Vec<O>, SetupError> {
        self.no_segment().scope(run)
    }

    /// A barrier: [`Setup::build`].
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    pub fn build(self) -> Result<Vec<Party<Contiguous<(), SIDES>>>, SetupError> {
        self.no_segment().build()
    }
}

/// The most parties there can be, with those who may join: for each there is some memory before it has a segment.
pub(super) const MOST: usize = 1 << 20;

pub(super) fn few_enough(parties: usize) -> Result<(), SetupError> {
    if parties <= MOST { Ok(()) } else { Err(SetupError::TooManyParties { parties, most: MOST }) }
}
