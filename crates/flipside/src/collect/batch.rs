//! A vacated side in the hands of the sink.

use core::fmt;

use super::drain::{Drain, Phase, Turn};
use super::lanes::Lanes;
use super::record::{Record, Records};
use crate::substrate::atomic::Ordering::Relaxed;

/// A vacated side: nobody writes it until it is released.
///
/// Once its bytes are where they belong, [`release`](Self::release) it: that is the sink's answer, for which
/// flushes wait. Dropped without, after an error for instance, the same side is handed out again by the next
/// call.
pub struct Batch<'a> {
    drain: &'a mut Drain,
    turn: Turn,
}

impl<'a> Batch<'a> {
    pub(super) fn new(drain: &'a mut Drain, turn: Turn) -> Self {
        #[cfg(feature = "std")]
        drain.shared.drains_here(false);
        Self { drain, turn }
    }

    /// A batch in the hands of a task: while that waits, others run on this thread.
    #[cfg(feature = "std")]
    pub(super) fn in_task(drain: &'a mut Drain, turn: Turn) -> Self {
        drain.shared.drains_here(true);
        Self { drain, turn }
    }

    /// The bytes to store, in order, each slice a whole number of records. With
    /// [`Order::Total`](super::Order::Total) there is exactly one; with
    /// [`Order::PerWriter`](super::Order::PerWriter) one with the gaps, if there are any, and one or two for each
    /// writer, if he wrote.
    ///
    /// They are the sides themselves: headers, bodies and padding as [`Records`] reads them. Nothing is copied.
    pub fn slices(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        let image = &self.drain.image;
        let gaps = usize::from(image.gaps != 0);
        (0..gaps + image.pieces.len()).map(move |index| match index.checked_sub(gaps) {
            None => &image.room[image.room.len() - image.gaps..],
            Some(index) => self.piece(index),
        })
    }

    /// The same, each with the number of its lane; gaps stand in none.
    pub(super) fn slices_by_lane(&self) -> impl Iterator<Item = (Option<usize>, &[u8])> {
        let lanes = self.drain.image.pieces.iter().map(|piece| Some(piece.lane));
        let gaps = self.slices().len() - lanes.len();
        core::iter::repeat_n(None, gaps).chain(lanes).zip(self.slices())
    }

    fn piece(&self, index: usize) -> &[u8] {
        let super::take::Piece { lane, side, from, to } = self.drain.image.pieces[index];
        match &self.drain.shared.lanes {
            // SAFETY: `Phase::Ready` says that the side is vacant (or, once stragglers were left behind, that these
            // are the gaps in the reader's own room), and it does not become the front again before the batch is
            // released or dropped, which ends the borrow of what this returns.
            Lanes::Shared(lane) => unsafe { lane.vacated(side, from, to) },
            // SAFETY: `Phase::Ready` says that the piece was seen published, and it is not released before the batch
            // is, which ends the borrow of what this returns.
            Lanes::Own(lanes) => unsafe { lanes[lane].published(side, from, to) },
        }
    }

    /// The records in the order of the slices.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> + Clone {
        self.slices().flat_map(Records::new)
    }

    /// Bytes in all slices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.drain.image.len()
    }

    /// Never: a side without a byte is not handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Committed records in it; gaps and aborted claims do not count.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.drain.image.records
    }

    /// The number of the flip that vacated it, from 1.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.drain.epoch()
    }

    /// The sink has taken it: the side may be written again, and flushes that asked for it are answered.
    pub fn release(self) {
        self.drain.released(self.turn);
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.drain.shared.tally.draining.store(0, Relaxed);
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("epoch", &self.epoch())
            .field("count", &self.count())
            .field("len", &self.len())
            .finish()
    }
}

impl Drain {
    /// Whether a batch waits to be released.
    #[must_use]
    pub fn has_batch(&self) -> bool {
        matches!(self.phase, Phase::Ready(_))
    }
}
