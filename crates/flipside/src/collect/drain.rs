//! The reader: decides when to flip, waits for stragglers, hands out the vacated side.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::batch::Batch;
use super::builder::Overflow;
use super::collector::Shared;
use super::gaps::Gaps;
use super::slot::add;
use super::take::{self, Fate, Image, Look, Take};

/// The one reader of a collector. Made with it by [`Builder::build`](super::Builder::build).
///
/// Dropped before it has [finished](Next::Finished) it closes the collector: writers are refused, and what was
/// accepted and not drained is counted as abandoned.
pub struct Drain {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: Phase,
    take: Box<dyn Take>,
    pub(super) image: Image,
    gaps: Gaps,
    epoch: u64,
    #[cfg(feature = "std")]
    pub(super) seen_empty: std::time::Instant,
    #[cfg(feature = "std")]
    pub(super) rest: super::awaiting::Rest,
}

/// Where the reader stands.
///
/// ```text
/// FRONT --flip--> VACATING --last straggler left--> READY --released--> FRONT
///   ^                |  \--nothing in it--> FRONT     |  (after the last flip: --> FINISHED instead of FRONT)
///   |                |--patience is over--> READY, or FINISHED
///   |                \--flight recorder--> HELD --somebody asks--> READY
///   \------------------overwritten-----------/
/// ```
///
/// In lanes of their own a flight recorder stays in FRONT until somebody asks, and gives up lane by lane.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Nothing is vacated; all records stand in the front.
    Front,
    /// Flipped, and waiting for stragglers.
    Vacating(Turn),
    /// A vacated side that nobody has asked for yet: newer records may take its place.
    Held(Turn),
    /// The side is vacant and holds something to drain.
    Ready(Turn),
    Finished,
}

/// One flip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// The flush tickets that it answers.
    answers: u64,
    /// After it nothing comes.
    last: bool,
    /// Since when its oldest record may have stood there.
    #[cfg(feature = "std")]
    since: std::time::Instant,
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
    /// Nothing is published, but somebody is just writing.
    Inside,
    /// Something has, and may wait for company.
    Lingering,
    Straggling,
}

impl Drain {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (take, image) = take::of(&shared);
        Self {
            phase: Phase::Front,
            take,
            image,
            gaps: Gaps::new(shared.slots.len()),
            epoch: 0,
            #[cfg(feature = "std")]
            seen_empty: std::time::Instant::now(),
            #[cfg(feature = "std")]
            rest: super::awaiting::Rest::default(),
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
        #[cfg(feature = "std")]
        self.rouse();
        match self.step() {
            Step::Ready => self.batch(),
            Step::Finished => Next::Finished,
            Step::Idle | Step::Inside | Step::Lingering | Step::Straggling => Next::Pending,
        }
    }

