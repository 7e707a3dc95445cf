//! Who computes, who waits, and for whom.

use std::boxed::Box;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed};

/// Written by the parties, each on lines of its own.
#[derive(Debug)]
pub(super) struct Recorder(Arc<Lanes>);

/// What the parties of an exchange have spent their time with; to be looked at while they run, or afterwards.
#[derive(Clone, Debug)]
pub struct Profile(Arc<Lanes>);

#[derive(Debug)]
struct Lanes {
    began: Instant,
    lanes: Box<[CachePadded<Lane>]>,
}

/// Of one party. Only it writes here, and others may look at any time: all relaxed, and sums that are a round apart.
#[derive(Debug)]
struct Lane {
    /// When it passed its last round, and when it arrived at its last, in nanoseconds since the beginning.
    passed_at: AtomicU64,
    arrived_at: AtomicU64,
    rounds: AtomicU64,
    compute_ns: AtomicU64,
    wait_ns: AtomicU64,
    /// How often it was the last to arrive, as far as it could see: when it arrived, all others had.
    last: AtomicU64,
    compute: Histogram,
    wait: Histogram,
    /// The last rounds, by number.
    timeline: Box<[Span]>,
}

/// Nanoseconds by powers of two: bucket `b` has those below `2^b`, and not below half of it.
#[derive(Debug)]
struct Histogram([AtomicU64; 64]);

/// A round of one party.
#[derive(Debug)]
struct Span {
    round: AtomicU64,
    began: AtomicU64,
    arrived: AtomicU64,
    passed: AtomicU64,
}

fn zero() -> AtomicU64 {
    AtomicU64::new(0)
}

/// For who is the only one that writes.
fn add(to: &AtomicU64, what: u64) {
    to.store(to.load(Relaxed) + what, Relaxed);
}

impl Histogram {
    fn new() -> Self {
        Self([(); 64].map(|()| zero()))
    }

    fn record(&self, ns: u64) {
        add(&self.0[(64 - ns.leading_zeros()).min(63) as usize], 1);
    }
}

impl Lane {
    fn new(rounds: usize) -> Self {
        let span = |_| Span { round: zero(), began: zero(), arrived: zero(), passed: zero() };
        Self {
            passed_at: zero(),
            arrived_at: zero(),
            rounds: zero(),
            compute_ns: zero(),
            wait_ns: zero(),
            last: zero(),
            compute: Histogram::new(),
            wait: Histogram::new(),
            timeline: (0..rounds).map(span).collect(),
        }
    }
}

impl Recorder {
    /// For so many ranks, with a timeline of the last `rounds`.
    pub(super) fn new(ranks: usize, rounds: usize) -> (Self, Profile) {
        let lanes = (0..ranks).map(|_| CachePadded::new(Lane::new(rounds))).collect();
        let lanes = Arc::new(Lanes { began: Instant::now(), lanes });
        (Self(lanes.clone()), Profile(lanes))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A party is about to publish a round.
    pub(super) fn arrived(&self, rank: usize) {
        let (lane, now) = (&self.0.lanes[rank], self.now());
        let ns = now - lane.passed_at.load(Relaxed);
        lane.arrived_at.store(now, Relaxed);
        add(&lane.compute_ns, ns);
        lane.compute.record(ns);
    }

    /// When it had arrived, all others had.
    pub(super) fn was_last(&self, rank: usize) {
        add(&self.0.lanes[rank].last, 1);
    }

    /// A party starts, after this round.
    pub(super) fn started(&self, rank: usize) {
        self.0.lanes[rank].passed_at.store(self.now(), Relaxed);
    }

    /// A party has passed a round, which it had arrived at.
    pub(super) fn passed(&self, rank: usize, round: u64) {
        let (lane, now) = (&self.0.lanes[rank], self.now());
        let (began, arrived) = (lane.passed_at.load(Relaxed), lane.arrived_at.load(Relaxed));
        lane.passed_at.store(now, Relaxed);
        add(&lane.wait_ns, now - arrived);
        lane.wait.record(now - arrived);
        add(&lane.rounds, 1);
        if !lane.timeline.is_empty() {
            let span = &lane.timeline[(round % lane.timeline.len() as u64) as usize];
            span.round.store(round, Relaxed);
            span.began.store(began, Relaxed);
            span.arrived.store(arrived, Relaxed);
            span.passed.store(now, Relaxed);
        }
    }
}
