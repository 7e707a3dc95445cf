//! The one who takes the intervals.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::Shared;
use super::lane::{Look, Watch};
use crate::substrate::atomic::Backoff;

/// The reader of a recorder: visits what was recorded, interval after interval. Made by
/// [`Recorder::new`](super::Recorder::new).
///
/// It may outlive the writers and the recorder, and see the last of what they recorded. Dropped it takes nothing
/// along: writers go on recording, into values that nobody visits any more.
pub struct Snapshots<T> {
    shared: Arc<Shared<T>>,
    watches: Box<[Watch]>,
}

/// What an interval saw.
#[must_use = "it says whether values were left for the next interval"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interval {
    /// Calls of [`record`](super::Writer::record) in the values that were visited.
    pub records: u64,
    /// Writers whose values were left for a later interval, because they were inside of a `record` whenever the
    /// reader looked.
    pub occupied: usize,
}

impl Interval {
    /// Whether everything that was recorded before the interval was called has been visited.
    pub const fn is_complete(&self) -> bool {
        self.occupied == 0
    }
}

impl<T> Snapshots<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let watches = shared.lanes.iter().map(|_| Watch::new()).collect();
        Self { shared, watches }
    }

    /// Ends the interval for every writer, and visits what each recorded in it.
    ///
    /// The visitor is given one value after the other, each to itself for as long as it likes: the writers go on
    /// in their other values meanwhile. It merges the value into a total **and makes it ready for use again**, as by
    /// `fill(0)`, `reset()` or `mem::take`: what it leaves there is what the writer finds two flips later. Values into
    /// which nobody recorded are not visited; one whose writer was late for the last interval may be visited together
    /// with its other.
    ///
    /// All records that happen before this call are visited, each in exactly one interval, except those of the
    /// [occupied](Interval::occupied) lanes, which are visited later. Nothing is lost. Records made during the call
    /// are visited in this interval or a later one.
    ///
    /// # Progress
    ///
    /// Does not block. A writer who is inside is looked at again, with pauses and then by letting others run, about ten
    /// times in all; then he is left for the next interval. With `std`,
    /// [`interval_timeout`](Self::interval_timeout) waits longer. One atomic load for a writer who recorded
    /// nothing, a swap and a load for others. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If the visitor does. The value that it was visiting is visited again by the next interval, as the visitor left
    /// it; so are those that were not visited yet.
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::Recorder;
    /// let (recorder, mut snapshots) = Recorder::new(2, Vec::new)?;
    /// let (mut a, mut b) = (recorder.writer()?, recorder.writer()?);
    /// a.record(|seen| seen.push("a"));
    /// b.record(|seen| seen.push("b"));
    /// let mut all = Vec::new();
    /// let interval = snapshots.interval(|seen| all.append(seen)); // `append` leaves it empty.
    /// assert_eq!((all, interval.records), (vec!["a", "b"], 2));
    /// assert!(interval.is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interval(&mut self, visit: impl FnMut(&mut T)) -> Interval {
        let backoff = Backoff::default();
        self.run(visit, || {
            let again = !backoff.is_spent();
            if again {
                backoff.snooze();
            }
            again
        })
    }

    /// As [`interval`](Self::interval), and waits for writers who are inside of a `record`, for at most `timeout`.
    ///
    /// They do not ring when they leave; the reader sleeps from 50 us to 2 ms between two looks. Called from inside
    /// of a `record` of the same recorder it waits in vain for that one.
    ///
    /// # Panics
    ///
    /// As [`interval`](Self::interval).
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::Recorder;
    /// # use std::time::Duration;
    /// let (recorder, mut snapshots) = Recorder::new(1, || 0u64)?;
    /// let mut writer = recorder.writer()?;
    /// writer.record(|n| *n += 7);
    /// let mut sum = 0;
    /// let interval = snapshots.interval_timeout(Duration::from_secs(1), |n| sum += std::mem::take(n));
    /// assert!(interval.is_complete());
    /// assert_eq!(sum, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn interval_timeout(&mut self, timeout: core::time::Duration, visit: impl FnMut(&mut T)) -> Interval {
        let deadline = crate::collect::closing::deadline_after(timeout);
        let mut straggling = crate::collect::waiting::Straggling::default();
        self.run(visit, || straggling.pause(deadline))
    }

    /// The [slots](super::Writer::slot) of the writers whose values the last interval left behind. True until the next
    /// interval; they may have left since.
    pub fn stragglers(&self) -> impl Iterator<Item = usize> {
        self.watches.iter().enumerate().filter(|(_, watch)| watch.is_vacating()).map(|(slot, _)| slot)
    }

    /// Takes an interval; `wait` says whether to look at the stragglers once more.
    fn run(&mut self, mut visit: impl FnMut(&mut T), mut wait: impl FnMut() -> bool) -> Interval {
        let mut interval = Interval::default();
        // What earlier intervals left: a lane is flipped only when its back is visited.
        self.visit(&mut interval, &mut visit);
        // All flips before the first visit: the writers' intervals end at about the same time.
        for (lane, watch) in self.shared.lanes.iter().zip(&mut self.watches) {
            watch.flip(lane);
        }
        loop {
            self.visit(&mut interval, &mut visit);
            if interval.is_complete() || !wait() {
                return interval;
            }
        }
    }

    /// Visits what is vacant by now.
    fn visit(&mut self, interval: &mut Interval, visit: &mut impl FnMut(&mut T)) {
        interval.occupied = 0;
        for (lane, watch) in self.shared.lanes.iter().zip(&mut self.watches) {
            match watch.visit(lane, &mut *visit) {
                Look::Nothing => {}
                Look::Occupied => interval.occupied += 1,
                Look::Visited(records) => interval.records += records as u64,
            }
        }
    }
}

impl<T> fmt::Debug for Snapshots<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshots").field("writers", &self.watches.len()).finish_non_exhaustive()
    }
}
