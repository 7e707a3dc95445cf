//! One thread: each law by itself, in the order in which a strategy comes to them.

use alloc::sync::Arc;
use core::task::{Context, Poll, Waker};
use std::task::Wake;
use std::time::{Duration, Instant};

use super::super::strategy::{Kind, Strategy};
use super::law;
use super::place::{Flips, Place};
use crate::substrate::atomic::{AtomicUsize, Ordering::Relaxed};

/// Longer than any machine needs for what does not wait.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

const KINDS: [Kind; 2] = [Kind::Guards, Kind::Pinned];

pub(super) fn entries_are_of_the_newest_version<S: Strategy>(strategy: &S) {
    law("L1", strategy.version() == 0, "versions begin at 0");
    let mut flips = Flips::of(strategy);
    for kind in KINDS {
        let place = Place::take(strategy, kind);
        law("inside", place.inside().is_none(), "a new seat is outside");
        for _ in 0..5 {
            let newest = strategy.version();
            law("L1", place.enter() == newest, "entering returns the newest version");
            law("inside", place.inside() == Some(newest), "a seat is inside of what it entered");
            law("L1", strategy.version() == newest, "entering does not flip");
            place.leave();
            law("inside", place.inside().is_none(), "a seat that left is outside");
            flips.flip_past_nobody();
        }
    }
}

pub(super) fn a_side_is_vacant_when_all_have_left<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for kinds in [[KINDS[0]; 2], [KINDS[1]; 2], KINDS] {
        let [first, second] = kinds.map(|kind| Place::take(strategy, kind));
        for _ in 0..4 {
            first.enter();
            let held = second.enter();
            let residual = flips.flip();
            law("L2", !strategy.vacant(residual), "vacant before `reach`, and somebody is inside");
            strategy.reach(residual).expect("reach: refused");
            law("L2", !strategy.vacant(residual), "vacant, and two are inside");
            first.leave();
            law("L2", !strategy.vacant(residual), "vacant, and one is inside");
            law("inside", second.inside() == Some(held), "a flip moves nobody");
            law("L2", first.enter() == held + 1, "who enters after a flip enters the new side");
            law("L2", !strategy.vacant(residual), "vacant, because somebody entered the other side");
            second.leave();
            law("L2", strategy.vacant(residual), "all have left, and the side is not vacant");
            second.enter();
            first.leave();
            second.leave();
            law("L2", strategy.vacant(residual), "the side was vacant, nobody flipped, and now it is not");
        }
    }
}

pub(super) fn the_new_side_is_not_waited_for<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for kind in KINDS {
        let [early, late] = [kind; 2].map(|kind| Place::take(strategy, kind));
        flips.flip_past_nobody();
        for _ in 0..4 {
            early.enter();
            let residual = flips.flip();
            // Some come in before the writer looks for the first time, some after.
            late.enter();
            early.leave();
            early.enter();
            strategy.reach(residual).expect("reach: refused");
            let vacant = strategy.vacant(residual);
            law("L2", vacant, "it waits for the readers of the new side instead of the old one's");
            law("straggler", strategy.straggler(residual).is_none(), "the side is vacant, and one is named");
            early.leave();
            late.leave();
        }
    }
}

pub(super) fn pinned_seats_advance<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    let place = Place::take(strategy, Kind::Pinned);
    let mut held = place.enter();
    for _ in 0..4 {
        law("L1", place.advance() == held, "there is no other version to advance to");
        let residual = flips.flip_and_reach();
        law("L2", !strategy.vacant(residual), "vacant, and a pinned seat is inside");
        law("inside", place.inside() == Some(held), "a flip moves nobody");
        let newest = place.advance();
        law("L1", newest == held + 1, "advancing goes to the newest version");
        law("inside", place.inside() == Some(newest), "a seat is inside of what it advanced to");
        law("L2", strategy.vacant(residual), "it advanced, and the side is not vacant");
        held = newest;
    }
    flips.flip_and_reach();
    place.leave();
    law("L2", flips.is_vacant(), "it went to rest, and the side is not vacant");
    flips.flip_past_nobody();
}

