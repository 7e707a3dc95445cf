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
//! # Which order
//!
//! | | [`Order::Total`] | [`Order::PerWriter`] |
//! |---|---|---|
//! | the output has | one slice, records in claim order across all writers | a slice for each writer, his records in his order |
//! | a write is | one read-modify-write on a line that all writers share | plain loads and stores on lines of the writer's own |
//! | a writer that stays inside a claim | holds up the drain, and in the end everybody | holds up nothing but its own later records |
//! | memory | two sides | two sides for each writer |
//! | take it for | audit trails, logs to be read as they stand, few writers | everything hot; records that carry a time can be [merged](Batch::merged_by_key) by it |
//!
//! # When not to use it
//!
//! - For objects: it carries bytes, of [plain values](Writer::write_value) too. A channel moves ownership, runs
//!   destructors and selects.
//! - When every record must be acted on at once: records wait for company, up to the
//!   [linger](Builder::linger). Zero is possible and costs throughput.
//! - When one writer may stay inside a claim for long and others must not wait for it: in
//!   [`Order::Total`] everybody waits once the front is full.
//!
//! # Guarantees
//!
//! - A write is wait-free while the side has room: one copy, plain stores on private lines, and in total order one
//!   read-modify-write on a shared line. A few records of an epoch wake the reader if it sleeps, with its bell's lock
//!   and one system call. Full, the mandatory [`Overflow`] policy decides. In total order the reader waits for the
//!   claims of the side that it takes; it is not lock-free, and neither is the whole. From lanes of their own it takes
//!   what is published, and waits for a claim only when it closes.
//! - What one thread wrote first stands first. In total order so does what happened before, across threads.
//! - Memory is bounded and allocated once. Nothing is allocated per record.
//! - A [batch of records](Writer::claim_batch) is published whole or not at all, with nobody's records in between.
//! - [`Counts`] add up: offered = drained + dropped + aborted + abandoned + pending. Losses stand in the output
//!   as [`Record::Gap`].
//! - No soundness rests on a destructor: a forgotten [`Claim`] or [`Batch`] costs progress, never memory safety.
//! - After a `fork` the child has writers and no reader: it must not write to a blocking collector.
//!
//! # Algorithm
//!
//! The seed's front and back buffer with a word that holds side and offset together, as the hot/cold and
//! writer-reader phasers of the field do for counters (G. Tene's `WriterReaderPhaser`, Prometheus' hot/cold
//! histogram). A lane of one's own is the two-sided buffer of one producer and one consumer that publish their
//! places to each other (L. Lamport's queue), whose two rare store-load handshakes, at the close and before a deep
//! sleep, are left to a fence on the reader's side (asymmetric fences, as in liburcu and folly). The proof:
//!
//! What is guaranteed here is proved in [`proof`].

#[cfg(feature = "std")]
mod awaiting;
mod batch;
mod batching;
mod builder;
mod claim;
#[cfg(feature = "std")]
mod closing;
mod collector;
#[cfg(doctest)]
mod compile_fail;
mod counting;
mod drain;
mod entering;
mod error;
mod gaps;
mod lane;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod lane_tests;
mod lanes;
mod layout;
mod merge;
#[cfg(all(test, flipside_loom))]
mod model;
mod own;
#[cfg(feature = "std")]
mod pace;
mod record;
pub mod recorder;
mod slot;
mod stats;
mod take;
mod tally;
mod typed;
#[cfg(feature = "std")]
mod waiting;
mod writer;
#[doc = include_str!("PROOF.md")]
pub mod proof {}

pub use crate::substrate::storage::Storage;
#[cfg(feature = "std")]
pub use awaiting::{CloseAsync, FlushAsync, NextAsync, WriteAsync};
pub use batch::Batch;
pub use batching::ClaimBatch;
pub use builder::{Builder, MAX_SIDE, MAX_WRITERS, Order, Overflow};
pub use claim::Claim;
pub use collector::{Collector, FlushTicket};
pub use drain::{Drain, Next};
pub use error::{BuildError, ClaimFull, FlushError, TooManyWriters, WriteError};
pub use layout::SideLayout;
pub use merge::Merged;
pub use record::{Lost, Record, Records};
pub use stats::{Counts, Dropped, Report, Sizes, Stats, Straggler, WriterStats};
pub use typed::{CheckedBitPattern, Encode, EncodeError, NoUninit, value};
pub use writer::{Outcome, Writer};
