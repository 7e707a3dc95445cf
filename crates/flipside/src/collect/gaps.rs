//! Losses, told in the output where they happened.
//!
//! A record is refused while the front is full, that is after the last record of that side and before the first
//! of the next. So what was lost up to a flip stands at the beginning of the side that the flip made the front; in
//! lanes of their own, before what is taken after everything that was published by then.
//! A loss that is counted while the reader flips is told one side later, never earlier; the sums are exact.

use alloc::boxed::Box;

use super::collector::{Drained, Slots};
use super::record::{GAP, Lost, gap};
use super::slot::{Slot, add};

/// By slot, cumulative.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Lost by the last flip.
    noted: Lost,
    /// Lost by the flip before it: due at the start of the side that is vacated now.
    due: Lost,
    /// Stands in the output.
    told: Lost,
    /// Committed and then left behind with a straggler, or given up for newer ones.
    abandoned: Lost,
}

impl Known {
    fn lost(&self, slot: &Slot) -> Lost {
        let refused = slot.refused.lost();
        Lost {
            records: refused.records + self.abandoned.records,
            bytes: refused.bytes.saturating_add(self.abandoned.bytes),
        }
    }

    fn untold(&self) -> Lost {
        Lost { records: self.due.records - self.told.records, bytes: self.due.bytes - self.told.bytes }
    }
}

#[derive(Debug)]
pub(crate) struct Gaps(Box<[Known]>);

impl Gaps {
    pub(crate) fn new(slots: usize) -> Self {
        Self(alloc::vec![Known::default(); slots].into_boxed_slice())
    }

    /// Right before a flip: what was lost before belongs to the start of the new front.
    pub(crate) fn note(&mut self, slots: &Slots) {
        for (known, slot) in self.0.iter_mut().zip(slots) {
            known.due = known.noted;
            known.noted = known.lost(slot);
        }
    }

    /// What has just been noted of a slot comes too early: records that are older than the loss are still to be taken.
    pub(crate) fn put_off(&mut self, slot: usize) {
        self.0[slot].noted = self.0[slot].due;
    }

    /// After the last side: everything is due.
    pub(crate) fn note_all(&mut self, slots: &Slots) {
        self.note(slots);
        self.0.iter_mut().for_each(|known| known.due = known.noted);
    }

    /// Records that were committed by a slot and will not be drained.
    pub(crate) fn abandon(&mut self, slot: usize, records: u64, bytes: u64) {
        self.0[slot].abandoned.records += records;
        self.0[slot].abandoned.bytes += bytes;
    }

    /// Writes a gap record for each slot with untold losses to the end of `room`; returns their bytes.
    pub(crate) fn write(&self, room: &mut [u8], slots: &Slots) -> usize {
        let mut from = room.len();
        for (known, slot) in self.0.iter().zip(slots) {
            let lost = known.untold();
            if lost.records != 0 {
                from -= GAP;
                room[from..from + GAP].copy_from_slice(&gap(slot.source().unwrap_or_default(), lost));
            }
        }
        room.len() - from
    }

    /// What was written last stands in the output now.
    pub(crate) fn told(&mut self, drained: &[Drained]) {
        for (known, drained) in self.0.iter_mut().zip(drained) {
            let lost = known.untold();
            // Bytes without a count were not written: the count follows them ([C15]).
            if lost.records != 0 {
                add(&drained.gap_records, lost.records);
                add(&drained.gap_bytes, lost.bytes);
                known.told = known.due;
            }
        }
    }
}
