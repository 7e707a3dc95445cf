//! Who takes part in which rounds.

use std::boxed::Box;

use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed};

/// Since which round each rank takes part, and until which.
///
/// Relaxed, all of it: what concerns a round is written before that round is opened, or arrived at, and read by those who have
/// passed it.
#[derive(Debug)]
pub struct Presence(Box<[Span]>);

/// ```text
/// since NEVER --join at q--> q
/// until NEVER --leave after p--> p --join at q--> NEVER
/// ```
#[derive(Debug)]
struct Span {
    since: AtomicU64,
    until: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Presence {
    /// The first `present` of all ranks are there from the beginning.
    pub(super) fn new(present: usize, all: usize) -> Self {
        let since = |rank| if rank < present { 0 } else { NEVER };
        let span = |rank| Span { since: AtomicU64::new(since(rank)), until: AtomicU64::new(NEVER) };
        Self((0..all).map(span).collect())
    }

    /// How many ranks there are, whether anybody has them or not.
    #[must_use]
    pub fn ranks(&self) -> usize {
        self.0.len()
    }

    /// Whether this rank takes part in a round that the caller has passed, and not the next one yet.
    #[must_use]
    #[inline]
    pub fn is_present(&self, rank: usize, round: u64) -> bool {
        let span = &self.0[rank];
        span.since.load(Relaxed) <= round && round <= span.until.load(Relaxed)
    }

    /// Whether this rank takes part in a round and has not left: it will arrive at the next, or is late.
    pub(in crate::exchange) fn is_awaited(&self, rank: usize, round: u64) -> bool {
        let span = &self.0[rank];
        span.since.load(Relaxed) <= round && span.until.load(Relaxed) == NEVER
    }

    /// The round since which a rank takes part, if it does or did.
    pub(super) fn since(&self, rank: usize) -> Option<u64> {
        Some(self.0[rank].since.load(Relaxed)).filter(|since| *since != NEVER)
    }

    pub(super) fn join(&self, rank: usize, round: u64) {
        self.0[rank].until.store(NEVER, Relaxed);
        self.0[rank].since.store(round, Relaxed);
    }

    /// Nobody has this rank: who waits for it to be admitted looks for the opposite.
    pub(super) fn vacate(&self, rank: usize) {
        self.0[rank].since.store(NEVER, Relaxed);
    }

    pub(super) fn leave(&self, rank: usize, round: u64) {
        self.0[rank].until.store(round, Relaxed);
    }
}
