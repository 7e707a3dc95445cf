//! What the topologies share; it knows nothing of any of them.

pub(crate) mod atomic;
pub(crate) mod bytes;
#[cfg_attr(
    not(all(test, feature = "std")),
    expect(dead_code, reason = "its first user is collect's order per writer")
)]
pub(crate) mod fence;
#[cfg(all(test, flipside_loom))]
pub(crate) mod model;
pub(crate) mod side;
pub(crate) mod wait;
