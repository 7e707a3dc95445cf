//! What a collector is built from.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use super::collector::{Collector, Shared};
use super::drain::Drain;
use super::error::BuildError;
use super::lane::{Lane, LaneError, WIDE};
use super::lanes::Lanes;
use super::own::OwnLane;
use super::record::{GAP, HEADER};
use crate::substrate::fence::Fences;

/// The largest side: 1 GiB.
pub const MAX_SIDE: usize = 1 << 30;
/// The most writers at a time.
pub const MAX_WRITERS: usize = 1 << 14;

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
    /// Where one order is wanted afterwards, put a time into the records and merge by it.
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

    /// The fill, in bytes, at which a sleeping reader is woken: half a side unless told.
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

    /// Allocates the two sides and makes the handles: [`Collector`] for everybody who writes, flushes or
    /// closes, [`Drain`] for the one reader.
    ///
    /// The memory is `2 * (side + 24 * writers)` bytes for the sides of [`Order::Total`] (the 24 hold the gap record
    /// of a writer), `(2 * side + 24) * writers` for those of [`Order::PerWriter`], and under 2 KiB for each writer;
    /// none is allocated later, except by statistics and reports.
    ///
    /// # Errors
    ///
    /// Sizes that make no sense, or memory that is not there: see [`BuildError`].
    pub fn build(self) -> Result<(Collector, Drain), BuildError> {
        let Self { side, writers, .. } = self;
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
        let lanes = match self.order {
            Order::Total => Lanes::Shared(shared_lane(side, watermark, writers)?),
            Order::PerWriter => Lanes::Own(own_lanes(side, watermark, writers)?),
        };
        // One lane for all needs none.
        let asks = self.membarrier && self.order == Order::PerWriter;
        let fences = if asks { Fences::detect() } else { Fences::portable() };
        let shared = Arc::new(Shared::new(writers, lanes, fences, self.overflow, self.linger));
        Ok((Collector::new(shared.clone()), Drain::new(shared)))
    }
}

fn shared_lane(side: usize, watermark: usize, writers: usize) -> Result<Lane<WIDE>, BuildError> {
    let reserved = writers * GAP;
    Lane::new(side, reserved, watermark, writers).map_err(|error| match error {
        LaneError::Memory(_) => BuildError::Memory { bytes: 2 * (side + reserved) },
        LaneError::Offset => BuildError::Writers { writers },
    })
}

fn own_lanes(side: usize, watermark: usize, writers: usize) -> Result<Box<[Arc<OwnLane>]>, BuildError> {
    let bytes = side.saturating_mul(2).saturating_mul(writers);
    if bytes > isize::MAX as usize {
        return Err(BuildError::Memory { bytes });
    }
    (0..writers)
        .map(|_| OwnLane::new(side, watermark).map(Arc::new).map_err(|_| BuildError::Memory { bytes }))
        .collect()
}
