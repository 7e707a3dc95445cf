//! Counters that add up.

use alloc::vec::Vec;
use core::ops::AddAssign;
use core::time::Duration;

use super::record::Lost;
use super::slot::SIZES;

/// Refused records by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The side was full and the policy is not to wait.
    pub full: u64,
    /// The side stayed full for longer than the policy waits.
    pub timeout: u64,
    /// Larger than a side.
    pub too_large: u64,
    /// Offered after the close.
    pub closed: u64,
    /// Offered by the draining thread to a full side.
    pub from_sink: u64,
    /// Accepted, and given up for newer ones by a [flight recorder](super::Overflow::FlightRecorder).
    pub overwritten: u64,
}

impl Dropped {
    /// All causes together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.full + self.timeout + self.too_large + self.closed + self.from_sink + self.overwritten
    }

    /// Name and count of each cause.
    #[must_use]
    pub const fn by_cause(&self) -> [(&'static str, u64); 6] {
        [
            ("full", self.full),
            ("timeout", self.timeout),
            ("too_large", self.too_large),
            ("closed", self.closed),
            ("from_sink", self.from_sink),
            ("overwritten", self.overwritten),
        ]
    }
}

/// Where the records went: **offered = drained + dropped + aborted + abandoned + pending**.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Records that somebody wanted to write, claims included. A [batch](super::ClaimBatch) counts as one until it is
    /// committed, then as its records.
    pub offered: u64,
    /// Records that the sink took.
    pub drained: u64,
    /// The bytes of their bodies. While writers with lanes of their own are at work it may be ahead, by records that
    /// were published while the reader looked.
    pub drained_bytes: u64,
    /// Records refused, by cause.
    pub dropped: Dropped,
    /// Claims, and batches as one record each, that were dropped, forgotten or unwound instead of committed.
    pub aborted: u64,
    /// Records committed and never drained, because the reader went away or gave up waiting for a straggler.
    pub abandoned: u64,
    /// Records still on their way: committed and not yet drained, or still being written.
    pub pending: u64,
    /// Times that a writer waited for room.
    pub waits: u64,
    /// How long they waited in all.
    pub waited: Duration,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.offered += other.offered;
        self.drained += other.drained;
        self.drained_bytes += other.drained_bytes;
        self.dropped.full += other.dropped.full;
        self.dropped.timeout += other.dropped.timeout;
        self.dropped.too_large += other.dropped.too_large;
        self.dropped.closed += other.dropped.closed;
        self.dropped.from_sink += other.dropped.from_sink;
        self.dropped.overwritten += other.dropped.overwritten;
        self.aborted += other.aborted;
        self.abandoned += other.abandoned;
        self.pending += other.pending;
        self.waits += other.waits;
        self.waited += other.waited;
    }
}

/// Body sizes by powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes(pub(crate) [u64; SIZES]);

impl Sizes {
    /// `(smallest size, largest size, records)` of each bucket that is not empty, in ascending order.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.0.iter().enumerate().filter(|&(_, &count)| count != 0).map(|(bits, &count)| match bits {
            0 => (0, 0, count),
            _ => (1 << (bits - 1), (1 << bits) - 1, count),
        })
    }
}

/// One slot's share, over all the writers that held it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterStats {
    /// The slot's number, below [`writers`](super::Builder::writers).
    pub slot: usize,
    /// The source of its records.
    pub source: u16,
    /// Whether a writer holds it now.
    pub alive: bool,
    /// Where its records went.
    pub counts: Counts,
    /// How large the committed ones were.
    pub sizes: Sizes,
}

/// What a collector has done so far.
///
/// Exact once its writers rest; while they write it is a snapshot in which one counter may be a few records
/// ahead of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// A row for each slot that ever had a writer.
    pub writers: Vec<WriterStats>,
    /// Flips so far.
    pub flips: u64,
    /// The fullest side so far, in bytes.
    pub high_water: usize,
    /// The size of a side, in bytes.
    pub side: usize,
    /// Lost records that stand in the output as gaps.
    pub gaps: Lost,
}

impl Stats {
    /// All writers together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.writers.iter().for_each(|writer| total += writer.counts);
        total
    }
}

/// A writer that has not left the side that the reader waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Straggler {
    /// Its slot.
    pub slot: usize,
    /// The source of its records.
    pub source: u16,
    /// For how long the reader has been waiting for it; it holds its claim at least as long.
    pub held: Duration,
}

/// How a close ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct Report {
    /// Whether the reader drained everything that had been accepted. If not: see `stragglers`, and
    /// [`Counts::abandoned`] and [`Counts::pending`] in the statistics.
    pub complete: bool,
    /// Who was in the way.
    pub stragglers: Vec<Straggler>,
    /// The final counts.
    pub stats: Stats,
}
