//! The waits of tasks: those of threads with a waker in the bell, and without a clock.
//!
//! Each future looks, leaves its waker in a bell, looks again and returns `Pending`. Dropped at any moment it takes the
//! waker back and has lost nothing; forgotten, it leaves a waker that is called once in vain.

mod ends;
mod read;
mod write;

pub use ends::{CloseAsync, FlushAsync};
pub use read::NextAsync;
pub(super) use read::Rest;
pub use write::WriteAsync;
