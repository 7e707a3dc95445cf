//! How one waits: spin, yield, sleep.

#[cfg(all(test, not(flipside_loom)))]
mod waiting_tests;

use core::ops::RangeInclusive;
use core::time::Duration;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::substrate::atomic::{AtomicU32, Ordering::Relaxed, SPINS};

/// How a party waits for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// Spins for as long as rounds usually take, if each party has a processor; then yields, and spins a little after each, for
    /// some 10 to 100 microseconds; then sleeps. If there are more parties than processors it yields, some times, and sleeps.
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
    have_processors: bool,
    /// Written now and then, beside what all read.
    learnt: CachePadded<Learnt>,
}

/// What has come of waiting so far. Written by all, and what one of them writes may be lost.
#[derive(Debug)]
struct Learnt {
    /// How many turns of spinning are worth it.
    spins: AtomicU32,
    /// How many rests, if all have processors.
    rests: AtomicU32,
}

/// A wait that has begun: it spins, then it rests, then it sleeps. A rest is a yield and some turns.
#[derive(Debug)]
pub(super) struct Patience {
    turns: u32,
    spins: u32,
    rests: u32,
    /// In a rest, after the yield.
    between: u32,
    /// Since when it sleeps.
    asleep: Option<Instant>,
}

/// How often a pause is made between two looks at the clock.
const CLOCK: u32 = 32;
/// What remains of the turns when spinning has come to nothing for long: then the others wait for this processor, and each turn
/// keeps them from it.
const LEAST: u32 = if SPINS < 512 { 0 } else { SPINS / 512 };
/// Now and then it is tried again, a little, and rarely as long as it may take: who has moved to a processor of his own has no
/// other way to learn that spinning would do now.
const TRY: u64 = 32;
const TRY_A_LITTLE: u32 = 64;
const TRY_HARD: u64 = 1024;

/// How often a processor is left to the others before it is given up, if there are more parties than processors: mostly that is
/// enough for all of them to arrive, and costs less than sleeping and being woken, on a processor that has fallen asleep as
/// well.
const YIELDS: u32 = 8;
/// The turns of a rest where each has a processor: some microseconds.
const BETWEEN: u32 = SPINS / 32;
/// A sleep makes one late by the time that waking takes. The others wait for that, in the next round; if they slept over it they
/// would be late in turn, and so on for ever, however even the work is. So a sleep that was short has been a mistake, and
/// resting should take longer next time; a long one need not have begun so late.
const SHORT: Duration = Duration::from_micros(200);
const RESTS: RangeInclusive<u32> = 4..=48;

impl Policy {
    /// For parties that have a processor each, or not.
    pub(super) fn new(waiting: Waiting, have_processors: bool) -> Self {
        // It learns: neither the most nor the least to begin with.
        let learnt = Learnt { spins: AtomicU32::new(SPINS / 8), rests: AtomicU32::new(16) };
        Self { waiting, have_processors, learnt: CachePadded::new(learnt) }
    }

    /// To wait for this round.
    #[inline]
    pub(super) fn begin(&self, round: u64) -> Patience {
        let (spins, rests, between) = match self.waiting {
            Waiting::Adaptive if self.have_processors => {
                let at_least = match () {
                    () if round.is_multiple_of(TRY_HARD) => SPINS,
                    () if round.is_multiple_of(TRY) => SPINS / TRY_A_LITTLE,
                    () => LEAST,
                };
                let Learnt { spins, rests } = &*self.learnt;
                (spins.load(Relaxed).max(at_least), rests.load(Relaxed), BETWEEN)
            }
            Waiting::Adaptive => (0, YIELDS, 0),
            Waiting::Spinning => (u32::MAX, 0, 0),
            Waiting::Sleeping => (0, 0, 0),
        };
        Patience { turns: 0, spins, rests, between, asleep: None }
    }

    /// It has ended well. Who did not spin long enough would rather not have spun; who did may spin twice as long as it took.
    #[inline]
    pub(super) fn end(&self, patience: &Patience) {
        if self.waiting != Waiting::Adaptive || !self.have_processors {
            return;
        }
        let Learnt { spins, rests } = &*self.learnt;
        let now = spins.load(Relaxed);
        if patience.turns > patience.spins {
            learn(spins, now, (now / 2).max(LEAST));
        } else if patience.turns > now / 2 {
            learn(spins, now, patience.turns.saturating_mul(2).min(SPINS));
        }
        if let Some(since) = patience.asleep {
            let now = rests.load(Relaxed);
            let next = if since.elapsed() < SHORT { now * 2 } else { now / 2 };
            learn(rests, now, next.clamp(*RESTS.start(), *RESTS.end()));
        }
    }
}

/// Writes only what is new: the others read it all the time.
fn learn(what: &AtomicU32, now: u32, next: u32) {
    if next != now {
        what.store(next, Relaxed);
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
        let (after, rest) = (turn - self.spins, self.between + 1);
        if after >= self.rests * rest {
            if self.between != 0 {
                self.asleep.get_or_insert_with(Instant::now);
            }
            return false;
        }
        if after.is_multiple_of(rest) {
            std::thread::yield_now();
        } else {
            core::hint::spin_loop();
        }
        true
    }

    /// Not in every turn: the clock takes longer than a turn.
    #[inline]
    pub(super) fn looks_at_the_clock(&self) -> bool {
        self.turns >= self.spins || self.turns.is_multiple_of(CLOCK)
    }
}
