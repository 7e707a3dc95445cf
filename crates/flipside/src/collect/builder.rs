//! What a collector is built from.

use alloc::sync::Arc;
use core::time::Duration;

use super::collector::{Collector, Shared};
use super::drain::Drain;
use super::error::BuildError;
use super::lane::{Lane, WIDE};
use super::lanes::Lanes;
use super::layout::SideLayout;
use super::own::OwnLane;
use super::record::{GAP, HEADER};
use crate::substrate::bytes::Memory;
use crate::substrate::fence::Fences;
use crate::substrate::side::{Pair, Side};
use crate::substrate::storage::Storage;

/// The largest side: 1 GiB.
pub const MAX_SIDE: usize = 1 << 30;
/// The most writers at a time.
pub const MAX_WRITERS: usize = 1 << 14;
/// Records stand at whole words, in a file too.
const ALIGN: usize = 8;

/// What happens to a record that finds the front side full. There is no default: each of them costs something
/// that only the application can weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The writer waits until the reader has flipped: nothing is lost, and a slow disk slows the writers down.
    #[cfg(feature = "std")]
    Block,
    /// The writer waits at most this long, then the record is refused with
    /// [`WriteError::Timeout`](super::WriteError::Timeout).
    #[cfg(feature = "std")]
    BlockTimeout(Duration),
    /// The record is refused with [`WriteError::Full`](super::WriteError::Full).
    Fail,
    /// The record is dropped and counted, and [`Outcome::Dropped`](super::Outcome::Dropped) is the answer.
    DropNewest,
    /// A flight recorder: the newest records are kept and the older ones given up, until somebody flushes or closes;
    /// then the reader hands out what there is, the last one to two sides (less what a watermark below a whole side
    /// takes from that). A record that comes while the reader is behind is dropped as with
    /// [`DropNewest`](Self::DropNewest). Both are counted, and told as gaps.
    ///
    /// With [`Order::PerWriter`] each lane gives up its own older side when its writer has come to the watermark of the
    /// other: a quiet writer keeps what it has. It is the reader who gives up, so sides should hold some milliseconds
    /// of records: until he has run, a writer with two full sides drops its newest.
    FlightRecorder,
}

/// In which order the records of several writers are drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// One lane for all: records stand in the order in which they were claimed, across all writers.
    #[default]
    Total,
    /// A lane for each writer: his records stand in his order, and nothing is said about those of others. Writers share
    /// no cache line, and a write is plain loads and stores; each writer has two sides of its own.
    ///
    /// Where one order is wanted afterwards, put a time into the records and [merge](super::Batch::merged_by_key) by it.
    PerWriter,
}

/// Builds a collector and its reader.
///
/// ```
/// use flipside::collect::{Builder, Overflow};
///
/// let (collector, mut drain) = Builder::new(Overflow::Fail).side(64 * 1024).writers(2).build()?;
/// collector.writer()?.write(b"hello")?;
/// # let _ = &mut drain;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    overflow: Overflow,
    order: Order,
    side: usize,
    writers: usize,
    watermark: Option<usize>,
    linger: Duration,
    membarrier: bool,
}

impl Builder {
    /// A collector of two sides of 1 MiB for 64 writers, with a linger of 100 ms and the given policy.
    pub const fn new(overflow: Overflow) -> Self {
        Self {
            overflow,
            order: Order::Total,
            side: 1 << 20,
            writers: 64,
            watermark: None,
            linger: Duration::from_millis(100),
            membarrier: true,
        }
    }

    /// Bytes of records that a side holds, rounded up to a multiple of 8. Each record takes 8 bytes more than
    /// its body, and its body is rounded up to 8.
    pub const fn side(mut self, bytes: usize) -> Self {
        self.side = bytes;
        self
    }

    /// The most writers at a time, over all sources.
    pub const fn writers(mut self, writers: usize) -> Self {
        self.writers = writers;
        self
    }

    /// The order of the records in the output.
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The fill, in bytes, at which a sleeping reader is woken: half a side unless told. Each time it is reached a record
    /// takes the slow way, so it should be many records where speed counts.
    pub const fn watermark(mut self, bytes: usize) -> Self {
        self.watermark = Some(bytes);
        self
    }

    /// The longest that a record waits for company while the sink keeps up and no claim is held. With zero the
    /// reader flips as soon as there is anything.
    ///
    /// Without the feature `std` there is no clock, and the reader always flips at once.
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Whether writers with [lanes of their own](Order::PerWriter) may leave a fence for each record to the reader, who
    /// then makes one system call (`membarrier`, on Linux) when he falls asleep or closes. On unless told; where the
    /// system has no such call, writers pay for the fence themselves.
    pub const fn membarrier(mut self, wanted: bool) -> Self {
        self.membarrier = wanted;
        self
    }

