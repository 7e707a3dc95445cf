//! What became of the records, from both sides' counters.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::collector::Shared;
use super::record::Lost;
use super::slot::{Cause, Slot};
use super::stats::{Counts, Dropped, Sizes, Stats, WriterStats};
use crate::substrate::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use crate::substrate::side::Side;

/// What the reader has done; written by the reader alone.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The highest flush ticket that is answered.
    pub(crate) answered: AtomicU64,
    pub(crate) finished: AtomicBool,
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

impl Shared {
    pub(crate) fn stats(&self) -> Stats {
        let finished = self.is_finished();
        let mut gaps = Lost::default();
        let mut writers = Vec::new();
        for (index, (slot, drained)) in self.slots.iter().zip(&self.tally.drained).enumerate() {
            let Some(source) = slot.source() else { continue };
            gaps.records += drained.gap_records.load(Relaxed);
            gaps.bytes = gaps.bytes.saturating_add(drained.gap_bytes.load(Relaxed));
            writers.push(WriterStats {
                slot: index,
                source,
                alive: slot.is_taken(),
                counts: counts(slot, drained, self.lanes.holds(index, slot), finished),
                sizes: Sizes(core::array::from_fn(|bucket| slot.sizes[bucket].load(Relaxed))),
            });
        }
        Stats {
            writers,
            flips: self.tally.flips.load(Relaxed),
            high_water: self.tally.high_water.load(Relaxed),
            side: self.lanes.capacity(),
            gaps,
        }
    }
}

/// What became of one slot's records.
fn counts(slot: &Slot, drained: &Drained, holds: bool, finished: bool) -> Counts {
    let sum = |field: fn(&super::slot::Marks) -> &AtomicU64| {
        [Side::A, Side::B].iter().map(|&side| field(&slot.marks[side]).load(Relaxed)).sum::<u64>()
    };
    let dropped = Dropped {
        full: slot.refused.count(Cause::Full),
        timeout: slot.refused.count(Cause::Timeout),
        too_large: slot.refused.count(Cause::TooLarge),
        closed: slot.refused.count(Cause::Closed),
        from_sink: slot.refused.count(Cause::FromSink),
        overwritten: drained.overwritten.load(Relaxed),
    };
    let refused = dropped.total() - dropped.overwritten;
    let (committed, aborted) = (slot.committed(), sum(|marks| &marks.aborted));
    let taken = drained.records.load(Relaxed);
    let left = committed.saturating_sub(taken + dropped.overwritten);
    let open = u64::from(holds);
    Counts {
        offered: committed + aborted + refused + open,
        drained: taken,
        drained_bytes: drained.bytes.load(Relaxed),
        dropped,
        aborted,
        abandoned: if finished { left } else { 0 },
        pending: if finished { open } else { left + open },
        waits: slot.waits.load(Relaxed),
        waited: Duration::from_nanos(slot.waited_ns.load(Relaxed)),
    }
}
