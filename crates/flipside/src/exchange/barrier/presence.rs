//! Who takes part in which rounds.

use std::boxed::Box;

use crate::exchange::memory::no_such;
use crate::substrate::atomic::{AtomicU64, Ordering::*, Site, at};

/// Since which round each rank takes part, and until which: the first that it publishes, and the last.
///
/// What concerns a round is written before the one before it is opened, or before it is arrived at, and read by those who have
/// passed that. Nobody sees a round any more in which a rank took part before it has another party. Who has arrived at a round and
/// asks who is there may meet the opening of it, at which somebody joins: only then does an order matter.
#[derive(Debug)]
pub struct Presence(Box<[Span]>);

/// ```text
/// since NEVER --join at q--> q + 1
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
    pub(in crate::exchange) fn new(present: usize, all: usize) -> Self {
        let since = |rank| if rank < present { 0 } else { NEVER };
        let span = |rank| Span { since: AtomicU64::new(since(rank)), until: AtomicU64::new(NEVER) };
        Self((0..all).map(span).collect())
    }

    /// How many ranks there are, whether anybody has them or not.
    #[must_use]
    pub fn ranks(&self) -> usize {
        self.0.len()
    }

    /// Whether this rank takes part in a round that the caller has passed or arrived at, and not the next one yet. (Of one that it
    /// has not passed, as far as is known: a party that leaves may not have said so.)
    ///
    /// # Panics
    ///
    /// If there is no such rank.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn is_present(&self, rank: usize, round: u64) -> bool {
        let Some(span) = self.0.get(rank) else { no_such("rank", rank, self.0.len()) };
        // [E17] Acquire, pairs with [E18]. Ours first: it has left long ago, whoever comes. Theirs first: we see since when the
        // new one is there, which is later than this round. Weaker: the end of the new one and the beginning of the old one
        // make somebody who was there all the time.
        let until = span.until.load(at(Site::E17, Acquire));
        round <= until && span.since.load(Relaxed) <= round
    }

    /// The first round in which a rank takes part, if it does; or did, if nobody has it any more.
    pub(in crate::exchange) fn since(&self, rank: usize) -> u64 {
        self.0[rank].since.load(Relaxed)
    }

    /// A party has joined at this round.
    pub(in crate::exchange) fn join(&self, rank: usize, round: u64) {
        self.0[rank].since.store(round + 1, Relaxed);
        // [E18] Release, pairs with [E17]: see there.
        self.0[rank].until.store(NEVER, at(Site::E18, Release));
    }

    pub(in crate::exchange) fn leave(&self, rank: usize, round: u64) {
        self.0[rank].until.store(round, Relaxed);
    }
}
