//! One order for those who want it: the lanes of a batch, merged by what stands in the records.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;
use core::iter::FusedIterator;

use super::batch::Batch;
use super::record::{Record, Records};

/// The records of a batch in the order of their keys. Made by [`Batch::merged_by_key`].
pub struct Merged<'a, K, F> {
    lanes: Vec<Lane<'a>>,
    /// The lanes that have a record left: its key, and the number of the lane, which decides between equal keys.
    heads: BinaryHeap<Reverse<(Option<K>, usize)>>,
    key: F,
}

/// What one writer has in the batch: the rest of one side, then the beginning of the other.
struct Lane<'a> {
    head: Option<Record<'a>>,
    now: Records<'a>,
    then: Option<Records<'a>>,
}

impl<'a> Lane<'a> {
    fn next(&mut self) -> Option<Record<'a>> {
        self.now.next().or_else(|| {
            self.now = self.then.take()?;
            self.now.next()
        })
    }
}

impl Batch<'_> {
    /// The records of all writers in one order, by `key`: a time that the application puts into its records, say.
    ///
    /// Each writer's records keep their order, whatever their keys; of those that come next in their lanes the one with
    /// the smallest key is first, and of equal keys that of the lower [slot](super::Writer::slot). A record for
    /// which `key` has none (a [`Gap`](Record::Gap), something aborted) comes as soon as it is its turn.
    ///
    /// With [`Order::Total`](super::Order::Total) there is one lane, so nothing changes.
    ///
    /// Only what is in the batch is merged. A record that was still being written when the batch was taken comes with
    /// the next one, even if its key is smaller than the largest of this one; so the seam between two batches is as
    /// exact as a write is short.
    ///
    /// ```
    /// use flipside::collect::{Builder, Next, Order, Overflow, Record};
    ///
    /// let (collector, mut drain) = Builder::new(Overflow::Fail).order(Order::PerWriter).build()?;
    /// let (mut a, mut b) = (collector.writer()?, collector.writer()?);
    /// for time in 0..6u64 {
    ///     if time % 2 == 0 { &mut a } else { &mut b }.write_value(&time)?;
    /// }
    /// collector.request_flush();
    /// let Next::Batch(batch) = drain.try_next() else { panic!("asked for") };
    /// let time = |record: &Record<'_>| record.value::<u64>();
    /// let times: Vec<u64> = batch.merged_by_key(time).filter_map(|record| record.value()).collect();
    /// assert_eq!(times, [0, 1, 2, 3, 4, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Allocates once for each call, room for two words a lane; then each record takes one comparison for each doubling
    /// of the lanes.
    pub fn merged_by_key<K: Ord, F>(&self, key: F) -> Merged<'_, K, F>
    where
        F: FnMut(&Record<'_>) -> Option<K>,
    {
        let mut lanes: Vec<Lane<'_>> = Vec::new();
        let mut before = None;
        for (whose, slice) in self.slices_by_lane() {
            let records = Records::new(slice);
            match lanes.last_mut() {
                // The pieces of a lane stand one after the other.
                Some(lane) if whose.is_some() && whose == before => lane.then = Some(records),
                _ => lanes.push(Lane { head: None, now: records, then: None }),
            }
            before = whose;
        }
        let mut merged = Merged { heads: BinaryHeap::with_capacity(lanes.len()), lanes, key };
        (0..merged.lanes.len()).for_each(|lane| merged.advance(lane));
        merged
    }
}

impl<K: Ord, F: FnMut(&Record<'_>) -> Option<K>> Merged<'_, K, F> {
    /// Moves on in a lane whose head is gone.
    fn advance(&mut self, lane: usize) {
        let head = self.lanes[lane].next();
        if let Some(record) = &head {
            self.heads.push(Reverse(((self.key)(record), lane)));
        }
        self.lanes[lane].head = head;
    }
}

impl<'a, K: Ord, F: FnMut(&Record<'_>) -> Option<K>> Iterator for Merged<'a, K, F> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let Reverse((_, lane)) = self.heads.pop()?;
        let record = self.lanes[lane].head.take();
        self.advance(lane);
        record
    }
}

impl<K: Ord, F: FnMut(&Record<'_>) -> Option<K>> FusedIterator for Merged<'_, K, F> {}

impl<K, F> fmt::Debug for Merged<'_, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merged").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}
