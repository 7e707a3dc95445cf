//! The writers: random blocks from a seed, with work in between.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use flipside_sources::dist::Dist;
use flipside_sources::feed::Clock;

use super::carry::{Hand, Put};
use super::frame;
use crate::args::LoadArgs;

/// Blocks are cut out of random bytes of at least this size.
const POOL: usize = 1 << 20;

/// What all writers share.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pool: Arc<[u8]>,
    min: usize,
    max: usize,
    seed: u64,
    aux_work: Duration,
    clock: Clock,
    deadline: Option<Instant>,
    /// Gone once the run is to end: a look at it is one plain load.
    running: Weak<()>,
}

/// One end's view of the run. Both ends must agree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// A sum over contents: the same for the same blocks in any order.
    pub(super) contents: u64,
    pub(super) sizes: Dist,
}

impl Sum {
    pub(super) fn new() -> Self {
        Self { records: 0, bytes: 0, contents: 0, sizes: Dist::new() }
    }

    pub(super) fn add(&mut self, payload: &[u8]) {
        self.records += 1;
        self.bytes += payload.len() as u64;
        self.sizes.add(payload.len() as u64);
        // The first and the last word: enough to tell one block from another, cheap enough for every block.
        let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let (first, last) = (word(payload.first_chunk()), word(payload.last_chunk()));
        self.contents = self.contents.wrapping_add(first.rotate_left(17) ^ last);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.contents = self.contents.wrapping_add(other.contents);
        self.sizes.merge(&other.sizes);
    }
}

/// What a writer did.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) offered: u64,
    /// Blocks that were taken.
    pub(super) sum: Sum,
    pub(super) dropped: u64,
    /// Blocks refused for good, at most one: it ends the writer.
    pub(super) refused: Option<Put>,
    pub(super) write_ns: Dist,
}

impl Job {
    pub(super) fn new(args: &LoadArgs, clock: Clock, deadline: Option<Instant>, running: Weak<()>) -> Self {
        let mut random = fastrand::Rng::with_seed(args.seed);
        let mut pool = vec![0; POOL.max(args.max)];
        random.fill(&mut pool);
        Self {
            pool: pool.into(),
            min: args.min,
            max: args.max,
            seed: args.seed,
            aux_work: Duration::from_nanos(args.aux_work),
            clock,
            deadline,
            running,
        }
    }

    /// Writes up to `quota` blocks.
    pub(super) fn run(&self, index: u16, hand: &mut Hand, quota: u64) -> Written {
        let mut random =
            fastrand::Rng::with_seed(self.seed ^ (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut done =
            Written { offered: 0, sum: Sum::new(), dropped: 0, refused: None, write_ns: Dist::new() };
        let mut now = Instant::now();
        while done.offered < quota
            && self.deadline.is_none_or(|deadline| now < deadline)
            && self.running.strong_count() > 0
        {
            let len = random.usize(self.min..=self.max);
            let from = random.usize(0..=self.pool.len() - len);
            let payload = &self.pool[from..from + len];
            let began = Instant::now();
            let time_ns = (began - self.clock.start).as_nanos() as u64;
            let answer = hand.put(&frame::prefix(done.offered, time_ns), payload);
            now = Instant::now();
            done.write_ns.add((now - began).as_nanos() as u64);
            done.offered += 1;
            match answer {
                Put::Taken => done.sum.add(payload),
                Put::Dropped => done.dropped += 1,
                refused => {
                    done.refused = Some(refused);
                    break;
                }
            }
            work(self.aux_work);
        }
        done
    }
}

/// Computes for this long.
pub(super) fn work(time: Duration) {
    if time.is_zero() {
        return;
    }
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}
