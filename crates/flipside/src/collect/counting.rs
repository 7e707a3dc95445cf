//! The statistics, put together from what writers and reader count for themselves.

use alloc::vec::Vec;
use core::time::Duration;

use super::collector::{Drained, Shared};
use super::record::Lost;
use super::slot::{Cause, Marks, Slot};
use super::stats::{Counts, Dropped, Sizes, Stats, WriterStats};
use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed};
use crate::substrate::side::Side;

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
    let sum = |field: fn(&Marks) -> &AtomicU64| {
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
