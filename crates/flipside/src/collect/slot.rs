//! A writer's private lines: what it tells the reader, by plain stores that nobody contends for.

use super::record::Lost;
use crate::substrate::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    Site, at, fence,
};
use crate::substrate::side::{Pair, Side};

/// Buckets of the size histogram: bucket `n` counts bodies of `n` significant bits, so 0, 1, 2..3, 4..7, ...
pub(crate) const SIZES: usize = 33;

/// What a writer did on one side, cumulative over all epochs.
///
/// ```text
/// claim fits:         done += span   when it is committed or aborted
/// claim does not fit: failed += span at once
/// an epoch is over:   what done and failed gained in it == what the head had handed out
/// ```
#[derive(Debug)]
pub(crate) struct Marks {
    /// Bytes of committed and aborted claims; wraps, only differences count.
    pub(crate) done: AtomicUsize,
    /// Bytes of claims that did not fit; wraps.
    pub(crate) failed: AtomicUsize,
    /// Committed records; in a lane of its own the slot's place counts them.
    pub(crate) records: AtomicU64,
    /// The bytes of their bodies.
    pub(crate) bytes: AtomicU64,
    /// Aborted claims.
    pub(crate) aborted: AtomicU64,
}

impl Marks {
    fn new() -> Self {
        Self {
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
        }
    }
}

/// Why an offer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Full,
    Timeout,
    TooLarge,
    Closed,
    FromSink,
}

/// Counters by [`Cause`], and the bytes of those that leave a gap.
#[derive(Debug)]
pub(crate) struct Refused {
    counts: [AtomicU64; 5],
    gap_records: AtomicU64,
    gap_bytes: AtomicU64,
    /// A refusal is being counted: the reader must not write the last gaps yet.
    pending: AtomicBool,
}

impl Refused {
    fn new() -> Self {
        Self {
            counts: core::array::from_fn(|_| AtomicU64::new(0)),
            gap_records: AtomicU64::new(0),
            gap_bytes: AtomicU64::new(0),
            pending: AtomicBool::new(false),
        }
    }

    /// Counts a refusal of `len` bytes, for `cause` or, if `is_closed` says so, because of that; returns which.
    pub(crate) fn settle(&self, cause: Cause, len: usize, is_closed: impl Fn() -> bool) -> Cause {
        if is_closed() {
            // No gap is needed, so nobody need wait: writers that go on trying do not keep the reader.
            self.note(Cause::Closed, len);
            return Cause::Closed;
        }
        self.pending.store(true, Relaxed);
        // [C17] SeqCst fence, pairs with [C18]. Ours first: the reader sees the mark and waits until the loss is
        // counted. Theirs first: we see the close, and the loss needs no gap. Weaker: a loss that is in the
        // counts and in no gap.
        fence(Site::C17);
        let cause = if is_closed() { Cause::Closed } else { cause };
        self.note(cause, len);
        // [C9] Release, pairs with [C10].
        self.pending.store(false, at(Site::C9, Release));
        cause
    }

    /// Whether a refusal is being counted. Once it was seen that none is, all earlier ones are in the counts.
    pub(crate) fn is_settling(&self) -> bool {
        // [C10] Acquire, pairs with [C9]: the counts that follow include the refusal. Weaker: it may be missed.
        self.pending.load(at(Site::C10, Acquire))
    }

    fn note(&self, cause: Cause, len: usize) {
        add(&self.counts[cause as usize], 1);
        // After `close` there is no output any more in which a gap could stand.
        if cause != Cause::Closed {
            let bytes = self.gap_bytes.load(Relaxed).saturating_add(len as u64);
            self.gap_bytes.store(bytes, Relaxed);
            let records = self.gap_records.load(Relaxed) + 1;
            // [C15] Release, pairs with [C16]: whoever sees the count sees the bytes. Weaker, or in the other
            // order: a gap tells of the last record without its bytes, and they are never told.
            self.gap_records.store(records, at(Site::C15, Release));
        }
    }

    pub(crate) fn count(&self, cause: Cause) -> u64 {
        self.counts[cause as usize].load(Relaxed)
    }

    /// All that a gap record has told, or has yet to tell. The bytes may be a record ahead of the count.
    pub(crate) fn lost(&self) -> Lost {
        Lost {
            // [C16] Acquire, pairs with [C15].
            records: self.gap_records.load(at(Site::C16, Acquire)),
            bytes: self.gap_bytes.load(Relaxed),
        }
    }
}

/// `counter += by` for a counter that only one thread writes: no read-modify-write.
#[inline]
pub(crate) fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

const OUT: u32 = 0;
const ENTERING: u32 = 1;
/// Plus the side's bit.
const ON: u32 = 2;

