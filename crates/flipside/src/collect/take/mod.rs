//! How the reader takes what stands in the lanes; one way for each [`Order`](super::Order).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::collector::Shared;
use super::gaps::Gaps;
use super::lanes::Lanes;
use crate::substrate::side::Side;

mod own;
mod shared;

/// What the reader finds when he looks at the front.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// There is something to take.
    pub(super) any: bool,
    /// As much as the watermark.
    pub(super) high: bool,
    /// There is nothing, but somebody is just writing. (In a shared lane what is being written is there.)
    pub(super) inside: bool,
}

/// A piece of a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// The slot, in lanes of one's own.
    pub(super) lane: usize,
    pub(super) side: Side,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What was taken, to be handed out.
#[derive(Debug)]
pub(super) struct Image {
    /// Room for all pieces that there can be: nothing is allocated later.
    pub(super) pieces: Vec<Piece>,
    /// Gap records that stand before the pieces, in [`room`](Self::room).
    pub(super) gaps: usize,
    /// The reader's own room, where a lane has none.
    pub(super) room: Box<[u8]>,
    /// Committed records.
    pub(super) records: u64,
    /// Something of the epoch was left for the next one.
    pub(super) has_rest: bool,
}

impl Image {
    pub(super) fn len(&self) -> usize {
        self.gaps + self.pieces.iter().map(|piece| piece.to - piece.from).sum::<usize>()
    }

    fn clear(&mut self) {
        self.pieces.clear();
        (self.gaps, self.records, self.has_rest) = (0, 0, false);
    }
}

/// What becomes of records that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Drained,
    /// Given up for newer ones.
    Overwritten,
}

/// After the reader gave up on stragglers.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// What could be taken is.
    Taken,
    /// The side is lost; the front can be flipped yet.
    Front,
    /// The side is lost, and it was the last.
    Nothing,
}

/// The reader's half of a lane's protocol.
pub(super) trait Take: Send + Sync {
    fn look(&self, shared: &Shared) -> Look;

    /// Ends the epoch, for good if `last`; somebody may have `asked` for all that there is.
    fn flip(&mut self, shared: &Shared, last: bool, asked: bool);

    /// If nobody is left inside: takes what there is, with the gaps that are due.
    fn vacate(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image) -> bool;

    /// For a flight recorder that nobody asks for anything: gives up what is oldest where a writer needs the room.
    /// False if that takes a flip.
    fn makes_room(&mut self, shared: &Shared, gaps: &mut Gaps) -> bool;

    /// Stops waiting for stragglers.
    #[cfg(feature = "std")]
    fn leave_behind(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image, last: bool) -> Left;

    /// What was taken has met its fate, and its room is the writers' again.
    fn settle(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image, fate: Fate);

    /// After the last side: the gaps that are still untold.
    fn tell_rest(&mut self, shared: &Shared, gaps: &Gaps, image: &mut Image);

    /// The reader goes away: nobody will drain what is entered from now on.
    fn stop(&mut self, shared: &Shared);

    /// The side that is waited for, for reports.
    #[cfg(feature = "std")]
    fn straggling_on(&self) -> Side;
}

/// The way that fits the lanes, and room for what it takes.
pub(super) fn of(shared: &Shared) -> (Box<dyn Take>, Image) {
    let slots = shared.slots.len();
    let image = |pieces, room| Image {
        pieces: Vec::with_capacity(pieces),
        gaps: 0,
        room: alloc::vec![0; room].into_boxed_slice(),
        records: 0,
        has_rest: false,
    };
    match &shared.lanes {
        Lanes::Shared(_) => (Box::new(shared::Taker::new(slots)), image(1, 0)),
        // The rest of one side, and the beginning of the other.
        Lanes::Own(_) => (Box::new(own::Taker::new(slots)), image(2 * slots, slots * super::record::GAP)),
    }
}
