//! What the reader has done, for writers, flushers and statistics to see.

use alloc::boxed::Box;

use crate::substrate::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What the reader has done; written by the reader alone.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The highest flush ticket that is answered.
    pub(super) answered: AtomicU64,
    pub(super) finished: AtomicBool,
    /// The thread that holds a batch at present, or 0.
    pub(crate) draining: AtomicUsize,
    /// It is a task that holds it.
    #[cfg(feature = "std")]
    pub(crate) draining_in_task: AtomicBool,
    /// The reader sleeps without end, or is about to; written before it announces itself.
    pub(crate) in_deep_sleep: AtomicBool,
    pub(crate) flips: AtomicU64,
    pub(crate) high_water: AtomicUsize,
    /// By slot.
    pub(crate) drained: Box<[Drained]>,
}

/// What the sink took of one slot's records.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) overwritten: AtomicU64,
    pub(crate) gap_records: AtomicU64,
    pub(crate) gap_bytes: AtomicU64,
}

impl Tally {
    /// A side was found filled to here.
    pub(crate) fn filled(&self, bytes: usize) {
        if bytes > self.high_water.load(Relaxed) {
            self.high_water.store(bytes, Relaxed);
        }
    }
}
