//! Two buffers behind a barrier that knows nothing of them: std's, which sleeps, or hurdles', which spins.
//!
//! One barrier a round is enough, as with us: who writes a buffer again has passed the next round.

use std::marker::PhantomData;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use crate::exchange::play::Play;
use crate::exchange::role::{Peer, Seat, on_threads};
use crate::exchange::store::Store;

/// One party's hold on a barrier.
pub(crate) trait Meeting: Clone + Send {
    fn new(parties: usize) -> Self;
    fn meet(&mut self);
}

impl Meeting for Arc<Barrier> {
    fn new(parties: usize) -> Self {
        Self::new(Barrier::new(parties))
    }

    #[inline]
    fn meet(&mut self) {
        self.wait();
    }
}

impl Meeting for hurdles::Barrier {
    fn new(parties: usize) -> Self {
        Self::new(parties)
    }

    #[inline]
    fn meet(&mut self) {
        self.wait();
    }
}

pub(crate) struct Doubled<M, S>(PhantomData<(M, S)>);

struct Party<M, S> {
    rank: usize,
    meeting: M,
    buffers: Arc<[S; 2]>,
}

impl<M: Meeting, S: Store> Peer for Doubled<M, S> {
    fn pass<P: Play>(len: usize, rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>) {
        let parties = plays.len();
        let meeting = M::new(parties);
        let buffers = Arc::new([(); 2].map(|()| S::new(parties, len)));
        let seat = |rank| Party { rank, meeting: meeting.clone(), buffers: buffers.clone() };
        on_threads((0..parties).map(seat), rounds, plays)
    }
}

impl<M: Meeting, S: Store> Seat for Party<M, S> {
    fn play<P: Play>(mut self, rounds: u64, play: &mut P) {
        for round in 1..=rounds {
            let buffer = &self.buffers[(round % 2) as usize];
            play.compute(round);
            if P::SEGMENTS {
                buffer.write(self.rank, play.first(round));
            }
            self.meeting.meet();
            play.passed(round);
            if P::SEGMENTS {
                buffer.read(play);
            }
        }
    }
}
