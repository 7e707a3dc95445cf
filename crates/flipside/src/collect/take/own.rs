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
use crate::collect::slot::add;
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
    /// The bytes of all bodies committed to each side, at the last take of it.
    bytes: [u64; 2],
    /// Those of bodies that were given up for newer ones.
    overwritten: u64,
    /// It was seen outside since the gate was closed: nothing comes from it any more.
    over: bool,
}

impl Progress {
    /// Takes a piece of one side.
    fn take(&mut self, shared: &Shared, image: &mut Image, lane: usize, from: Place, to: Place) {
        self.records += to.records() - from.records();
        self.taken = to;
        // Perhaps a record ahead of the place, which the next look makes good.
        self.bytes[to.side().bit()] = shared.slots[lane].marks[to.side()].bytes.load(Relaxed);
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
        let progress = Progress {
            released: start,
            taken: start,
            records: 0,
            bytes: [0; 2],
            overwritten: 0,
            over: false,
        };
        Self { progress: alloc::vec![progress; slots].into_boxed_slice(), last: false, everything: false }
    }

    /// Closes the gate.
    fn seal(&self, shared: &Shared) {
        shared.gate.seal();
        let refused = shared.gate.heavy(lanes(shared)).is_err();
        // A record that is accepted at this moment may be missed then: it is counted as abandoned, perhaps only after
        // the report, which must not say that it is complete.
        #[cfg(feature = "std")]
        if refused {
            shared.timing.leave_behind();
        }
        #[cfg(not(feature = "std"))]
        let _ = refused;
    }

    /// Whether every lane is over. Each is asked on its own: a writer who goes on trying is inside for a moment again and
    /// again, and of many there may always be one, but once it was seen outside it can only be refused.
    fn are_over(&mut self, shared: &Shared) -> bool {
        let mut all = true;
        for (lane, progress) in lanes(shared).iter().zip(&mut self.progress) {
            progress.over = progress.over || !lane.look().is_inside();
            all &= progress.over;
        }
        all
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
                progress.take(shared, image, index, from, to);
            } else {
                let (end, start) = (lane.left(from.side()), Place::start_of(to.side()));
                progress.take(shared, image, index, from, end);
                progress.taken = start;
                if from.offset() == end.offset() {
                    // Nothing of it is left to take: the writer can have it at once.
                    progress.released = start;
                    lane.release(start);
                    room = true;
                }
                if self.everything || progress.released == start {
                    progress.take(shared, image, index, start, to);
                } else {
                    image.has_rest = true;
                    gaps.put_off(index);
                }
            }
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
        if self.last && !self.are_over(shared) {
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
            if from.side() == to.side() || to.offset() < lane.watermark() && !lane.is_refused() {
                continue;
            }
            // The look saw the writer on the other side, so all of this one is published, and counted.
            let side = from.side();
            let piece = Piece { lane: index, side, from: from.offset(), to: lane.left(side).offset() };
            let (records, sum) = bodies(lane, &piece);
            progress.bytes[side.bit()] = shared.slots[index].marks[side].bytes.load(Relaxed);
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
                tally.bytes.store(progress.bytes[0] + progress.bytes[1] - progress.overwritten, Relaxed);
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
            let marks = &shared.slots[index].marks;
            let all = marks[Side::A].bytes.load(Relaxed) + marks[Side::B].bytes.load(Relaxed);
            let drained = all.saturating_sub(left + progress.overwritten);
            shared.tally.drained[index].bytes.store(drained, Relaxed);
        }
    }

    #[cfg(feature = "std")]
    fn straggling_on(&self) -> Side {
        Side::A
    }
}
