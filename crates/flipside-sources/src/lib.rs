//! Real input for flipside: what happens on this host, in its kernel and in other programs.
//!
//! * [`dist`] is the distribution of sizes and times;
//! * [`feed`] numbers, times and counts what a source gives, on its way into the collector;
//! * [`lines`] takes a stream apart into lines: standard input, a child's output;
//! * [`sampler`] samples this host, with what [`host`] finds there;
//! * [`host`] samples the kernel's counters up to a thousand times a second and names the bursts it saw;
//! * [`stop`] is the one way every source of this crate is told that the run ends.
//!
//! Nothing here knows of terminals.
//! The crate is for Unix systems; on Linux the counters come from `/proc` and `/sys`.

pub mod dist;
pub mod feed;
pub mod host;
pub mod lines;
pub mod sampler;
pub mod stop;
