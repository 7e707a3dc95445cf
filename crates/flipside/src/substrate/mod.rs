//! What the topologies share; it knows nothing of any of them.

pub(crate) mod atomic;
#[cfg(feature = "alloc")]
pub(crate) mod bytes;
pub(crate) mod fence;
#[cfg(feature = "std")]
pub(crate) mod gate;
#[cfg(all(test, flipside_loom))]
pub(crate) mod model;
pub(crate) mod side;
pub(crate) mod sites;
#[cfg(feature = "alloc")]
pub(crate) mod storage;
pub(crate) mod unwind;
pub(crate) mod wait;
