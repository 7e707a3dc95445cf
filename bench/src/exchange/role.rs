//! What a contender is to the harness, and a party to a contender.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::play::{self, Play};

/// What is done in every round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) parties: usize,
    /// Elements of a segment; without any it is a barrier.
    pub(crate) len: usize,
    /// Turns of arithmetic of each party, before it writes.
    pub(crate) turns: u64,
    /// Whether one element of each segment is enough.
    pub(crate) glance: bool,
}

impl Work {
    /// Rounds in which nothing is computed, and all is read.
    pub(crate) const fn rounds(parties: usize, len: usize) -> Self {
        Self { parties, len, turns: 0, glance: false }
    }
}

/// A way for parties to exchange segments in rounds.
pub(crate) trait Peer {
    /// Whether all see exactly what was published for a round. Who is not exact may show what comes next.
    const EXACT: bool = true;

    /// Lets each play its rounds, the play of rank 0 first in the list, with segments of `len` elements, or none; says when
    /// the last was done.
    fn pass<P: Play>(len: usize, rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>);
}

/// A party that has a thread of its own.
pub(crate) trait Seat: Send {
    fn play<P: Play>(self, rounds: u64, play: &mut P);
}

/// A pass with a thread for each party.
pub(crate) fn on_threads<S: Seat, P: Play>(
    seats: impl IntoIterator<Item = S>,
    rounds: u64,
    plays: Vec<P>,
) -> (Instant, Vec<P>) {
    let barrier = Barrier::new(plays.len());
    let ends: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = seats
            .into_iter()
            .zip(plays)
            .map(|(seat, mut play)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    seat.play(rounds, &mut play);
                    (Instant::now(), play)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a party failed")).collect()
    });
    let end = ends.iter().map(|end| end.0).max().expect("somebody plays");
    (end, ends.into_iter().map(|end| end.1).collect())
}

/// One way to be a contender, behind function pointers, so that it fits into a list; inside, nothing is called indirectly.
#[derive(Clone, Copy)]
pub(crate) struct Variant {
    /// What the printed table says beside it.
    pub(crate) remark: &'static str,
    /// Looks in so many rounds at what each party sees.
    pub(crate) check: fn(Work, u64) -> Result<(), String>,
    /// The time for so many rounds; asserts that the sums were right.
    pub(crate) timed: fn(Work, u64) -> Duration,
}

impl Variant {
    pub(crate) const fn of<P: Peer>(remark: &'static str) -> Self {
        Self { remark, check: play::check::<P>, timed: play::timed::<P> }
    }
}

/// A contender. Of its variants each workload times the one that does best in the warm-up.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Whether it is another barrier than the rest.
    pub(crate) barrier: bool,
    pub(crate) variants: &'static [Variant],
}
