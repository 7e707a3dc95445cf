//! Giving way: two writers that both write as fast as they can, into the lane that they share, had better do it in turns.
//!
//! Each claim is an addition on one word, whose cache line goes to whoever claims. If two claim alternately it goes to and fro,
//! record by record, and that takes longer than the records do. So who sees that he has alternated with somebody, several times
//! and quickly, pauses for some microseconds, with nothing entered, and the other one has the line to himself for a hundred
//! records or two. The order is what it was, that of the claims; nobody waits for anybody.

#[cfg(all(test, not(flipside_loom)))]
mod pace_tests;

use core::ops::Range;
use std::time::{Duration, Instant};

/// What a writer has seen of the others.
#[derive(Debug)]
pub(super) struct Pace {
    /// Where its last record ended.
    end: usize,
    /// How often somebody has come in between.
    times: u32,
    /// After so many it looks at the clock. Another number each time: two that alternate have counted the same, and if both
    /// gave way at once nobody would have the line.
    limit: u32,
    /// When it looked last.
    since: Option<Instant>,
}

/// The limit is this at least, and less than that.
const LIMIT: Range<u32> = 4..20;
/// Somebody has come in between with no more than so many records of the same size: else this writer is not quick.
const BETWEEN: usize = 4;
/// Who writes less often than this loses nothing by alternating.
const QUICK: Duration = Duration::from_nanos(120);
/// Some microseconds.
const PAUSES: u32 = 200;

impl Pace {
    pub(super) const fn new() -> Self {
        Self { end: 0, times: 0, limit: LIMIT.start, since: None }
    }

    /// A record was written here, and has been left.
    #[inline]
    pub(super) fn wrote(&mut self, place: Range<usize>) {
        if self.alternates(place) {
            self.give_way();
        }
    }

    /// Whether it is time to look at the clock.
    #[inline]
    fn alternates(&mut self, place: Range<usize>) -> bool {
        // On the other side it is less, and wraps.
        let between = place.start.wrapping_sub(self.end);
        self.end = place.end;
        if between == 0 || between > BETWEEN * place.len() {
            return false;
        }
        self.times += 1;
        self.times >= self.limit
    }

    #[cold]
    fn give_way(&mut self) {
        if self.is_quick(Instant::now()) {
            (0..PAUSES).for_each(|_| core::hint::spin_loop());
            self.since = Some(Instant::now());
        }
    }

    /// Whether it has alternated quickly since it last looked.
    fn is_quick(&mut self, now: Instant) -> bool {
        let quick = QUICK * self.limit;
        // Anything will do that another writer does not do alike.
        let dice = (self.end as u32 ^ self.limit).wrapping_mul(0x9e37_79b1) >> 16;
        self.times = 0;
        self.limit = LIMIT.start + dice % (LIMIT.end - LIMIT.start);
        let before = self.since.replace(now);
        before.is_some_and(|before| now.saturating_duration_since(before) < quick)
    }
}