    /// Allocates the sides and makes the handles: [`Collector`] for everybody who writes, flushes or closes,
    /// [`Drain`] for the one reader.
    ///
    /// # Memory
    ///
    /// All is allocated here but for statistics and reports:
    ///
    /// | | [`Order::Total`] | [`Order::PerWriter`] |
    /// |---|---|---|
    /// | sides, reserved | `2 * (side + 24 * writers)`; the 24 are for a writer's gap record | `2 * side * writers` |
    /// | of that resident | all, from the start | `2 * side` for each slot that ever had a writer, from its first on |
    /// | besides | under 2 KiB a writer | under 2 KiB a writer |
    ///
    /// Sides are rounded up to pages, or small ones to 128 bytes: [`layout`](Self::layout) has the exact number. Pages
    /// are touched before the first record, so that no write pays for a page fault.
    ///
    /// # Errors
    ///
    /// Sizes that make no sense, or memory that is not there: see [`BuildError`].
    pub fn build(self) -> Result<(Collector, Drain), BuildError> {
        let layout = self.layout()?;
        let bytes = layout.len();
        let memory = Memory::heap(bytes).map_err(|_| BuildError::Memory { bytes })?;
        self.build_over(memory, layout)
    }

    /// As [`build`](Self::build), with the sides in a storage of the caller's: a mapping of a file, for instance, that
    /// outlives a crash. One storage holds them all; it needs as many bytes as the [layout](Self::layout) has, and what
    /// it has beyond that is left alone.
    ///
    /// Nothing is written to it but records and gaps: neither is it zeroed, nor are its pages touched. It is dropped with
    /// the last of the handles.
    ///
    /// See [`Storage`] for an example, and [`SideLayout`] for what lies where.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and a storage that is too small or does not start at a multiple of 8; then it is
    /// dropped.
    pub fn build_in(self, storage: impl Storage + 'static) -> Result<(Collector, Drain), BuildError> {
        let layout = self.layout()?;
        let memory = Memory::of(Arc::new(storage));
        if memory.len() < layout.len() {
            return Err(BuildError::StorageTooSmall { len: memory.len(), needed: layout.len() });
        }
        let address = memory.start().addr().get();
        if !address.is_multiple_of(ALIGN) {
            return Err(BuildError::StorageMisaligned { address, align: ALIGN });
        }
        self.build_over(memory, layout)
    }

    /// Where the sides of such a collector lie in its memory, and how much it is.
    ///
    /// # Errors
    ///
    /// Sizes that make no sense: see [`BuildError`].
    pub fn layout(&self) -> Result<SideLayout, BuildError> {
        let Self { side, writers, .. } = *self;
        if side < 2 * HEADER {
            return Err(BuildError::SideTooSmall { side });
        }
        if side > MAX_SIDE {
            return Err(BuildError::SideTooLarge { side });
        }
        let side = side.next_multiple_of(8);
        let watermark = self.watermark.unwrap_or(side / 2);
        if watermark == 0 || watermark > side {
            return Err(BuildError::Watermark { watermark, side });
        }
        if writers == 0 || writers > MAX_WRITERS {
            return Err(BuildError::Writers { writers });
        }
        match self.order {
            Order::Total => {
                Lane::<WIDE>::check(side, writers * GAP, writers)
                    .map_err(|_| BuildError::Writers { writers })?;
                SideLayout::new(1, writers, side)
            }
            Order::PerWriter => SideLayout::new(writers, 0, side),
        }
    }

    fn build_over(self, mut memory: Memory, layout: SideLayout) -> Result<(Collector, Drain), BuildError> {
        let Self { writers, .. } = self;
        let watermark = self.watermark.unwrap_or(layout.records(0, 0).len() / 2);
        let mut sides = || {
            let mut side = || memory.cut(layout.image(), layout.stride());
            Pair::new(side(), side())
        };
        let lanes = match self.order {
            Order::Total => {
                let sides = sides();
                for side in [Side::A, Side::B] {
                    // SAFETY: nobody else knows these bytes yet.
                    unsafe { sides[side].touch() };
                }
                let lane = Lane::over(sides, layout.reserved(), watermark, writers);
                Lanes::Shared(lane.map_err(|_| BuildError::Writers { writers })?)
            }
            // Their pages wait for their writers.
            Order::PerWriter => {
                Lanes::Own((0..writers).map(|_| Arc::new(OwnLane::over(sides(), watermark))).collect())
            }
        };
        // One lane for all needs none.
        let asks = self.membarrier && self.order == Order::PerWriter;
        let fences = if asks { Fences::detect() } else { Fences::portable() };
        let shared = Arc::new(Shared::new(writers, lanes, fences, self.overflow, self.linger));
        Ok((Collector::new(shared.clone()), Drain::new(shared)))
    }
}