/// One writer's place in the collector.
///
/// ```text
/// owner:  FREE --take--> TAKEN --give back--> FREE       (its counters go on; its source never changes)
/// phase:  OUT --> ENTERING --> ON(side) --> OUT          (ENTERING --> OUT where the claim does not fit)
/// ```
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) marks: Pair<Marks>,
    /// Where its writer is. Only for reports: it orders nothing.
    phase: AtomicU32,
    /// The last claim failed, and no head has been seen since that has room: look before claiming again, lest
    /// failed claims carry the offset into the side bit.
    pub(crate) full: AtomicBool,
    /// The thread that holds an open [`Claim`](super::Claim), or 0.
    pub(crate) claimed_by: AtomicUsize,
    /// 0 before its first writer, then 1 + the source, for good.
    pub(crate) source: AtomicU32,
    taken: AtomicBool,
    pub(crate) refused: Refused,
    /// Times, and nanoseconds in all, that its writer waited for room.
    pub(crate) waits: AtomicU64,
    pub(crate) waited_ns: AtomicU64,
    pub(crate) sizes: [AtomicU64; SIZES],
}

impl Slot {
    pub(crate) fn new() -> Self {
        Self {
            marks: Pair::new(Marks::new(), Marks::new()),
            phase: AtomicU32::new(OUT),
            full: AtomicBool::new(false),
            claimed_by: AtomicUsize::new(0),
            source: AtomicU32::new(0),
            taken: AtomicBool::new(false),
            refused: Refused::new(),
            waits: AtomicU64::new(0),
            waited_ns: AtomicU64::new(0),
            sizes: core::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Takes the slot for a new writer, unless somebody has it. Wait-free.
    pub(crate) fn take(&self) -> bool {
        // [C14] Acquire, pairs with [C13]. The next owner's plain `load, store` of the counters must follow
        // the last owner's: weaker, and a counter goes back, so that an epoch never adds up.
        self.taken.compare_exchange(false, true, at(Site::C14, Acquire), Relaxed).is_ok()
    }

    /// Gives the slot back.
    pub(crate) fn give_back(&self) {
        // [C13] Release, pairs with [C14].
        self.taken.store(false, at(Site::C13, Release));
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// The source of its records, if it ever had a writer.
    pub(crate) fn source(&self) -> Option<u16> {
        self.source.load(Relaxed).checked_sub(1).map(|source| source as u16)
    }

    /// Its writer is about to claim.
    #[inline]
    pub(crate) fn entering(&self) {
        self.phase.store(ENTERING, Relaxed);
    }

    /// Its writer holds a claim on `side`.
    #[inline]
    pub(crate) fn entered(&self, side: Side) {
        self.phase.store(ON + side.bit() as u32, Relaxed);
    }

    /// Its writer holds no claim.
    #[inline]
    pub(crate) fn out(&self) {
        self.phase.store(OUT, Relaxed);
    }

    /// Whether its writer may hold a claim on `side` at this moment.
    #[cfg(feature = "std")]
    pub(crate) fn may_be_on(&self, side: Side) -> bool {
        let phase = self.phase.load(Relaxed);
        phase == ENTERING || phase == ON + side.bit() as u32
    }

    /// A record of `len` bytes was committed; its bytes are counted with `side`.
    #[inline]
    pub(crate) fn count(&self, side: Side, len: usize) {
        add(&self.sizes[bucket(len)], 1);
        add(&self.marks[side].bytes, len as u64);
    }

    /// Records committed since birth.
    pub(crate) fn committed(&self) -> u64 {
        self.sizes.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// Whether its writer holds a claim at this moment, on either side.
    pub(crate) fn holds(&self) -> bool {
        self.phase.load(Relaxed) >= ON
    }

    /// A claim of `span` bytes on `side` did not fit.
    pub(crate) fn fail(&self, side: Side, span: usize) {
        let failed = &self.marks[side].failed;
        failed.store(failed.load(Relaxed).wrapping_add(span), Relaxed);
        self.full.store(true, Relaxed);
    }

    /// The claim of `span` bytes on `side` is over, its bytes are all written.
    #[inline]
    pub(crate) fn leave(&self, side: Side, span: usize) {
        let done = &self.marks[side].done;
        // [C2] Release, pairs with [C3]. Ours first: the reader sees the bytes of the claim and its count.
        // Theirs first: it does not find its sum and looks again. Weaker: it drains bytes not yet there.
        done.store(done.load(Relaxed).wrapping_add(span), at(Site::C2, Release));
    }

    /// Bytes done on `side` since birth, with all that they hold.
    pub(crate) fn done(&self, side: Side) -> usize {
        // [C3] Acquire, pairs with [C2].
        self.marks[side].done.load(at(Site::C3, Acquire))
    }
}

/// The bucket of a body's size.
#[inline]
pub(crate) const fn bucket(len: usize) -> usize {
    (usize::BITS - len.leading_zeros()) as usize
}
