//! The commonest value: a row of counters.

use super::{Interval, Snapshots, Writer};

impl<const N: usize> Writer<[u64; N]> {
    /// Adds `by` to one counter, wrapping. Wait-free, as [`record`](Self::record).
    ///
    /// # Panics
    ///
    /// If there is no such counter; then nothing is recorded.
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::Recorder;
    /// let (recorder, mut snapshots) = Recorder::new(4, || [0; 2])?;
    /// let mut writer = recorder.writer()?;
    /// writer.add(0, 1);
    /// writer.add(1, 1500);
    /// let mut totals = [0; 2];
    /// assert!(snapshots.add_to(&mut totals).is_complete());
    /// assert_eq!(totals, [1, 1500]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn add(&mut self, counter: usize, by: u64) {
        assert!(counter < N, "counter {counter} of {N}");
        self.record(|counters| counters[counter] = counters[counter].wrapping_add(by));
    }
}

impl<const N: usize> Snapshots<[u64; N]> {
    /// Takes an [`interval`](Self::interval), adds what was counted to `totals`, wrapping, and begins again at 0.
    pub fn add_to(&mut self, totals: &mut [u64; N]) -> Interval {
        self.interval(|counters| {
            for (total, counter) in totals.iter_mut().zip(counters) {
                *total = total.wrapping_add(core::mem::take(counter));
            }
        })
    }
}
