//! One lane for all: the epoch is over for everybody at once, and vacant when the sums add up.

use alloc::boxed::Box;

#[cfg(feature = "std")]
use super::Left;
use super::{Fate, Image, Look, Piece, Take};
use crate::collect::collector::Shared;
use crate::collect::gaps::Gaps;
use crate::collect::lane::{Flipped, Lane, WIDE};
use crate::collect::slot::add;
use crate::substrate::atomic::Ordering::Relaxed;
use crate::substrate::side::{Pair, Side};

#[derive(Debug)]
pub(super) struct Taker {
    /// The side that is vacated, or was last.
    flipped: Flipped,
    /// What each side's slots had done and failed, in bytes, when it was last vacant.
    base: Pair<[usize; 2]>,
    /// Records and bytes that each slot had committed to each side when it was last vacant.
    counted: Pair<Box<[[u64; 2]]>>,
}

impl Taker {
    pub(super) fn new(slots: usize) -> Self {
        let none = || alloc::vec![[0; 2]; slots].into_boxed_slice();
        Self {
            flipped: Flipped { side: Side::A, claimed: 0 },
            base: Pair::new([0; 2], [0; 2]),
            counted: Pair::new(none(), none()),
        }
    }

    /// Records and bytes that each slot committed to the side since it was last vacant.
    fn count(&mut self, shared: &Shared, mut each: impl FnMut(usize, u64, u64)) {
        let side = self.flipped.side;
        for (index, (slot, counted)) in shared.slots.iter().zip(&mut self.counted[side]).enumerate() {
            let marks = &slot.marks[side];
            let now = [marks.records.load(Relaxed), marks.bytes.load(Relaxed)];
            let before = core::mem::replace(counted, now);
            each(index, now[0] - before[0], now[1] - before[1]);
        }
    }

    /// Writes the gaps that are due before `to`, and hands out both.
    fn image(&self, shared: &Shared, gaps: &Gaps, image: &mut Image, to: usize) {
        let (lane, side) = (shared.lanes.shared(), self.flipped.side);
        let told = {
            // SAFETY: this is the reader, and no batch is out, so no reference to the room is alive.
            let room = unsafe { lane.reserved(side) };
            gaps.write(room, &shared.slots)
        };
        let from = lane.start() - told;
        image.clear();
        if from < to {
            image.pieces.push(Piece { lane: 0, side, from, to });
        }
    }
}

impl Take for Taker {
    fn look(&self, shared: &Shared) -> Look {
        let lane = shared.lanes.shared();
        Look { any: lane.filled().is_some(), high: lane.is_high(), inside: false }
    }

    fn flip(&mut self, shared: &Shared, last: bool, _asked: bool) {
        let lane = shared.lanes.shared();
        self.flipped = if last { lane.seal() } else { lane.flip() };
        shared.room.ring();
    }

    fn vacate(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image) -> bool {
        let Flipped { side, claimed } = self.flipped;
        let (done, failed) = Lane::<WIDE>::left(shared.slots.iter().map(|slot| &***slot), side);
        let [done_before, failed_before] = self.base[side];
        let filled = done.wrapping_sub(done_before);
        if filled.wrapping_add(failed.wrapping_sub(failed_before)) != claimed {
            return false;
        }
        self.base[side] = [done, failed];
        shared.tally.filled(filled);
        self.image(shared, gaps, image, shared.lanes.shared().start() + filled);
        let slots = shared.slots.iter().zip(&self.counted[side]);
        image.records =
            slots.map(|(slot, counted)| slot.marks[side].records.load(Relaxed) - counted[0]).sum();
        true
    }

    /// The side is never touched again; its records are a gap in the output. What stands in the front is drained
    /// yet if nobody holds a claim there too.
    #[cfg(feature = "std")]
    fn leave_behind(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image, last: bool) -> Left {
        image.clear();
        self.count(shared, |index, records, bytes| gaps.abandon(index, records, bytes));
        if last { Left::Nothing } else { Left::Front }
    }

    fn settle(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image, fate: Fate) {
        // Only gaps stand before the start. A side left behind may gain records yet: they are not drained.
        if image.pieces.iter().any(|piece| piece.to > shared.lanes.shared().start()) {
            self.count(shared, |index, records, bytes| match fate {
                Fate::Drained => {
                    add(&shared.tally.drained[index].records, records);
                    add(&shared.tally.drained[index].bytes, bytes);
                }
                Fate::Overwritten => {
                    add(&shared.tally.drained[index].overwritten, records);
                    gaps.abandon(index, records, bytes);
                }
            });
        }
        image.clear();
    }

    fn tell_rest(&mut self, shared: &Shared, gaps: &Gaps, image: &mut Image) {
        self.image(shared, gaps, image, shared.lanes.shared().start());
    }

    fn abandon(&mut self, shared: &Shared) {
        shared.lanes.shared().seal();
    }

    #[cfg(feature = "std")]
    fn straggling_on(&self) -> Side {
        self.flipped.side
    }
}
