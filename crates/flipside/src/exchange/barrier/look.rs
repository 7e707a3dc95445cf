//! What one waits for.

/// Whom the view of a round reaches. All parties must say the same of a round.
// A whole word, so that a look that is moved is not written by the byte and read by the word, which processors do not like.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Kind {
    /// All.
    #[default]
    Wide,
    /// Only one's neighbours.
    Narrow,
}

/// One round, and who must have arrived at it. How far the look has come is kept in it: who has been seen is not looked at
/// again.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub(in crate::exchange) round: u64,
    pub(super) kind: Kind,
    /// Only the neighbours of this rank; all if there is none.
    pub(in crate::exchange) neighbours_of: Option<usize>,
    /// So many have been seen.
    pub(super) seen: usize,
}

impl Look {
    /// For everybody.
    #[must_use]
    pub const fn at_all(round: u64, kind: Kind) -> Self {
        Self { round, kind, neighbours_of: None, seen: 0 }
    }

    /// For the neighbours of this rank, in a narrow round after a narrow one.
    #[must_use]
    pub const fn at_neighbours(rank: usize, round: u64) -> Self {
        Self { round, kind: Kind::Narrow, neighbours_of: Some(rank), seen: 0 }
    }

    /// The next who has not been seen: of all parties, or of a list.
    #[inline]
    pub(super) fn next(&self, parties: usize, neighbours: &[super::Neighbours]) -> Option<usize> {
        match self.neighbours_of {
            None => (self.seen < parties).then_some(self.seen),
            Some(rank) => neighbours.get(rank)?.waits_for.get(self.seen).copied(),
        }
    }
}
