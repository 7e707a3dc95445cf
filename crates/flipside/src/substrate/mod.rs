//! What the topologies share; it knows nothing of any of them.

pub(crate) mod atomic;
pub(crate) mod bytes;
pub(crate) mod side;
pub(crate) mod wait;
