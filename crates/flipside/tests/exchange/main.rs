//! `exchange` over both barriers, both layouts, two sides and three.

mod attacks;
mod ends;
mod joining;
mod model;
mod narrow;
mod rounds;
mod setup;
mod tasks;
mod waits;

#[path = "../support/mod.rs"]
mod support;

use flipside::exchange::Choice;

/// Work that must come to an end.
fn within<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    support::within("an exchange", work)
}

const BARRIERS: [Choice; 2] = [Choice::Flags, Choice::Central];
