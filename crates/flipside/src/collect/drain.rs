//! The reader: decides when to flip, waits for stragglers, hands out the vacated side.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::batch::Batch;
use super::collector::Shared;
use super::gaps::Gaps;
use super::slot::add;
use crate::substrate::atomic::Ordering::Relaxed;
use crate::substrate::side::{Pair, Side};

/// The one reader of a collector. Made with it by [`Builder::build`](super::Builder::build).
///
/// Dropped before it has [finished](Next::Finished) it closes the collector: writers are refused, and what was
/// accepted and not drained is counted as abandoned.
pub struct Drain {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: Phase,
    /// What each side's slots had done and failed, in bytes, when it was last vacant.
    base: Pair<[usize; 2]>,
    gaps: Gaps,
    /// Records and bytes that each slot had committed to each side when it was last vacant.
    counted: Pair<Box<[[u64; 2]]>>,
    epoch: u64,
    #[cfg(feature = "std")]
    pub(super) seen_empty: std::time::Instant,
}

/// Where the reader stands.
///
/// ```text
/// FRONT --flip--> VACATING --last straggler left--> READY --released--> FRONT
///                    |  \--nothing in it--> FRONT     |  (after the last flip: --> FINISHED instead of FRONT)
///                    \--patience is over--> FINISHED
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Nothing is vacated; all records stand in the front.
    Front,
    /// Flipped, and waiting for stragglers.
    Vacating(Vacating),
    /// The side is vacant and holds something to drain.
    Ready(Ready),
    Finished,
}

/// A side that is being vacated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vacating {
    pub(super) side: Side,
    claimed: usize,
    /// The flush tickets that this side answers.
    answers: u64,
    last: bool,
}

/// A vacant side to drain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) side: Side,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) records: u64,
    answers: u64,
    last: bool,
}

/// What the reader finds when it looks.
#[derive(Debug)]
pub enum Next<'a> {
    /// A vacated side, to be drained and [released](Batch::release).
    Batch(Batch<'a>),
    /// Nothing to drain at present.
    Pending,
    /// Closed and drained: nothing will ever come again.
    Finished,
}

/// As [`Next`], without the batch; and what the reader waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ready,
    Finished,
    /// Nothing has been claimed.
    Idle,
    /// Something has, and may wait for company.
    Lingering,
    Straggling,
}

