//! The attacks in safe Rust of the project's evidence page, as far as they apply to `collect` with its blocking
//! interface, and to its `recorder`. The numbers are that page's. The same files are run with a lane for each writer by
//! the test binaries `attacks_lanes` and `attacks_portable`, which have attacks of their own besides.
//!
//! Not here, and why (the recorder, whose values are the user's, has its own answers in `recorder`):
//!
//! - 2, 3, 5, 6, 25, 26, 29: records are bytes. No code of the user runs on a copy, in a comparison, a hash or a
//!   destructor (in an `Encode` it does: see `typed`), and a reader gets `&[u8]`, in which nothing is mutable. What the sink may do is in `sink`.
//! - 11, 12: no type parameter. What must not compile is in the documentation tests of `collect::compile_fail`.
//! - 17: a shared lane needs no membarrier; for the others it is in `refused`.
//! - 21, 22: no rounds, no barrier. A claim carries its writer; those of two collectors are swapped in `handles`.
//! - 24: in `tests/tasks`.
//! - 27: bodies are slices; their lengths cannot lie. The size of an `Encode` can: see `typed`.
//! - 30: nothing of ours is called from C; the signal handler and the fork in `processes` come closest. Under
//!   `panic = "abort"` no claim outlives the panic, and neither does anything else.
//! - 32: no files.

mod batches;
mod claims;
mod handles;
mod limits;
#[cfg(unix)]
mod processes;
mod recorder;
mod sink;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod total;
mod typed;

use flipside::collect::{Builder, Order, Overflow};

const ORDER: Order = Order::Total;

fn builder(overflow: Overflow) -> Builder {
    Builder::new(overflow).order(ORDER)
}
