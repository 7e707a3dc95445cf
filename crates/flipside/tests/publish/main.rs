//! What `publish` does with every strategy: the ways to get it wrong that are known, each as a test of its own, and the
//! attacks in safe Rust of the project's evidence page. The attacks' numbers are that page's.
//!
//! Not here, and why:
//!
//! - 4, 15, 21, 22, 31, 32: no claims, no counter that a user presets, no rounds, no barrier, no bytes, no files.
//! - 7, 8: no sink.
//! - 11, 12: in the documentation tests of `publish::compile_fail`.
//! - 18: a reader belongs to one thread and is not shared with its handlers, which the compiler sees to.
//! - 30: nothing of ours is called from C. Under `panic = "abort"` no guard outlives a panic.

mod attacks;
mod attacks_handles;
#[cfg(target_os = "linux")]
mod attacks_processes;
mod inherited;
mod memory;
mod operations;
mod panics;
mod pitfalls;
mod property;
mod seats;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
mod values;
mod waiting;

use std::sync::Arc;

use flipside::publish::strategy::Strategy;
use flipside::publish::{Buffer, Closure, Log, Reader, Writer};

/// A strategy that threads share.
trait Shared: Strategy<Seat: Send, Residual: Send> + Send + Sync + 'static {}
impl<S: Strategy<Seat: Send, Residual: Send> + Send + Sync + 'static> Shared for S {}

/// A test for each strategy, by functions that are given one: those that need threads, then the others, which are run
/// over the strategies of one thread as well.
macro_rules! with_every_strategy {
    ($($shared:ident)*; $($any:ident)*) => {
        with_every_strategy! { @in asymmetric, flipside::publish::strategy::Asymmetric::new, $($shared)* $($any)* }
        with_every_strategy! { @in portable, flipside::publish::strategy::Asymmetric::portable, $($shared)* $($any)* }
        with_every_strategy! { @in epochs, flipside::publish::strategy::Epochs::new, $($shared)* $($any)* }
        with_every_strategy! { @in counters, flipside::publish::strategy::Counters::new, $($shared)* $($any)* }
        with_every_strategy! { @in locked, flipside::publish::strategy::Locked::new, $($shared)* $($any)* }
        with_every_strategy! { @in local, flipside::publish::strategy::Local::new, $($any)* }
        with_every_strategy! { @in local_async, flipside::publish::strategy::LocalAsync::new, $($any)* }
    };
    (@in $module:ident, $make:expr, $($test:ident)*) => {
        mod $module {
            $(#[test] fn $test() { crate::support::within(stringify!($test), || super::$test($make())); })*
        }
    };
}
use with_every_strategy;

type Listing<S> = Arc<Buffer<Vec<u32>, Log<Vec<u32>, Closure<Vec<u32>>>, S>>;

/// A list behind a strategy, its writer and its first reader.
#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
fn list<S: Strategy>(strategy: S) -> (Writer<Listing<S>>, Reader<Listing<S>>) {
    let buffer = Arc::new(Buffer::with(strategy, [vec![], vec![]], Log::new(), ()));
    (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap())
}
