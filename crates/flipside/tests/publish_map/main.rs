//! Random operations on every collection of `publish`, against the standard library's, with guards that are kept and
//! operations that panic; and keys whose `Hash`, `Eq`, `Ord` and `Clone` panic and lie.

mod liars;
mod maps;
mod multi;
mod sets;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Panics without a word on the terminal: there are thousands.
fn panic_quietly() {
    resume_unwind(Box::new("on purpose"));
}

/// Calls again if an operation panics: it is out of the log then.
fn until_quiet<R>(mut call: impl FnMut() -> R) -> R {
    for _ in 0..1000 {
        if let Ok(returned) = catch_unwind(AssertUnwindSafe(&mut call)) {
            return returned;
        }
    }
    panic!("it panics for ever");
}
