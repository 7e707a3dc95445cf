//! Where the records go: one lane for all, or one for each slot.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::lane::{Lane, WIDE};
use super::own::OwnLane;
use super::slot::Slot;
#[cfg(feature = "std")]
use crate::substrate::side::Side;

/// The sides, by [`Order`](super::Order).
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it, behind an Arc")]
pub(crate) enum Lanes {
    Shared(Lane<WIDE>),
    /// By slot.
    Own(Box<[Arc<OwnLane>]>),
}

impl Lanes {
    /// The largest span that a record may have.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.capacity(),
            Self::Own(lanes) => lanes[0].capacity(),
        }
    }

    /// The lane of all, where there is one.
    #[inline]
    pub(crate) fn shared(&self) -> &Lane<WIDE> {
        match self {
            Self::Shared(lane) => lane,
            Self::Own(_) => unreachable!("asked for by those who were made for a shared lane"),
        }
    }

    /// Bytes allocated for all sides.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.memory(),
            Self::Own(lanes) => lanes.iter().map(|lane| lane.memory()).sum(),
        }
    }

    /// Bytes claimed in the front, or written and not yet released.
    pub(crate) fn fill(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.filled().unwrap_or(0),
            Self::Own(lanes) => lanes.iter().map(|lane| lane.pending()).sum(),
        }
    }

    /// Whether a slot's writer holds a claim at this moment.
    pub(crate) fn holds(&self, index: usize, slot: &Slot) -> bool {
        match self {
            Self::Shared(_) => slot.holds(),
            Self::Own(lanes) => lanes[index].look().is_inside(),
        }
    }

    /// Whether a slot's writer may be what the reader waits for, who waits for `side`.
    #[cfg(feature = "std")]
    pub(crate) fn may_straggle(&self, index: usize, slot: &Slot, side: Side) -> bool {
        match self {
            Self::Shared(_) => slot.may_be_on(side),
            Self::Own(lanes) => lanes[index].look().is_inside(),
        }
    }
}
