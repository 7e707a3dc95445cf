//! SyncedMemory's design: one buffer, std's barrier, and a copy of everything for everybody in every round.
//!
//! Written anew after its documentation, with elements or segments that safe code can share. With one barrier a round, as it
//! is there, a fast party writes the next round while a slow one copies this one: the check forgives that, and only that.
//! `repaired` has a second barrier after the copy.

use std::marker::PhantomData;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use crate::exchange::play::Play;
use crate::exchange::role::{Peer, Seat, on_threads};
use crate::exchange::store::{Store, read};

pub(crate) struct SyncedMemory<S, const BARRIERS: usize>(PhantomData<S>);

struct Party<S, const BARRIERS: usize> {
    rank: usize,
    len: usize,
    barrier: Arc<Barrier>,
    buffer: Arc<S>,
}

impl<S: Store, const BARRIERS: usize> Peer for SyncedMemory<S, BARRIERS> {
    const EXACT: bool = BARRIERS == 2;

    fn pass<P: Play>(len: usize, rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>) {
        let parties = plays.len();
        let barrier = Arc::new(Barrier::new(parties));
        let buffer = Arc::new(S::new(parties, len));
        let seat =
            |rank| Party::<S, BARRIERS> { rank, len, barrier: barrier.clone(), buffer: buffer.clone() };
        on_threads((0..parties).map(seat), rounds, plays)
    }
}

impl<S: Store, const BARRIERS: usize> Seat for Party<S, BARRIERS> {
    fn play<P: Play>(self, rounds: u64, play: &mut P) {
        for round in 1..=rounds {
            play.compute(round);
            if P::SEGMENTS {
                self.buffer.write(self.rank, play.first(round));
            }
            self.barrier.wait();
            play.passed(round);
            if P::SEGMENTS {
                let all = self.buffer.copied();
                if BARRIERS == 2 {
                    self.barrier.wait();
                }
                read(play, self.len, all.iter().copied());
            }
        }
    }
}
