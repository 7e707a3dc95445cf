//! What a party sees of a round.

use core::fmt;
use core::iter::Sum;

use super::barrier::Presence;
use super::memory::{Contiguous, Memory, Padded, side_of};
use super::shared::Contributions;

/// What all parties published in one round: their segments, and what they contributed.
///
/// It does not change, and costs nothing: these are the segments themselves.
pub struct View<'a, M, R = ()> {
    memory: &'a M,
    contributions: &'a Padded<R, 3>,
    presence: &'a Presence,
    rank: usize,
    round: u64,
}

impl<M, R> Clone for View<'_, M, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, R> Copy for View<'_, M, R> {}

impl<'a, M: Memory, R: Send + Sync> View<'a, M, R> {
    /// Whoever makes one may read what it shows: see [`Shared::view`](super::shared::Shared::view).
    #[inline]
    pub(super) const fn new(
        memory: &'a M,
        contributions: &'a Contributions<R>,
        presence: &'a Presence,
        rank: usize,
        round: u64,
    ) -> Self {
        Self { memory, contributions, presence, rank, round }
    }

    #[inline]
    const fn side(&self) -> usize {
        side_of::<M>(self.round)
    }

    /// The number of the round, 0 for what the segments were made with.
    #[must_use]
    pub const fn round(&self) -> u64 {
        self.round
    }

    /// How many ranks there are, with those whose party has left or may join.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.memory.parties()
    }

    /// Whose view it is. In a [step](super::Setup::step): the party's that makes it.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// What the party whose view it is published itself.
    #[must_use]
    #[inline]
    pub fn mine(&self) -> &'a [M::Element] {
        self.segment(self.rank)
    }

    /// Whether the party of this rank took part in the round.
    ///
    /// # Panics
    ///
    /// If there is no such rank.
    #[track_caller]
    #[must_use]
    pub fn is_present(&self, rank: usize) -> bool {
        self.presence.is_present(rank, self.round)
    }

    /// What the party of this rank published; nothing if it did not take part.
    ///
    /// # Panics
    ///
    /// If there is no such rank.
    #[track_caller]
    #[must_use]
    #[inline]
    pub fn segment(&self, rank: usize) -> &'a [M::Element] {
        if !self.is_present(rank) {
            return &[];
        }
        // SAFETY: see `new`.
        unsafe { self.memory.segment(self.side(), rank) }
    }

    /// The segments of all ranks, in their order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &'a [M::Element]> + use<'a, M, R> {
        let view = *self;
        (0..self.parties()).map(move |rank| view.segment(rank))
    }

    /// What the party of this rank contributed to the round, if it took part.
    ///
    /// # Panics
    ///
    /// If there is no such rank.
    #[track_caller]
    #[must_use]
    #[inline]
    pub fn contribution(&self, rank: usize) -> Option<&'a R> {
        // SAFETY: see `new`.
        self.is_present(rank).then(|| unsafe { &self.contributions.segment(self.side(), rank)[0] })
    }

    /// What all who took part contributed, in the order of their ranks: a fold of it gives the same to the last bit wherever
    /// it is made.
    pub fn contributions(&self) -> impl Iterator<Item = &'a R> + use<'a, M, R> {
        let view = *self;
        (0..self.parties()).filter_map(move |rank| view.contribution(rank))
    }

    /// The sum of all contributions, added in the order of the ranks.
    #[must_use]
    pub fn sum(&self) -> R
    where
        R: Sum<&'a R>,
    {
        self.contributions().sum()
    }

    /// The least contribution. With numbers that cannot be compared, as NaN, do not trust it: one may hide behind others. Take
    /// [`contributions`](Self::contributions) and a comparison that knows of them, such as
    /// `contributions().copied().min_by(f64::total_cmp)`.
    #[must_use]
    pub fn min(&self) -> Option<&'a R>
    where
        R: PartialOrd,
    {
        self.contributions().reduce(|least, next| if next < least { next } else { least })
    }

    /// The greatest contribution. Of NaN as [`min`](Self::min).
    #[must_use]
    pub fn max(&self) -> Option<&'a R>
    where
        R: PartialOrd,
    {
        self.contributions().reduce(|greatest, next| if next > greatest { next } else { greatest })
    }
}

impl<'a, T: Send + Sync, R: Send + Sync, const SIDES: usize> View<'a, Contiguous<T, SIDES>, R> {
    /// All segments one behind the other, in the order of the ranks. That of a rank without a party shows what was there last,
    /// on this side.
    #[must_use]
    #[inline]
    pub fn all(&self) -> &'a [T] {
        // SAFETY: see `new`.
        unsafe { self.memory.all(self.side()) }
    }
}

impl<M: Memory, R: Send + Sync> fmt::Debug for View<'_, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("round", &self.round)
            .field("parties", &self.parties())
            .finish_non_exhaustive()
    }
}

/// What a party sees of a [narrow round](super::NarrowRound): its own segment, and those of its neighbours.
pub struct NarrowView<'a, M> {
    memory: &'a M,
    sees: &'a [usize],
    rank: usize,
    round: u64,
}

impl<M> Clone for NarrowView<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for NarrowView<'_, M> {}

impl<'a, M: Memory> NarrowView<'a, M> {
    /// Whoever makes one may read what it shows.
    pub(super) const fn new(memory: &'a M, sees: &'a [usize], rank: usize, round: u64) -> Self {
        Self { memory, sees, rank, round }
    }

    /// The number of the round.
    #[must_use]
    pub const fn round(&self) -> u64 {
        self.round
    }

    /// The ranks that it reaches beside one's own, as they were listed.
    #[must_use]
    pub const fn neighbours(&self) -> &'a [usize] {
        self.sees
    }

    /// Of oneself, or of a neighbour.
    #[inline]
    fn reached(&self, rank: usize) -> &'a [M::Element] {
        // SAFETY: see `new`.
        unsafe { self.memory.segment(side_of::<M>(self.round), rank) }
    }

    /// What one published oneself.
    #[must_use]
    #[inline]
    pub fn mine(&self) -> &'a [M::Element] {
        self.reached(self.rank)
    }

    /// What the party of this rank published, if it is a neighbour or oneself. Of one that has left, what it published last on
    /// this side.
    #[must_use]
    #[inline]
    pub fn segment(&self, rank: usize) -> Option<&'a [M::Element]> {
        (rank == self.rank || self.sees.contains(&rank)).then(|| self.reached(rank))
    }

    /// The segments of the neighbours, each with its rank.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = (usize, &'a [M::Element])> + use<'a, M> {
        let view = *self;
        self.sees.iter().map(move |rank| (*rank, view.reached(*rank)))
    }
}

impl<M: Memory> fmt::Debug for NarrowView<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NarrowView")
            .field("round", &self.round)
            .field("neighbours", &self.sees)
            .finish_non_exhaustive()
    }
}