pub(super) fn seats_are_taken_again<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for round in 0..300 {
        let kinds = [KINDS[round % 2], KINDS[round / 2 % 2]];
        let [stays, goes] = kinds.map(|kind| Place::take(strategy, kind));
        stays.enter();
        goes.enter();
        flips.flip_and_reach();
        drop(goes);
        law("L2", !flips.is_vacant(), "vacant, for another seat was released");
        let third = Place::take(strategy, kinds[1]);
        law("inside", third.inside().is_none(), "a seat that is taken again is outside");
        law("L1", third.enter() == strategy.version(), "entering returns the newest version");
        law("L2", !flips.is_vacant(), "vacant, for a seat was taken again");
        drop(stays);
        law("L2", flips.is_vacant(), "all seats of that side were released, and it is not vacant");
    }
}

pub(super) fn stragglers_are_named<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for kind in KINDS {
        let [outside, place] = [kind; 2].map(|kind| Place::take(strategy, kind));
        let held = place.enter();
        let residual = flips.flip_and_reach();
        let named = strategy.straggler(residual).expect("straggler: somebody is inside, and nobody is named");
        law("straggler", named.since_version() == held, "it has another version than it entered");
        law("straggler", named.is_this_thread(), "it is this thread, and that is not told");
        law("straggler", named.reader() == place.number(), "it has another number than its seat");
        let differ = place.number().is_none() || place.number() != outside.number();
        law("number", differ, "two seats have the same");
        place.leave();
        law("straggler", strategy.straggler(residual).is_none(), "all have left, and one is named");
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

pub(super) fn tasks_are_woken_or_poll<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for kind in KINDS {
        let place = Place::take(strategy, kind);
        for gives_up in [false, true, false] {
            let counts = Arc::new(Counts::default());
            let waker = Waker::from(counts.clone());
            let cx = &mut Context::from_waker(&waker);
            place.enter();
            let residual = flips.flip();
            for _ in 0..3 {
                let is_ready = strategy.poll_vacant(residual, cx).is_ready();
                law("L2", !is_ready, "`poll_vacant` is ready, and somebody is inside");
            }
            if gives_up {
                strategy.stop_polling(residual);
                // By its destructor, by which it may not be told: the next poll must not be confused.
                strategy.stop_polling(residual);
            }
            place.leave();
            if !gives_up {
                let woken = counts.0.load(Relaxed) > 0;
                law("poll_vacant", woken, "it was pending, all have left, and the task was not woken");
            }
            let Poll::Ready(Ok(())) = strategy.poll_vacant(residual, cx) else {
                panic!("poll_vacant: all have left, and it is pending")
            };
            law("L2", strategy.vacant(residual), "`poll_vacant` was ready, and the side is not vacant");
            strategy.stop_polling(residual);
            drop(waker);
            law("stop_polling", Arc::strong_count(&counts) == 1, "a waker is kept for a task that went away");
        }
    }
}

pub(super) fn a_thread_does_not_wait_for_itself<S: Strategy>(strategy: &S) {
    let mut flips = Flips::of(strategy);
    for kind in KINDS {
        let place = Place::take(strategy, kind);
        place.enter();
        let residual = flips.flip();
        let end = Instant::now() + PATIENCE;
        let vacant = strategy.wait(residual, Some(end)).expect("wait: refused");
        law("L2", !vacant, "`wait` says vacant, and somebody is inside");
        law("wait", Instant::now() < end, "it waited for its own thread");
        let vacant = strategy.wait(residual, Some(Instant::now())).expect("wait: refused");
        law("L2", !vacant, "`wait` says vacant at once, and somebody is inside");
        place.leave();
        for deadline in [None, Some(Instant::now())] {
            let vacant = strategy.wait(residual, deadline).expect("wait: refused");
            law("wait", vacant, "all have left, and it says no");
        }
    }
}
