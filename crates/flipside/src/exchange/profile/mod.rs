//! Who computes, who waits, and for whom.

mod report;
mod svg;

#[cfg(all(test, not(flipside_loom)))]
mod profile_tests;
#[cfg(all(test, not(flipside_loom)))]
mod svg_tests;

use std::boxed::Box;
use std::string::{String, ToString};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed};
pub use report::{PartyReport, Report, Spread};
use svg::Timeline;

/// What the parties of an exchange spend their time on, from [`Setup::profile`](super::Setup::profile): to be looked at while
/// they run, or when they are gone.
///
/// A party *computes* from the moment it has passed a round (or has started) until it publishes the next; then it *waits* until
/// it passes that. So what a party does between [`publish`](super::Round::publish) and
/// [`wait`](super::Pending::wait) counts as waiting, and so does a [step](super::Setup::step), for all. Times are of the wall: a
/// party that computes and is not given a processor computes all the same. A round counts once it has been passed.
///
/// A rank is *the last to arrive* at a round if it finds, when it has just published, that all whom it waits for have. Several
/// that arrive in the same moment may each count as the last, or none; in narrow rounds each is compared with its neighbours.
///
/// # Cost
///
/// Each party looks at the clock twice a round, and writes to lines that nobody else writes to. Nothing is allocated while
/// rounds go on: all memory is taken by `Setup::profile`, some 1.2 kB for each rank and 128 bytes for every three of the last
/// rounds that are kept, for each rank (on `x86_64` and `aarch64`; elsewhere a little less). Without a profile there is none of
/// this, but a branch that is always the same.
///
/// ```
/// use flipside::exchange;
/// use std::{thread, time::Duration};
///
/// let (setup, profile) = exchange::parties(2).segment(1, |_, _| 0).profile(100);
/// setup.scope(|mut round| {
///     for turn in 1..=3 {
///         if round.rank() == 1 {
///             thread::sleep(Duration::from_millis(20));
///         }
///         round.own()[0] = turn;
///         round = round.publish().wait().expect("nobody dies");
///     }
/// })?;
/// let report = profile.report();
/// assert_eq!(report.last, Some(1));
/// println!("{report}");
/// # Ok::<(), exchange::SetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profile(Arc<Lanes>);

impl Profile {
    /// What has been recorded so far. While parties run the numbers of each may be a round apart.
    ///
    /// Wait-free, and the parties do not notice.
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// let (setup, profile) = exchange::parties(3).no_segment().profile(0);
    /// setup.scope(|mut round| {
    ///     for _ in 0..10 {
    ///         round = round.publish().wait().expect("nobody dies");
    ///     }
    /// })?;
    /// let report = profile.report();
    /// assert!(report.parties.iter().all(|party| party.rounds == 10));
    /// assert!(report.imbalance >= 1.0);
    /// // A table, and what to do about it.
    /// println!("{report}");
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(&self.0)
    }

    /// A picture of the last rounds that were kept: a line for each party, from left to right what it computed and what it
    /// waited. At most 500 rounds and 40 parties, those that compute longest; less than 2 MB of SVG.
    ///
    /// Rounds that are being recorded in this very moment are left out. Wait-free, and the parties do not notice.
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// let (setup, profile) = exchange::parties(3).no_segment().profile(50);
    /// setup.scope(|mut round| {
    ///     for _ in 0..10 {
    ///         round = round.publish().wait().expect("nobody dies");
    ///     }
    /// })?;
    /// let picture = profile.svg();
    /// assert!(picture.starts_with("<svg "));
    /// // std::fs::write("rounds.svg", picture)?;
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    #[must_use]
    pub fn svg(&self) -> String {
        Timeline::of(&self.0).to_string()
    }
}

/// Written by the parties, each on lines of its own.
#[derive(Debug)]
pub(super) struct Recorder(Arc<Lanes>);

#[derive(Debug)]
struct Lanes {
    began: Instant,
    /// For all threads of this process.
    processors: usize,
    lanes: Box<[CachePadded<Lane>]>,
}

/// Of one rank. Only who has the rank writes here (and who gets it next comes after that one, by the lock of the barrier);
/// others may look at any time: all relaxed, and sums that are a round apart.
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
    /// The last rounds, by number: so many of them, in groups that fill a line each.
    kept: usize,
    timeline: Box<[CachePadded<[Slot; GROUP]>]>,
}

const GROUP: usize = 3;
/// More rounds are not kept for a picture.
const MOST_KEPT: usize = 1 << 16;
const BUCKETS: usize = 64;

/// Nanoseconds by powers of two: bucket `b` has those below `2^b`, and not below half of it; the last one all the rest.
#[derive(Debug)]
struct Histogram([AtomicU64; BUCKETS]);

/// A round of one party, in nanoseconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    round: u64,
    began: u64,
    arrived: u64,
    passed: u64,
}

