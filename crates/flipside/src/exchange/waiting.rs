//! How one waits: spin, yield, sleep.

use crossbeam_utils::CachePadded;

use crate::substrate::atomic::{AtomicU32, Ordering::Relaxed, SPINS};

/// How a party waits for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// Spins for as long as rounds usually take, if each party has a processor; then yields, then sleeps.
    #[default]
    Adaptive,
    /// Spins, and never sleeps: for parties with a processor each, and nothing else to run.
    Spinning,
    /// Sleeps at once: for parties that leave their processors to others.
    Sleeping,
}

/// The same for all parties of an exchange.
#[derive(Debug)]
pub(super) struct Policy {
    waiting: Waiting,
    /// How many turns of spinning are worth it, from what has come of it so far. Written now and then, beside what all read.
    turns: CachePadded<AtomicU32>,
    most: u32,
    yields: u32,
}

/// A wait that has begun.
#[derive(Debug)]
pub(super) struct Patience {
    turns: u32,
    spins: u32,
    yields: u32,
}

/// How often a processor is left to the others before it is given up, if there are more parties than processors: mostly that is
/// enough for all of them to arrive, and costs less than sleeping and being woken, on a processor that has fallen asleep as
/// well.
const YIELDS: u32 = 8;
/// How often a pause is made between two looks at the clock.
const CLOCK: u32 = 32;
/// The first waits have this part of the most turns.
const BEGIN: u32 = 8;
/// What remains of the most turns when spinning has come to nothing for long: then the others wait for this processor, and
/// each turn keeps them from it.
const LEAST: u32 = 512;
/// Now and then it is tried again, a little, and rarely as long as it may take: who has moved to a processor of his own has no
/// other way to learn that spinning would do now.
const TRY: u64 = 32;
const TRY_A_LITTLE: u32 = 64;
const TRY_HARD: u64 = 1024;

impl Policy {
    /// For parties that have a processor each, or not.
    pub(super) fn new(waiting: Waiting, have_processors: bool) -> Self {
        let (most, yields) = match waiting {
            Waiting::Adaptive if have_processors => (SPINS, 2),
            Waiting::Adaptive => (0, YIELDS),
            Waiting::Spinning => (u32::MAX, 0),
            Waiting::Sleeping => (0, 0),
        };
        // It learns: neither the most nor the least to begin with.
        let turns = if waiting == Waiting::Adaptive { most / BEGIN } else { most };
        Self { waiting, turns: CachePadded::new(AtomicU32::new(turns)), most, yields }
    }

    /// To wait for this round.
    #[inline]
    pub(super) fn begin(&self, round: u64) -> Patience {
        let at_least = match self.waiting {
            Waiting::Adaptive if round.is_multiple_of(TRY_HARD) => self.most,
            Waiting::Adaptive if round.is_multiple_of(TRY) => self.most / TRY_A_LITTLE,
            _ => 0,
        };
        Patience { turns: 0, spins: self.turns.load(Relaxed).max(at_least), yields: self.yields }
    }

    /// It has ended well. Who slept or yielded would rather have done so at once; who did not may spin twice as long as it took.
    #[inline]
    pub(super) fn end(&self, patience: &Patience) {
        if self.waiting != Waiting::Adaptive || self.most == 0 {
            return;
        }
        let now = self.turns.load(Relaxed);
        let next = if patience.turns > patience.spins {
            (now / 2).max(self.most / LEAST)
        } else if patience.turns > now / 2 {
            patience.turns.saturating_mul(2).min(self.most)
        } else {
            return;
        };
        if next != now {
            self.turns.store(next, Relaxed);
        }
    }
}

impl Patience {
    /// Spends a moment; `false` if it is time to sleep.
    #[inline]
    pub(super) fn spin(&mut self) -> bool {
        let turn = self.turns;
        self.turns = turn.saturating_add(1);
        if turn < self.spins || self.spins == u32::MAX {
            core::hint::spin_loop();
            return true;
        }
        if turn - self.spins < self.yields {
            std::thread::yield_now();
            return true;
        }
        false
    }

    /// Not in every turn: the clock takes longer than a turn.
    #[inline]
    pub(super) fn looks_at_the_clock(&self) -> bool {
        self.turns >= self.spins || self.turns.is_multiple_of(CLOCK)
    }
}
