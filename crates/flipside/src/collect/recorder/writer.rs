//! Those who record.

use alloc::sync::Arc;
use core::fmt;
use core::hint::black_box;

use super::Shared;
use crate::substrate::side::Side;
use crate::substrate::unwind::Finally;

/// Records into values of its own. Made by [`Recorder::writer`](super::Recorder::writer); one for each thread that
/// records.
///
/// Dropped it leaves its place to the next writer. What it recorded stays, and is seen in the next interval.
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
    slot: usize,
    /// The side of the last record: a good guess at that of the next.
    last: Side,
}

impl<T> Writer<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>, slot: usize) -> Self {
        Self { shared, slot, last: Side::A }
    }

    /// Lends the value of the front side to `f`, and returns what `f` does.
    ///
    /// The value is one of the two of this writer's place. It holds what was recorded since the visitor of
    /// [`Snapshots::interval`](super::Snapshots::interval) last saw it, on top of what that visitor left in it.
    ///
    /// While `f` runs the side is occupied: the reader leaves it for a later interval, and its records with it. So be
    /// short; but no length of `f` holds up anybody else.
    ///
    /// # Progress
    ///
    /// Wait-free, but for what `f` does: one read-modify-write and plain loads and stores, on a line that no other
    /// writer touches and the reader once an interval. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If `f` does. The side is left all the same; the value is what `f` made of it until then, and the call counts as
    /// a record.
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::Recorder;
    /// let (recorder, mut snapshots) = Recorder::new(1, || (0u64, u64::MAX))?;
    /// let mut writer = recorder.writer()?;
    /// for latency in [30, 10, 20] {
    ///     // Both or neither: no interval sees a count without its minimum.
    ///     writer.record(|(count, min)| {
    ///         *count += 1;
    ///         *min = latency.min(*min);
    ///     });
    /// }
    /// let mut seen = (0, 0);
    /// let interval = snapshots.interval(|value| seen = std::mem::replace(value, (0, u64::MAX)));
    /// assert_eq!((seen, interval.records), ((3, 10), 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn record<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R {
        let lane = &self.shared.lanes[self.slot];
        let entered = lane.enter();
        if self.last != entered {
            self.last = entered;
        }
        // The same side, told by a branch that is foreseen instead of by the outcome of the read-modify-write: the
        // processor need not wait for that to find the value. Took a fifth off a record (7.6 to 6.3 ns with a
        // histogram, 3.4 to 2.8 with two counters). The box keeps the compiler from seeing that they are equal.
        let side = black_box(self.last);
        let _leaves = Finally::new(|| lane.leave(side));
        // SAFETY: we own the lane: the slot was taken for us, and `&mut self` is one thread at a time. We are inside of
        // `side`, which is what we entered, until `_leaves` runs, after `f`; the reader keeps off until then. [R1] puts his earlier accesses
        // before ours, [R6] those of the slot's last owner.
        unsafe { lane.with(side, f) }
    }

    /// Its place among the writers, from 0: what [`stragglers`](super::Snapshots::stragglers) names. The next writer
    /// in this place has the same.
    pub const fn slot(&self) -> usize {
        self.slot
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.shared.give_back(self.slot);
    }
}

impl<T> fmt::Debug for Writer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("slot", &self.slot).finish_non_exhaustive()
    }
}
