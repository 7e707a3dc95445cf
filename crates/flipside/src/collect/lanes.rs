//! Where the records go: one lane for all, or one for each slot.

use alloc::boxed::Box;

use super::lane::{Grant, Lane, WIDE};
use super::own::OwnLane;
use super::slot::Slot;
use crate::substrate::side::Side;

/// The sides, by [`Order`](super::Order).
#[derive(Debug)]
pub(crate) enum Lanes {
    Shared(Lane<WIDE>),
    /// By slot.
    Own(Box<[OwnLane]>),
}

impl Lanes {
    /// The largest span that a record may have.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.capacity(),
            Self::Own(lanes) => lanes[0].capacity(),
        }
    }

    /// Bytes allocated for all sides.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.memory(),
            Self::Own(lanes) => lanes.iter().map(OwnLane::memory).sum(),
        }
    }

    /// Bytes claimed in the front, or written and not yet released.
    pub(crate) fn fill(&self) -> usize {
        match self {
            Self::Shared(lane) => lane.filled().unwrap_or(0),
            Self::Own(lanes) => lanes.iter().map(OwnLane::pending).sum(),
        }
    }

    /// The bytes of a slot's grant, or a part of them.
    ///
    /// # Safety
    ///
    /// The slot's writer entered by the grant and has not left yet, and `from..from + len` lies in it. No other
    /// reference to those bytes is alive.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "a grant is exclusive, whatever the lane's borrow")]
    pub(crate) unsafe fn granted(&self, slot: usize, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        match self {
            // SAFETY: the caller promised what the lane asks for.
            Self::Shared(lane) => unsafe { lane.granted(grant, from, len) },
            // SAFETY: as above, and it is the slot's own lane that gave the grant.
            Self::Own(lanes) => unsafe { lanes[slot].granted(grant, from, len) },
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