    pub(super) fn batch(&mut self) -> Next<'_> {
        match self.phase {
            Phase::Ready(turn) => Next::Batch(Batch::new(self, turn)),
            _ => Next::Pending,
        }
    }

    #[cfg(feature = "std")]
    pub(super) fn batch_in_task(&mut self) -> Option<Batch<'_>> {
        match self.phase {
            Phase::Ready(turn) => Some(Batch::in_task(self, turn)),
            _ => None,
        }
    }

    /// Flips so far, the number of the epoch that the front side is in.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn step(&mut self) -> Step {
        self.step_by(Self::has_lingered)
    }

    /// As [`step`](Self::step), for those who have no clock to linger by.
    #[cfg(feature = "std")]
    pub(super) fn step_at_once(&mut self) -> Step {
        self.step_by(|_| true)
    }

    fn step_by(&mut self, has_lingered: fn(&Self) -> bool) -> Step {
        loop {
            match self.phase {
                Phase::Finished => return Step::Finished,
                Phase::Ready(_) => return Step::Ready,
                Phase::Front => match self.reason_to_flip(has_lingered) {
                    Ok(last) => self.flip(last),
                    Err(step) => return step,
                },
                Phase::Held(turn) => {
                    if self.is_asked() {
                        // What is asked for stands in this side and in the next.
                        self.phase = Phase::Ready(Turn { answers: self.shared.answered(), ..turn });
                    } else if self.take.look(&self.shared).high {
                        self.take.settle(&self.shared, &mut self.gaps, &mut self.image, Fate::Overwritten);
                        self.phase = Phase::Front;
                    } else {
                        return Step::Idle;
                    }
                }
                Phase::Vacating(turn) => {
                    if self.take.vacate(&self.shared, &mut self.gaps, &mut self.image) {
                        self.vacant(turn);
                    } else if !self.gives_up() {
                        return Step::Straggling;
                    }
                }
            }
        }
    }

    /// Whether somebody flushes or closes.
    fn is_asked(&self) -> bool {
        self.shared.wanted() > self.shared.answered() || self.shared.is_closing()
    }

    /// `Ok(last)` if the reader should flip now.
    fn reason_to_flip(&mut self, has_lingered: fn(&Self) -> bool) -> Result<bool, Step> {
        let shared = &*self.shared;
        // Read before the front: what the tickets ask for is claimed by then ([C5]).
        let wanted = shared.wanted();
        if shared.is_closing() {
            return Ok(true);
        }
        let Look { any, high, inside } = self.take.look(shared);
        if !any {
            shared.answer(wanted);
            return Err(if inside { Step::Inside } else { Step::Idle });
        }
        let asked = wanted > shared.answered();
        if !asked && self.is_flight() && self.take.makes_room(shared, &mut self.gaps) {
            return Err(Step::Lingering);
        }
        // Age alone is no reason for a flight recorder.
        if asked || high || !self.is_flight() && has_lingered(self) {
            Ok(false)
        } else {
            Err(Step::Lingering)
        }
    }

    pub(super) fn is_flight(&self) -> bool {
        self.shared.overflow == Overflow::FlightRecorder
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
        self.gaps.note(&shared.slots);
        self.take.flip(shared, last, answers > shared.answered());
        self.epoch += 1;
        add(&shared.tally.flips, 1);
        #[cfg(feature = "std")]
        let since = core::mem::replace(&mut self.seen_empty, std::time::Instant::now());
        self.phase = Phase::Vacating(Turn {
            answers,
            last,
            #[cfg(feature = "std")]
            since,
        });
    }

    /// The last straggler has left.
    fn vacant(&mut self, turn: Turn) {
        #[cfg(feature = "std")]
        {
            self.shared.timing.vacant();
            if self.image.has_rest {
                self.seen_empty = turn.since;
            }
        }
        if self.image.len() == 0 {
            self.released(turn);
        } else if self.is_flight() && !turn.last && turn.answers <= self.shared.answered() {
            self.phase = Phase::Held(turn);
        } else {
            self.phase = Phase::Ready(turn);
        }
    }

    /// The sink has taken the side.
    pub(super) fn released(&mut self, turn: Turn) {
        self.take.settle(&self.shared, &mut self.gaps, &mut self.image, Fate::Drained);
        self.gaps.told(&self.shared.tally.drained);
        self.shared.answer(turn.answers);
        self.phase = Phase::Front;
        if turn.last {
            self.finish(turn);
        }
    }

    /// After the last side: what was lost since stands in a slice of its own.
    fn finish(&mut self, turn: Turn) {
        let shared = &*self.shared;
        shared.await_refusals();
        self.gaps.note_all(&shared.slots);
        self.take.tell_rest(shared, &self.gaps, &mut self.image);
        if self.image.len() != 0 {
            self.phase = Phase::Ready(turn);
            return;
        }
        self.phase = Phase::Finished;
        shared.finish();
    }

    /// Whether a close has run out of patience with the stragglers of the side; then they are left behind.
    #[cfg(feature = "std")]
    fn gives_up(&mut self) -> bool {
        self.shared.timing.straggling(self.take.straggling_on());
        // The patience is set before the flag; only with the flag are later refusals known to be refused as closed.
        let gives_up = self.shared.is_closing() && self.shared.timing.gives_up();
        if gives_up {
            self.give_up();
        }
        gives_up
    }

    /// Without a clock there is no patience to run out of.
    #[cfg(not(feature = "std"))]
    fn gives_up(&mut self) -> bool {
        false
    }

    /// Stops waiting for the stragglers.
    #[cfg(feature = "std")]
    fn give_up(&mut self) {
        let Phase::Vacating(turn) = self.phase else {
            return;
        };
        self.shared.timing.leave_behind();
        // Tickets that this side was to answer must not be answered as if it had been drained.
        let answers = turn.answers.min(self.shared.answered());
        match self.take.leave_behind(&self.shared, &mut self.gaps, &mut self.image, turn.last) {
            take::Left::Taken if self.image.len() == 0 => self.released(turn),
            take::Left::Taken => self.phase = Phase::Ready(turn),
            take::Left::Nothing => self.finish(Turn { answers, ..turn }),
            take::Left::Front => {
                self.flip(true);
                if let Phase::Vacating(turn) = &mut self.phase {
                    turn.answers = answers;
                }
            }
        }
    }
}

impl Drain {
    /// Goes before it has finished, perhaps.
    fn desert(&mut self) {
        let shared = &*self.shared;
        let sealed = match self.phase {
            Phase::Finished => return,
            Phase::Front | Phase::Held(_) => false,
            Phase::Vacating(turn) | Phase::Ready(turn) => turn.last,
        };
        shared.request_close();
        if !sealed {
            // Nobody will drain this front: writers must find it full.
            self.take.stop(shared);
        }
        // After that: who enters before may hold a claim.
        #[cfg(feature = "std")]
        if shared.slots.iter().enumerate().any(|(index, slot)| shared.lanes.holds(index, slot)) {
            shared.timing.leave_behind();
        }
        shared.finish();
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.desert();
        #[cfg(feature = "std")]
        self.rouse();
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
