//! How one waits: spin, yield, sleep.

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
    /// How many turns of spinning are worth it, from what has come of it so far.
    turns: AtomicU32,
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

/// How often a pause is made between two looks at the clock.
const CLOCK: u32 = 32;

impl Policy {
    /// For parties that have a processor each, or not.
    pub(super) fn new(waiting: Waiting, have_processors: bool) -> Self {
        let (most, yields) = match waiting {
            Waiting::Adaptive if have_processors => (SPINS, 2),
            Waiting::Adaptive => (0, 1),
            Waiting::Spinning => (u32::MAX, 0),
            Waiting::Sleeping => (0, 0),
        };
        Self { waiting, turns: AtomicU32::new(most), most, yields }
    }

    #[inline]
    pub(super) fn begin(&self) -> Patience {
        Patience { turns: 0, spins: self.turns.load(Relaxed), yields: self.yields }
    }

    /// It has ended well. Who slept would rather have slept at once; who did not may spin twice as long as it took.
    #[inline]
    pub(super) fn end(&self, patience: &Patience) {
        if self.waiting != Waiting::Adaptive || self.most == 0 {
            return;
        }
        let now = patience.spins;
        let next = if patience.turns > now {
            (now - now / 4).max(self.most / 64)
        } else if patience.turns > now / 2 {
            now.saturating_mul(2).min(self.most)
        } else {
            return;
        };
        self.turns.store(next, Relaxed);
    }
}

impl Patience {
    /// Spends a moment; `false` if it is time to sleep.
    #[inline]
    pub(super) fn spin(&mut self) -> bool {
        let turn = self.turns;
        self.turns = turn.saturating_add(1);
        if turn < self.spins {
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