impl Drain {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let slots = shared.lane.slots.len();
        let none = || vec_of([0; 2], slots);
        Self {
            phase: Phase::Front,
            base: Pair::new([0; 2], [0; 2]),
            gaps: Gaps::new(slots),
            counted: Pair::new(none(), none()),
            epoch: 0,
            #[cfg(feature = "std")]
            seen_empty: std::time::Instant::now(),
            shared,
        }
    }

    /// Looks for something to drain, without waiting: flips if there is reason to, and takes the side if its last
    /// straggler has left. The cost is that of a look at every slot; only the last look of all, after a close, waits
    /// for writers that are just counting a loss.
    ///
    /// There is reason to flip when the front has reached the watermark, its records have lingered, or somebody
    /// flushes or closes. A batch that was not released is handed out again.
    pub fn try_next(&mut self) -> Next<'_> {
        match self.step() {
            Step::Ready => self.batch(),
            Step::Finished => Next::Finished,
            Step::Idle | Step::Lingering | Step::Straggling => Next::Pending,
        }
    }

    pub(super) fn batch(&mut self) -> Next<'_> {
        match self.phase {
            Phase::Ready(ready) => Next::Batch(Batch::new(self, ready)),
            _ => Next::Pending,
        }
    }

    /// Flips so far, the number of the epoch that the front side is in.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn step(&mut self) -> Step {
        loop {
            match self.phase {
                Phase::Finished => return Step::Finished,
                Phase::Ready(_) => return Step::Ready,
                Phase::Front => match self.reason_to_flip() {
                    Ok(last) => self.flip(last),
                    Err(step) => return step,
                },
                Phase::Vacating(vacating) => {
                    if !self.vacate(vacating) && !self.gives_up(vacating.side) {
                        return Step::Straggling;
                    }
                }
            }
        }
    }

    /// `Ok(last)` if the reader should flip now.
    fn reason_to_flip(&mut self) -> Result<bool, Step> {
        let shared = &*self.shared;
        // Read before the front: what the tickets ask for is claimed by then ([C5]).
        let wanted = shared.wanted();
        if shared.is_closing() {
            return Ok(true);
        }
        if shared.lane.filled().is_none() {
            shared.answer(wanted);
            return Err(Step::Idle);
        }
        let asked = wanted > shared.answered();
        if asked || shared.lane.is_high() || self.has_lingered() { Ok(false) } else { Err(Step::Lingering) }
    }

    #[cfg(feature = "std")]
    fn has_lingered(&self) -> bool {
        self.shared.linger.is_zero() || self.seen_empty.elapsed() >= self.shared.linger
    }

    #[cfg(not(feature = "std"))]
    fn has_lingered(&self) -> bool {
        true
    }

    fn flip(&mut self, last: bool) {
        let shared = &*self.shared;
        let answers = shared.wanted();
        // Before the flip: a gap at the start of the new front must not tell of losses after its records.
        self.gaps.note(&shared.lane.slots);
        let flipped = if last { shared.lane.seal() } else { shared.lane.flip() };
        shared.room.ring();
        self.epoch += 1;
        let tally = &shared.tally;
        add(&tally.flips, 1);
        #[cfg(feature = "std")]
        {
            self.seen_empty = std::time::Instant::now();
        }
        let (side, claimed) = (flipped.side, flipped.claimed);
        self.phase = Phase::Vacating(Vacating { side, claimed, answers, last });
    }

    /// Looks whether the last straggler has left; if so, goes on.
    fn vacate(&mut self, vacating: Vacating) -> bool {
        let Vacating { side, claimed, answers, last } = vacating;
        let (done, failed) = self.shared.lane.left(side);
        let [done_before, failed_before] = self.base[side];
        let filled = done.wrapping_sub(done_before);
        if filled.wrapping_add(failed.wrapping_sub(failed_before)) != claimed {
            return false;
        }
        self.base[side] = [done, failed];
        #[cfg(feature = "std")]
        self.shared.timing.vacant();
        let high_water = &self.shared.tally.high_water;
        if filled > high_water.load(Relaxed) {
            high_water.store(filled, Relaxed);
        }
        let gaps = {
            // SAFETY: this is the reader, and no batch is out.
            let room = unsafe { self.shared.lane.reserved(side) };
            self.gaps.write(room, &self.shared.lane.slots)
        };
        let start = self.shared.lane.start();
        let records = self.uncounted(side);
        self.ready(Ready { side, from: start - gaps, to: start + filled, records, answers, last });
        true
    }

    fn ready(&mut self, ready: Ready) {
        self.phase = Phase::Ready(ready);
        if ready.from == ready.to {
            self.released(ready);
        }
    }

    /// Records that the slots committed to `side` and that are not drained yet.
    fn uncounted(&self, side: Side) -> u64 {
        let slots = self.shared.lane.slots.iter().zip(&self.counted[side]);
        slots.map(|(slot, counted)| slot.marks[side].records.load(Relaxed) - counted[0]).sum()
    }

    /// The sink has taken the side.
    pub(super) fn released(&mut self, ready: Ready) {
        let (shared, side) = (&*self.shared, ready.side);
        // Only gaps stand before the start. A side left behind may gain records yet: they are not drained.
        let slots = if ready.to > shared.lane.start() { shared.lane.slots.len() } else { 0 };
        for (index, drained) in shared.tally.drained.iter().enumerate().take(slots) {
            let marks = &shared.lane.slots[index].marks[side];
            let now = [marks.records.load(Relaxed), marks.bytes.load(Relaxed)];
            let before = core::mem::replace(&mut self.counted[side][index], now);
            add(&drained.records, now[0] - before[0]);
            add(&drained.bytes, now[1] - before[1]);
        }
        self.gaps.told(&shared.tally.drained);
        shared.answer(ready.answers);
        self.phase = Phase::Front;
        if ready.last {
            self.finish(ready);
        }
    }

    /// After the last side: what was lost since stands in a slice of its own.
    fn finish(&mut self, ready: Ready) {
        let shared = self.shared.clone();
        shared.await_refusals();
        self.gaps.note_all(&shared.lane.slots);
        // SAFETY: this is the reader, and the batch was released or there was none, so no reference to the room
        // is alive.
        let room = unsafe { shared.lane.reserved(ready.side) };
        let gaps = self.gaps.write(room, &shared.lane.slots);
        let start = shared.lane.start();
        if gaps != 0 {
            self.phase = Phase::Ready(Ready { from: start - gaps, to: start, records: 0, ..ready });
            return;
        }
        self.phase = Phase::Finished;
        shared.finish();
    }

    /// Whether a close has run out of patience with the stragglers of the side; then they are left behind.
    #[cfg(feature = "std")]
    fn gives_up(&mut self, side: Side) -> bool {
        self.shared.timing.straggling(side);
        // The patience is set before the flag; only with the flag are later refusals known to be refused as closed.
        let gives_up = self.shared.is_closing() && self.shared.timing.gives_up();
        if gives_up {
            self.give_up();
        }
        gives_up
    }

    /// Without a clock there is no patience to run out of.
    #[cfg(not(feature = "std"))]
    fn gives_up(&mut self, _side: Side) -> bool {
        false
    }

    /// Stops waiting for the stragglers of a side. It is left behind, its records are a gap in the output; what
    /// stands in the front is drained yet if nobody holds a claim there too.
    #[cfg(feature = "std")]
    fn give_up(&mut self) {
        let Phase::Vacating(Vacating { side, last, answers, .. }) = self.phase else {
            return;
        };
        self.shared.timing.leave_behind();
        // Tickets that this side was to answer must not be answered as if it had been drained.
        let answers = answers.min(self.shared.answered());
        for (index, slot) in self.shared.lane.slots.iter().enumerate() {
            let marks = &slot.marks[side];
            let now = [marks.records.load(Relaxed), marks.bytes.load(Relaxed)];
            let before = core::mem::replace(&mut self.counted[side][index], now);
            self.gaps.abandon(index, now[0] - before[0], now[1] - before[1]);
        }
        if last {
            let room = self.shared.lane.start();
            return self.finish(Ready { side, from: room, to: room, records: 0, answers, last });
        }
        self.flip(true);
        if let Phase::Vacating(vacating) = &mut self.phase {
            vacating.answers = answers;
        }
    }
}

fn vec_of<T: Clone>(value: T, len: usize) -> Box<[T]> {
    alloc::vec![value; len].into_boxed_slice()
}

impl Drop for Drain {
    fn drop(&mut self) {
        let shared = &*self.shared;
        let sealed = match self.phase {
            Phase::Finished => return,
            Phase::Front => false,
            Phase::Vacating(Vacating { last, .. }) | Phase::Ready(Ready { last, .. }) => last,
        };
        shared.request_close();
        #[cfg(feature = "std")]
        if shared.lane.slots.iter().any(|slot| slot.holds()) {
            shared.timing.leave_behind();
        }
        if !sealed {
            // Nobody will drain this front: writers must find it full.
            shared.lane.seal();
        }
        shared.finish();
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("phase", &self.phase)
            .field("epoch", &self.epoch)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}
