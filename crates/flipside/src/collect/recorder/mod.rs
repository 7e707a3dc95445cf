//! Counters and histograms: many writers record into values of their own, one reader takes stable intervals.
//!
//! Each writer has two copies of a `T` of your choice. It records into the one in front, by a closure; the reader
//! flips, waits a moment for those inside, and visits what each writer recorded since the last time, in the copy that
//! the writer has left. No writer ever waits, and no reader ever sees a half-recorded value.
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! use std::thread;
//!
//! /// What a server counts for each request: all three or none.
//! #[derive(Default)]
//! struct Served { requests: u64, bytes: u64, slowest_us: u64 }
//!
//! let (recorder, mut snapshots) = Recorder::new(4, Served::default)?;
//! let mut total = Served::default();
//! let mut merge = |served: &mut Served| {
//!     let served = std::mem::take(served); // Ready for use again.
//!     total.requests += served.requests;
//!     total.bytes += served.bytes;
//!     total.slowest_us = total.slowest_us.max(served.slowest_us);
//! };
//! thread::scope(|scope| -> Result<(), Box<dyn std::error::Error>> {
//!     for thread in 0..4 {
//!         let mut writer = recorder.writer()?;
//!         scope.spawn(move || {
//!             for n in 0..1000 {
//!                 writer.record(|served| {
//!                     served.requests += 1;
//!                     served.bytes += 100;
//!                     served.slowest_us = served.slowest_us.max(n * thread);
//!                 });
//!             }
//!         });
//!     }
//!     let interval = snapshots.interval(&mut merge); // Whatever is there by now.
//!     println!("{} requests", interval.records);
//!     Ok(())
//! })?;
//! assert!(snapshots.interval(&mut merge).is_complete());
//! assert_eq!((total.requests, total.bytes, total.slowest_us), (4000, 400_000, 2997));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For histograms see the example `metrics`, with `hdrhistogram`; rows of counters have [`Writer::add`] and
//! [`Snapshots::add_to`].
//!
//! # When not to use it
//!
//! - For one plain counter: an atomic for each thread, added up by the reader, costs less.
//! - For records that must arrive one by one: that is [`collect`](crate::collect).
//! - For thousands of writers with large values: each has two copies.
//! - When several readers want intervals of their own: give one of them the [`Snapshots`], and publish its totals.
//!
//! # Guarantees
//!
//! - [`Writer::record`] is wait-free: one read-modify-write on a line of the writer's own, the closure, a plain store.
//!   It takes no lock, makes no system call and allocates nothing.
//! - A value is visited only while its writer is outside, and entered only while the reader is: no half of a record is
//!   ever seen.
//! - Every record is visited exactly once, in the interval that follows it or, if its writer is inside of a `record`
//!   just then, in a later one; [`Interval::occupied`] says how many are. What a writer recorded before it was dropped
//!   is no exception.
//! - [`Snapshots::interval`] does not block. A writer that never returns from its closure costs its own last records,
//!   and nobody else anything.
//! - Soundness rests on acquire and release alone, and on no destructor that user code could forget.
//!
//! Intervals of different writers end at about the same time, not at the same instant: there is no moment at which the
//! sum over all writers was what an interval says. For each writer there is.
//!
//! # Cost
//!
//! About what an uncontended mutex of one's own costs: 2.8 ns a record with two counters (the mutex 4.4), 6.3 with a
//! histogram (the mutex 5.8, the bare histogram 4.1), on an EPYC with a reader that sleeps. The mutex makes its writer
//! wait while the reader merges and resets, tens of microseconds for a histogram; here nobody does. The recorder in
//! `hdrhistogram::sync` took 4.3: it needs no read-modify-write, but its reader waits for every writer's next record.
//!
//! # Memory
//!
//! For each writer two `T` and one line for its words, each rounded up to 128 bytes on most machines, and what the
//! values allocate themselves: see [`Recorder::memory`]. All of it is allocated by [`Recorder::new`].
//!
//! # Algorithm
//!
//! G. Tene's `WriterReaderPhaser` and Prometheus' hot/cold histogram, with two differences: each writer has a lane of
//! its own, so that writers share no line and a straggler holds up only itself; and the side stands below the count, so
//! that the count may wrap. The proof:
//!
//! What is guaranteed here is proved in [`proof`].

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::MAX_WRITERS;
pub use super::error::{BuildError, TooManyWriters};
use crate::substrate::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release},
    Site, at,
};

#[cfg(doctest)]
mod compile_fail;
mod counters;
mod lane;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod lane_tests;
#[cfg(all(test, flipside_loom))]
mod model;
mod snapshots;
mod writer;
#[doc = include_str!("PROOF.md")]
pub mod proof {}