/// Where a span is written, and others look meanwhile. They may find words of two spans, in any mixture, since no store is
/// ordered with another; so the last word is computed from the others, and tells. Two words can be right by themselves and
/// wrong together, such as a beginning long ago and an arrival just now: comparing them would not do.
#[derive(Debug)]
struct Slot([AtomicU64; 5]);

fn zero() -> AtomicU64 {
    AtomicU64::new(0)
}

/// For who is the only one that writes.
fn add(to: &AtomicU64, what: u64) {
    to.store(to.load(Relaxed).wrapping_add(what), Relaxed);
}

impl Histogram {
    fn new() -> Self {
        Self([(); BUCKETS].map(|()| zero()))
    }

    fn record(&self, ns: u64) {
        add(&self.0[((64 - ns.leading_zeros()) as usize).min(BUCKETS - 1)], 1);
    }
}

impl Span {
    /// One word from four: no change of a single word leaves it what it was, and one of several by an accident in 2^64. That
    /// of zeros is not zero: an empty slot is none.
    fn seal(&self) -> u64 {
        // 2^64 divided by the golden ratio.
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        [self.round, self.began, self.arrived, self.passed]
            .into_iter()
            .fold(ODD, |seal, word| (seal ^ word).wrapping_mul(ODD).rotate_left(29))
    }
}

impl Slot {
    fn empty() -> Self {
        Self([(); 5].map(|()| zero()))
    }

    fn write(&self, span: Span) {
        let words = [span.round, span.began, span.arrived, span.passed, span.seal()];
        self.0.iter().zip(words).for_each(|(slot, word)| slot.store(word, Relaxed));
    }

    /// Nothing, if there was none, or it is being written.
    fn read(&self) -> Option<Span> {
        let [round, began, arrived, passed, seal] = self.0.each_ref().map(|word| word.load(Relaxed));
        Some(Span { round, began, arrived, passed }).filter(|span| span.seal() == seal)
    }
}

impl Lane {
    fn new(kept: usize) -> Self {
        let group = |_| CachePadded::new([(); GROUP].map(|()| Slot::empty()));
        Self {
            passed_at: zero(),
            arrived_at: zero(),
            rounds: zero(),
            compute_ns: zero(),
            wait_ns: zero(),
            last: zero(),
            compute: Histogram::new(),
            wait: Histogram::new(),
            kept,
            timeline: (0..kept.div_ceil(GROUP)).map(group).collect(),
        }
    }

    /// For who has the rank.
    fn record(&self, span: Span) {
        let Span { round, began, arrived, passed } = span;
        let (compute, wait) = (arrived - began, passed - arrived);
        add(&self.compute_ns, compute);
        self.compute.record(compute);
        add(&self.wait_ns, wait);
        self.wait.record(wait);
        add(&self.rounds, 1);
        if self.kept != 0 {
            let at = (round % self.kept as u64) as usize;
            self.timeline[at / GROUP][at % GROUP].write(span);
        }
    }

    /// The rounds that are kept, in no order.
    fn spans(&self) -> impl Iterator<Item = Span> {
        self.timeline.iter().flat_map(|group| group.iter()).filter_map(Slot::read)
    }
}

impl Recorder {
    /// For so many ranks, with a timeline of the last `rounds`.
    pub(super) fn new(ranks: usize, rounds: usize, processors: usize) -> (Self, Profile) {
        let rounds = rounds.min(MOST_KEPT);
        let lanes = (0..ranks).map(|_| CachePadded::new(Lane::new(rounds))).collect();
        let lanes = Arc::new(Lanes { began: Instant::now(), processors, lanes });
        (Self(lanes.clone()), Profile(lanes))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A party starts, after this round.
    pub(super) fn started(&self, rank: usize) {
        self.0.lanes[rank].passed_at.store(self.now(), Relaxed);
    }

    /// A party is about to publish a round.
    pub(super) fn arrived(&self, rank: usize) {
        // Nothing is counted yet: who dies while it waits has not had this round.
        self.0.lanes[rank].arrived_at.store(self.now(), Relaxed);
    }

    /// When it had arrived, all others had.
    pub(super) fn was_last(&self, rank: usize) {
        add(&self.0.lanes[rank].last, 1);
    }

    /// A party has passed a round, which it had arrived at: once a round.
    pub(super) fn passed(&self, rank: usize, round: u64) {
        let lane = &self.0.lanes[rank];
        let began = lane.passed_at.load(Relaxed);
        // A clock that goes back on some processor must not break what all the rest relies on.
        let arrived = lane.arrived_at.load(Relaxed).max(began);
        let passed = self.now().max(arrived);
        lane.passed_at.store(passed, Relaxed);
        lane.record(Span { round, began, arrived, passed });
    }
}
