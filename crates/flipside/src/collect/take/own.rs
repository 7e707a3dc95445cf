//! A lane for each writer: the reader takes what each has published, and waits for nobody but at the very end.

use alloc::boxed::Box;
use alloc::sync::Arc;

#[cfg(feature = "std")]
use super::Left;
use super::{Fate, Image, Look, Piece, Take};
use crate::collect::collector::Shared;
use crate::collect::gaps::Gaps;
use crate::collect::lanes::Lanes;
use crate::collect::own::{OwnLane, Place};
use crate::collect::record::{Record, Records};
use crate::collect::slot::{Cause, add};
use crate::substrate::atomic::Ordering::Relaxed;
use crate::substrate::side::Side;

/// Where the reader is in one lane.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Up to here everything is released.
    released: Place,
    /// Up to here it is taken.
    taken: Place,
    /// What lies between the two.
    records: u64,
    /// The bytes of all committed bodies, at the last look.
    bytes: u64,
    /// Those of bodies that were given up for newer ones.
    overwritten: u64,
    /// Times that its writer found no room, at the last look of a flight recorder.
    refused: u64,
}

impl Progress {
    /// Takes a piece of one side.
    fn take(&mut self, image: &mut Image, lane: usize, from: Place, to: Place) {
        self.records += to.records() - from.records();
        self.taken = to;
        if from.offset() != to.offset() {
            image.pieces.push(Piece { lane, side: to.side(), from: from.offset(), to: to.offset() });
        }
    }
}

#[derive(Debug)]
pub(super) struct Taker {
    progress: Box<[Progress]>,
    /// It is the last time.
    last: bool,
    /// Somebody waits for all that is published.
    everything: bool,
}

fn lanes(shared: &Shared) -> &[Arc<OwnLane>] {
    match &shared.lanes {
        Lanes::Own(lanes) => lanes,
        Lanes::Shared(_) => unreachable!("made for lanes of their own"),
    }
}

impl Taker {
    pub(super) fn new(slots: usize) -> Self {
        let start = Place::start_of(Side::A);
        let progress =
            Progress { released: start, taken: start, records: 0, bytes: 0, overwritten: 0, refused: 0 };
        Self { progress: alloc::vec![progress; slots].into_boxed_slice(), last: false, everything: false }
    }

    /// Closes the gate.
    fn seal(&self, shared: &Shared) {
        shared.gate.seal();
        // If it is refused, a record that is accepted at this moment may be missed: it is counted as abandoned.
        let _ = shared.gate.heavy(lanes(shared));
    }

    /// Takes what every lane has published: the rest of a side that the writer has left, or else as much of the front
    /// as there is; both only if everything is wanted. So a writer who is a side ahead gets the one behind it back as
    /// soon as its rest is released, and writes there while the sink is busy with the next.
    fn take(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image) {
        image.clear();
        image.gaps = gaps.write(&mut image.room, &shared.slots);
        let mut room = false;
        for (index, (lane, progress)) in lanes(shared).iter().zip(&mut self.progress).enumerate() {
            let (from, to) = (progress.released, lane.look().outside());
            if from.side() == to.side() {
                progress.take(image, index, from, to);
            } else {
                let (end, start) = (lane.left(from.side()), Place::start_of(to.side()));
                progress.take(image, index, from, end);
                progress.taken = start;
                if from.offset() == end.offset() {
                    // Nothing of it is left to take: the writer can have it at once.
                    progress.released = start;
                    lane.release(start);
                    room = true;
                }
                if self.everything || progress.released == start {
                    progress.take(image, index, start, to);
                } else {
                    gaps.put_off(index);
                }
            }
            // Perhaps some records ahead of the place, which the next look makes good.
            progress.bytes = shared.slots[index].marks[Side::A].bytes.load(Relaxed);
            image.records += progress.records;
        }
        image.pieces.iter().for_each(|piece| shared.tally.filled(piece.to - piece.from));
        if room {
            shared.room.ring();
        }
    }
}

/// Committed records in a piece, and the bytes of their bodies.
fn bodies(lane: &OwnLane, piece: &Piece) -> (u64, u64) {
    // SAFETY: the piece was seen published, and only the reader, who is here, releases it.
    let bytes = unsafe { lane.published(piece.side, piece.from, piece.to) };
    Records::new(bytes).fold((0, 0), |(records, sum), record| match record {
        Record::Data { body, .. } => (records + 1, sum + body.len() as u64),
        _ => (records, sum),
    })
}