pub use snapshots::{Interval, Snapshots};
pub use writer::Writer;

type Lane<T> = lane::Lane<T, { lane::WIDE }>;

/// The state behind every handle.
struct Shared<T> {
    lanes: Box<[Lane<T>]>,
    /// Who has an owner. Apart from the lanes, so that a search for a free one disturbs no writer.
    ///
    /// ```text
    /// FREE --take--> TAKEN --give back--> FREE       (counts and values of the lane go on)
    /// ```
    taken: Box<[AtomicBool]>,
}

impl<T> Shared<T> {
    /// Takes a lane for a new writer, unless somebody has it. Wait-free.
    fn take(&self, slot: usize) -> bool {
        let taken = &self.taken[slot];
        // [R6] Acquire, pairs with [R5]. Ours after theirs: what the last owner did to the values and the counts is
        // over. Weaker: two owners change a value at once, or a count goes back and its epoch never adds up.
        !taken.load(Relaxed) && taken.compare_exchange(false, true, at(Site::R6, Acquire), Relaxed).is_ok()
    }

    fn give_back(&self, slot: usize) {
        // [R5] Release, pairs with [R6].
        self.taken[slot].store(false, at(Site::R5, Release));
    }
}

/// Hands out writers; cheap to clone.
///
/// See the [module](self) for what it is for.
pub struct Recorder<T> {
    shared: Arc<Shared<T>>,
}

impl<T: Send> Recorder<T> {
    /// A recorder for at most `writers` writers at a time, and its reader.
    ///
    /// `make` is called twice for each writer, here and never again; the values must be alike. It may well close over
    /// parameters: `|| Histogram::<u64>::new(3).unwrap()`. A `T` passes over the stack on its way: box large ones.
    ///
    /// # Errors
    ///
    /// [`BuildError::Writers`] for none, or more than [`MAX_WRITERS`]; [`BuildError::Memory`]
    /// if the allocator refuses.
    ///
    /// # Panics
    ///
    /// If `make` does.
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::Recorder;
    /// let (recorder, mut snapshots) = Recorder::new(8, || [0u64; 16])?;
    /// # let _ = (recorder, &mut snapshots);
    /// # Ok::<(), flipside::collect::BuildError>(())
    /// ```
    pub fn new(writers: usize, mut make: impl FnMut() -> T) -> Result<(Self, Snapshots<T>), BuildError> {
        if writers == 0 || writers > MAX_WRITERS {
            return Err(BuildError::Writers { writers });
        }
        let mut lanes = Vec::new();
        let bytes = writers.saturating_mul(size_of::<Lane<T>>());
        lanes.try_reserve_exact(writers).map_err(|_| BuildError::Memory { bytes })?;
        lanes.extend((0..writers).map(|_| Lane::new(make(), make())));
        let taken = (0..writers).map(|_| AtomicBool::new(false)).collect();
        let shared = Arc::new(Shared { lanes: lanes.into_boxed_slice(), taken });
        Ok((Self { shared: shared.clone() }, Snapshots::new(shared)))
    }
}

impl<T> Recorder<T> {
    /// A writer, to be moved to the thread that records.
    ///
    /// Takes the first free place; looks at each at most once. What the last owner of the place recorded and no
    /// interval has visited yet is still in the values, and is visited with what this one records.
    ///
    /// # Errors
    ///
    /// [`TooManyWriters`] if all places are taken. One is free again when its writer is dropped.
    ///
    /// # Example
    ///
    /// ```
    /// # use flipside::collect::recorder::{Recorder, TooManyWriters};
    /// let (recorder, _snapshots) = Recorder::new(1, || 0u64)?;
    /// let mut writer = recorder.writer()?;
    /// assert_eq!(recorder.writer().unwrap_err(), TooManyWriters { writers: 1 });
    /// std::thread::spawn(move || writer.record(|n| *n += 1)).join().unwrap();
    /// assert!(recorder.writer().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn writer(&self) -> Result<Writer<T>, TooManyWriters> {
        let slot = (0..self.writers()).find(|&slot| self.shared.take(slot));
        match slot {
            Some(slot) => Ok(Writer::new(self.shared.clone(), slot)),
            None => Err(TooManyWriters { writers: self.writers() }),
        }
    }

    /// How many writers there may be at a time.
    pub fn writers(&self) -> usize {
        self.shared.lanes.len()
    }

    /// Bytes that the lanes take, with two values each; without what the values allocate themselves.
    pub fn memory(&self) -> usize {
        size_of_val(&*self.shared.lanes) + size_of_val(&*self.shared.taken)
    }
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("writers", &self.writers()).finish_non_exhaustive()
    }
}
