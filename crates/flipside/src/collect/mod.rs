//! Many writers, one reader.
//!
//! Writers copy records of any size into the front side and never wait for each other. The reader flips, waits
//! until the last straggler has left the old side, and hands its bytes to the sink **as they are**: the image of
//! the side is the image of the file, so a drain is one `write`.
//!
//! ```
//! use flipside::collect::{Builder, Overflow, Record};
//! use std::thread;
//!
//! let (collector, mut drain) = Builder::new(Overflow::Block).side(64 * 1024).build()?;
//! let sum = thread::scope(|scope| -> Result<u64, Box<dyn std::error::Error>> {
//!     for source in 0..4 {
//!         let mut writer = collector.writer_for(source)?;
//!         scope.spawn(move || (0..1000u32).try_for_each(|n| writer.write(&n.to_le_bytes()).map(drop)));
//!     }
//!     drop(collector);
//!     let mut sum = 0u64;
//!     while let Some(batch) = drain.next() {
//!         for record in batch.records() {
//!             if let Record::Data { body, .. } = record {
//!                 sum += u64::from(u32::from_le_bytes(body.try_into()?));
//!             }
//!         }
//!         batch.release();
//!     }
//!     Ok(sum)
//! })?;
//! assert_eq!(sum, 4 * 999 * 1000 / 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When not to use it
//!
//! - For objects: it carries bytes. A channel moves ownership, runs destructors and selects.
//! - When every record must be acted on at once: records wait for company, up to the
//!   [linger](Builder::linger). Zero is possible and costs throughput.
//! - When one writer may stay inside a claim for long and others must not wait for it: in
//!   [`Order::Total`] everybody waits once the front is full.
//!
//! # Guarantees
//!
//! - A write is wait-free while the side has room: one read-modify-write on a shared line, one copy, plain stores
//!   on private lines. Two records of an epoch at most wake the reader if it sleeps, with its bell's lock and one
//!   system call. Full, the mandatory [`Overflow`] policy decides. The reader waits for the claims of the side that
//!   it takes; it is not lock-free, and neither is the whole.
//! - Records stand in claim order. What one thread wrote first stands first; so does what happened before.
//! - Memory is bounded and allocated once. Nothing is allocated per record.
//! - [`Counts`] add up: offered = drained + dropped + aborted + abandoned + pending. Losses stand in the output
//!   as [`Record::Gap`].
//! - No soundness rests on a destructor: a forgotten [`Claim`] or [`Batch`] costs progress, never memory safety.
//! - After a `fork` the child has writers and no reader: it must not write to a blocking collector.
//!
//! # Algorithm
//!
//! The seed's front and back buffer with a word that holds side and offset together, as the hot/cold and
//! writer-reader phasers of the field do for counters (G. Tene's `WriterReaderPhaser`, Prometheus' hot/cold
//! histogram). The proof:
#![doc = include_str!("PROOF.md")]

#[cfg(feature = "std")]
mod awaiting;
mod batch;
mod builder;
mod claim;
#[cfg(feature = "std")]
mod closing;
mod collector;
#[cfg(doctest)]
mod compile_fail;
mod drain;
mod entering;
mod error;
mod gaps;
mod lane;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod lane_tests;
mod lanes;
#[cfg(all(test, flipside_loom))]
mod model;
mod own;
mod record;
mod slot;
mod stats;
mod take;
mod tally;
#[cfg(feature = "std")]
mod waiting;
mod writer;

#[cfg(feature = "std")]
pub use awaiting::{CloseAsync, FlushAsync, NextAsync, WriteAsync};
pub use batch::Batch;
pub use builder::{Builder, MAX_SIDE, MAX_WRITERS, Order, Overflow};
pub use claim::Claim;
pub use collector::{Collector, FlushTicket};
pub use drain::{Drain, Next};
pub use error::{BuildError, ClaimFull, FlushError, TooManyWriters, WriteError};
pub use record::{Lost, Record, Records};
pub use stats::{Counts, Dropped, Report, Sizes, Stats, Straggler, WriterStats};
pub use writer::{Outcome, Writer};
