//! Which bytes of a storage lie where.

use core::ops::Range;

use super::error::BuildError;
use super::record::GAP;
use crate::substrate::storage::{LINES, PAGE};

/// Where the sides of a collector lie in its memory, in bytes from the start. Made by
/// [`Builder::layout`](super::Builder::layout); the same settings always give the same layout.
///
/// ```text
///  Order::Total                                   Order::PerWriter
///  0          stride       2 * stride             0            stride       2 * stride    3 * stride
///  +----------+------------+                      +------------+------------+------------+----
///  | side 0   | side 1     |                      | slot 0,    | slot 0,    | slot 1,    | ...   up to the
///  |          |            |                      | side 0     | side 1     | side 0     |       last slot
///  +----------+------------+                      +------------+------------+------------+----
/// ```
///
/// The stride is a side with its gap room, rounded up: to a multiple of 4096 if it is as much, of 128 if it is less.
///
/// | bytes of a side, from its start | with `Order::Total` | with `Order::PerWriter` |
/// |---|---|---|
/// | gap room | `0..24 * writers`, filled from its end when the side is vacated | none (the gaps stand elsewhere) |
/// | records | from there, as many bytes as the [`side`](super::Builder::side) has | `0..side` |
/// | the rest of the stride | nothing | nothing |
///
/// Records follow each other without space between them, each at a multiple of 8:
///
/// ```text
///  0               4     5     6        8                    8+len      next multiple of 8
///  +---------------+-----+-----+--------+--------------------+----------+
///  | len: u32      |kind |tag  |source  | body: len bytes    | zeros    |     little-endian
///  +---------------+-----+-----+--------+--------------------+----------+
///  kind: 1 data, 2 gap (body: records lost, bytes lost, u64 each), 3 aborted, 4 padding (what a claim did not use)
/// ```
///
/// # After a crash
///
/// [`Records`](super::Records) reads the records of a side whose collector died, from an image of its memory. What it
/// can know is little:
///
/// - Which side was the front, how far it was filled, and what the sink has taken are **not** in the memory: a side is
///   not cleared when it is drained. Behind the newest records of a side stand those of earlier rounds, from some
///   boundary on in the middle of one; and both sides may hold records that are drained.
/// - A claim that was open has no header yet: there stands what stood there before.
///
/// So a body that is to be recovered should have a number and a checksum of its own, and what is read is to be taken as
/// hostile bytes. Fresh, zeroed memory makes the first round exact: the walk ends where nothing was ever written.
///
/// ```
/// use flipside::collect::{Builder, Order, Overflow};
///
/// let layout = Builder::new(Overflow::Block).side(64 * 1024).writers(4).layout()?;
/// assert_eq!((layout.lanes(), layout.gaps(0, 1)), (1, 69632..69632 + 96));
/// assert_eq!(layout.records(0, 1), 69632 + 96..69632 + 96 + 65536);
/// assert_eq!(layout.len(), 2 * 69632);
///
/// let layout = Builder::new(Overflow::Block).order(Order::PerWriter).side(1000).writers(4).layout()?;
/// assert_eq!((layout.lanes(), layout.gaps(3, 0)), (4, 6144..6144));
/// assert_eq!(layout.records(3, 0), 6144..7144);
/// # Ok::<(), flipside::collect::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideLayout {
    lanes: usize,
    gaps: usize,
    side: usize,
    stride: usize,
}

impl SideLayout {
    /// So many lanes of two sides of `side` bytes, each behind room for the gaps of so many slots.
    pub(super) fn new(lanes: usize, gaps: usize, side: usize) -> Result<Self, BuildError> {
        let too_much = |bytes: Option<usize>| BuildError::Memory { bytes: bytes.unwrap_or(usize::MAX) };
        let gaps = gaps * GAP;
        let image = gaps.checked_add(side).ok_or(too_much(None))?;
        let unit = if image < PAGE { LINES } else { PAGE };
        let stride = image.checked_next_multiple_of(unit).ok_or(too_much(None))?;
        let len = stride.checked_mul(2 * lanes);
        match len {
            Some(len) if len <= isize::MAX as usize => Ok(Self { lanes, gaps, side, stride }),
            _ => Err(too_much(len)),
        }
    }

    /// All of it.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub const fn len(&self) -> usize {
        2 * self.lanes * self.stride
    }

    /// 1 with [`Order::Total`](super::Order::Total); with [`Order::PerWriter`](super::Order::PerWriter) the number of
    /// writers, the number of a lane being that of its [slot](super::Writer::slot).
    #[must_use]
    pub const fn lanes(&self) -> usize {
        self.lanes
    }

    /// The room for gap records of one side, 0 or 1, of a lane.
    ///
    /// # Panics
    ///
    /// If there is no such lane, or side.
    #[must_use]
    pub const fn gaps(&self, lane: usize, side: usize) -> Range<usize> {
        assert!(lane < self.lanes, "there are fewer lanes");
        assert!(side < 2, "there are two sides");
        let from = (2 * lane + side) * self.stride;
        from..from + self.gaps
    }

    /// The records of one side, 0 or 1, of a lane.
    ///
    /// # Panics
    ///
    /// If there is no such lane, or side.
    #[must_use]
    pub const fn records(&self, lane: usize, side: usize) -> Range<usize> {
        let from = self.gaps(lane, side).end;
        from..from + self.side
    }

    /// Bytes before the records of each side.
    pub(super) const fn reserved(&self) -> usize {
        self.gaps
    }

    /// Bytes of a side with its gap room.
    pub(super) const fn image(&self) -> usize {
        self.gaps + self.side
    }

    /// From the beginning of a side to that of the next.
    pub(super) const fn stride(&self) -> usize {
        self.stride
    }
}