impl Take for Taker {
    fn look(&self, shared: &Shared) -> Look {
        let mut look = Look::default();
        for (lane, progress) in lanes(shared).iter().zip(&self.progress) {
            let (from, to) = (progress.taken, lane.look());
            let flipped = from.side() != to.side();
            let more = flipped || from.offset() != to.offset();
            look.any |= more;
            look.high |= flipped || to.offset() - from.offset() >= lane.watermark();
            look.inside |= to.is_inside();
        }
        look
    }

    fn flip(&mut self, shared: &Shared, last: bool, asked: bool) {
        (self.last, self.everything) = (last, last || asked);
        if last {
            self.seal(shared);
        }
    }

    fn vacate(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image) -> bool {
        // Who is inside once the gate is closed may yet be accepted; who comes later sees it.
        if self.last && lanes(shared).iter().any(|lane| lane.look().is_inside()) {
            return false;
        }
        self.take(shared, gaps, image);
        true
    }

    /// Lane by lane: a writer that has come to the watermark of a side, or to its end, is about to need the other.
    /// What it left there is given up, as a whole.
    fn makes_room(&mut self, shared: &Shared, gaps: &mut Gaps) -> bool {
        for (index, (lane, progress)) in lanes(shared).iter().zip(&mut self.progress).enumerate() {
            let (from, to) = (progress.released, lane.look());
            let refused = shared.slots[index].refused.count(Cause::Full);
            let is_stuck = core::mem::replace(&mut progress.refused, refused) != refused;
            if from.side() == to.side() || to.offset() < lane.watermark() && !is_stuck {
                continue;
            }
            // The look saw the writer on the other side, so all of this one is published.
            let (from, end) = (from, lane.left(from.side()));
            let piece = Piece { lane: index, side: from.side(), from: from.offset(), to: end.offset() };
            let (records, sum) = bodies(lane, &piece);
            gaps.abandon(index, records, sum);
            add(&shared.tally.drained[index].overwritten, records);
            progress.overwritten += sum;
            progress.released = Place::start_of(to.side());
            progress.taken = progress.released;
            lane.release(progress.released);
        }
        shared.room.ring();
        true
    }

    /// What a straggler has published is taken; only its open claim is left behind.
    #[cfg(feature = "std")]
    fn leave_behind(&mut self, shared: &Shared, gaps: &mut Gaps, image: &mut Image, _last: bool) -> Left {
        self.take(shared, gaps, image);
        Left::Taken
    }

    fn settle(&mut self, shared: &Shared, _gaps: &mut Gaps, image: &mut Image, fate: Fate) {
        debug_assert_eq!(fate, Fate::Drained, "a flight recorder makes room before it takes");
        for (index, (lane, progress)) in lanes(shared).iter().zip(&mut self.progress).enumerate() {
            if progress.released != progress.taken {
                let tally = &shared.tally.drained[index];
                add(&tally.records, progress.records);
                tally.bytes.store(progress.bytes - progress.overwritten, Relaxed);
                progress.records = 0;
                progress.released = progress.taken;
                lane.release(progress.taken);
            }
        }
        image.clear();
        shared.room.ring();
    }

    fn tell_rest(&mut self, shared: &Shared, gaps: &Gaps, image: &mut Image) {
        image.clear();
        image.gaps = gaps.write(&mut image.room, &shared.slots);
    }

    /// The count of bytes may be ahead of what was drained, by records that were published after the look: from here on
    /// nobody looks again, so what is left is taken off.
    fn stop(&mut self, shared: &Shared) {
        self.seal(shared);
        for (index, (lane, progress)) in lanes(shared).iter().zip(&mut self.progress).enumerate() {
            let (from, to) = (progress.released, lane.look().outside());
            let mut left = 0;
            let mut leave = |from: Place, to: Place| {
                let (side, from, to) = (to.side(), from.offset(), to.offset());
                left += bodies(lane, &Piece { lane: index, side, from, to }).1;
            };
            if from.side() == to.side() {
                leave(from, to);
            } else {
                leave(from, lane.left(from.side()));
                leave(Place::start_of(to.side()), to);
            }
            let all = shared.slots[index].marks[Side::A].bytes.load(Relaxed);
            let drained = all.saturating_sub(left + progress.overwritten);
            shared.tally.drained[index].bytes.store(drained, Relaxed);
        }
    }

    #[cfg(feature = "std")]
    fn straggling_on(&self) -> Side {
        Side::A
    }
}
