//! A suite to run over a [`Strategy`] of one's own, in one's own tests.
//!
//! For: whoever implements [`Strategy`]. Each check panics with the law that was broken, `L1` to `L4`, or the method
//! that does not do what its documentation says. When not: as a proof. It finds what goes wrong in some thousand
//! races on the machine that it runs on; an ordering that only another machine needs is found by a model (`loom`).
//!
//! [`all`] is for strategies that threads share, [`single_threaded`] for the others. Both need a maker, since each check
//! begins with a new strategy, and five seats at a time.
//!
//! A strategy of one's own, and its test:
//!
//! ```
//! use std::sync::{Mutex, MutexGuard};
//! use flipside::publish::conformance;
//! use flipside::publish::strategy::{Kind, Strategy};
//! use flipside::publish::{Full, Straggler};
//!
//! /// What each seat is inside of, and by which thread; and the version.
//! #[derive(Default)]
//! struct Simple(Mutex<(Vec<Option<(u64, usize)>>, u64)>);
//!
//! impl Simple {
//!     fn state(&self) -> MutexGuard<'_, (Vec<Option<(u64, usize)>>, u64)> {
//!         self.0.lock().unwrap()
//!     }
//! }
//!
//! // SAFETY: all happens under one lock, hence in an order (L3, L4). L1: `enter` notes and returns the newest version.
//! // L2: `vacant` looks for those who noted the version that was left; others come in at the newest.
//! unsafe impl Strategy for Simple {
//!     type Seat = usize;
//!     type Residual = u64;
//!
//!     fn seat(&self, _: Kind) -> Result<usize, Full> {
//!         let mut state = self.state();
//!         state.0.push(None); // Never used again: a real one would.
//!         Ok(state.0.len() - 1)
//!     }
//!
//!     unsafe fn release(&self, _: &mut usize) {}
//!
//!     unsafe fn enter(&self, seat: &usize) -> u64 {
//!         let mut state = self.state();
//!         let version = state.1;
//!         state.0[*seat] = Some((version, Straggler::this_thread()));
//!         version
//!     }
//!
//!     unsafe fn leave(&self, seat: &usize) {
//!         self.state().0[*seat] = None;
//!     }
//!
//!     unsafe fn inside(&self, seat: &usize) -> Option<u64> {
//!         self.state().0[*seat].map(|(version, _)| version)
//!     }
//!
//!     fn version(&self) -> u64 {
//!         self.state().1
//!     }
//!
//!     unsafe fn flip(&self) -> u64 {
//!         let mut state = self.state();
//!         state.1 += 1;
//!         state.1 - 1
//!     }
//!
//!     fn vacant(&self, left: &u64) -> bool {
//!         self.straggler(left).is_none()
//!     }
//!
//!     fn straggler(&self, left: &u64) -> Option<Straggler> {
//!         let state = self.state();
//!         let found = state.0.iter().flatten().find(|(version, _)| version == left);
//!         found.map(|&(version, thread)| Straggler::new(None, version, thread))
//!     }
//! }
//!
//! conformance::all(Simple::default);
//! ```

mod alone;
mod place;
mod script;
mod threads;

use super::strategy::Strategy;

/// Panics if `make` makes strategies that break a law, with one thread or with several. Some seconds.
///
/// # Panics
///
/// If a law is broken; the message begins with its name.
pub fn all<S>(make: impl Fn() -> S)
where
    S: Strategy<Seat: Send, Residual: Send> + Sync,
{
    single_threaded(&make);
    threads::strangers_are_named_and_wake_the_writer(&make());
    threads::what_is_read_is_whole(&make());
    threads::a_seat_that_advances_in_vain_stays_inside(&make());
}

/// The part of [`all`] that takes one thread.
///
/// # Panics
///
/// If a law is broken; the message begins with its name.
pub fn single_threaded<S: Strategy>(make: impl Fn() -> S) {
    alone::entries_are_of_the_newest_version(&make());
    alone::a_side_is_vacant_when_all_have_left(&make());
    alone::the_new_side_is_not_waited_for(&make());
    alone::pinned_seats_advance(&make());
    alone::seats_are_taken_again(&make());
    alone::stragglers_are_named(&make());
    alone::tasks_are_woken_or_poll(&make());
    alone::a_thread_does_not_wait_for_itself(&make());
    for seed in 1..=50 {
        script::same_as_the_oracle(&make(), seed);
    }
}

/// Fails in the name of a law.
#[track_caller]
fn law(name: &str, holds: bool, what: &str) {
    assert!(holds, "{name}: {what}");
}
