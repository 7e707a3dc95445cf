//! rayon: no parties, but a task for each segment, in a pool with as many threads, and a join at the end of every round.
//! A task reads what the round before left in one buffer and writes its segment in the other; then they are swapped.

use std::mem;
use std::sync::Mutex;
use std::time::Instant;

use rayon::ThreadPoolBuilder;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::exchange::play::Play;
use crate::exchange::role::Peer;
use crate::exchange::store::{fill, read};

pub(crate) struct Rayon;

impl Peer for Rayon {
    fn pass<P: Play>(len: usize, rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>) {
        let pool = ThreadPoolBuilder::new().num_threads(plays.len()).build().expect("threads can be started");
        // Brings the threads up.
        pool.broadcast(|_| ());
        if P::SEGMENTS {
            pool.install(|| segments(len, rounds, plays))
        } else {
            pool.install(|| broadcasts(rounds, plays))
        }
    }
}

fn segments<P: Play>(len: usize, rounds: u64, mut plays: Vec<P>) -> (Instant, Vec<P>) {
    // Not zeroed: that would leave the pages to be brought in while the clock runs.
    let [mut seen, mut own] = [(); 2].map(|()| vec![1; plays.len() * len]);
    // Once more, to read the last one.
    for round in 1..=rounds + 1 {
        own.par_chunks_mut(len).zip(plays.par_iter_mut()).with_max_len(1).for_each(|(segment, play)| {
            if round > 1 {
                play.passed(round - 1);
                read(play, len, seen.iter().copied());
            }
            if round <= rounds {
                play.compute(round);
                fill(segment, play.first(round));
            }
        });
        mem::swap(&mut seen, &mut own);
    }
    (Instant::now(), plays)
}

fn broadcasts<P: Play>(rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>) {
    // Each thread has one to itself, which safe code cannot know.
    let plays: Vec<_> = plays.into_iter().map(Mutex::new).collect();
    let play = |index: usize| plays[index].lock().expect("nobody panics");
    for round in 1..=rounds {
        rayon::broadcast(|thread| {
            let mut play = play(thread.index());
            if round > 1 {
                play.passed(round - 1);
            }
            play.compute(round);
        });
    }
    let end = Instant::now();
    (0..plays.len()).for_each(|index| play(index).passed(rounds));
    (end, plays.into_iter().map(|play| play.into_inner().expect("nobody panics")).collect())
}
