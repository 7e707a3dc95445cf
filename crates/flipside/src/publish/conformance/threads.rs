//! Several threads: values that are spoilt as soon as their side is said to be vacant, and a writer that has to be woken.

use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::super::strategy::{Kind, Strategy};
use super::alone::PATIENCE;
use super::law;
use super::place::{Flips, Place};
use crate::substrate::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What the writer scribbles over a side that is vacant.
const SPOILT: u64 = u64::MAX;

/// How long the writer flips, and how many times at most.
const TIME: Duration = Duration::from_millis(1500);
const MOST_FLIPS: u64 = 200_000;

/// One side of the double buffer: the version, twice, and how many look at it. All by relaxed accesses, which order
/// nothing: that is left to the strategy.
#[derive(Default)]
struct Half {
    first: AtomicU64,
    looking: AtomicU64,
    last: AtomicU64,
}

struct Race {
    sides: [Half; 2],
    is_over: AtomicBool,
}

impl Race {
    fn new() -> Self {
        Self { sides: Default::default(), is_over: AtomicBool::new(false) }
    }

    fn side(&self, version: u64) -> &Half {
        &self.sides[(version & 1) as usize]
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    /// A reader who is inside of `version` looks at its side.
    fn look(&self, version: u64, pause: bool) {
        let side = self.side(version);
        side.looking.fetch_add(1, Relaxed);
        let first = side.first.load(Relaxed);
        if pause {
            thread::yield_now();
        }
        let last = side.last.load(Relaxed);
        for seen in [first, last] {
            law("L2", seen != SPOILT, "the writer was let into a side while a reader was inside");
            law("L3", seen >= version, "a reader does not see what was written before the flip");
            law("L2", seen == version, "a reader sees what was written after the flip past it");
        }
        side.looking.fetch_sub(1, Relaxed);
    }

    /// The writer spoils the side that it was told to be vacant, and makes the next version of it. Whether nobody looked.
    fn write(&self, next: u64) -> bool {
        let side = self.side(next);
        side.first.store(SPOILT, Relaxed);
        let looking = side.looking.load(Relaxed);
        side.last.store(SPOILT, Relaxed);
        side.first.store(next, Relaxed);
        side.last.store(next, Relaxed);
        looking == 0
    }
}

/// Ends the race, also when the writer fails: its readers must not run on.
struct Ends<'r>(&'r Race);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Relaxed);
    }
}

/// Waits, and tells a lost wake-up from a straggler who stays: nobody here stays inside for long.
///
/// It does not ask `vacant` again: a reader on the way in may say for a moment that it is inside of an older version.
fn wait<S: Strategy>(strategy: &S, residual: &mut S::Residual) {
    let end = Instant::now() + PATIENCE;
    let vacant = strategy.wait(residual, Some(end)).expect("wait: refused");
    law("wait", vacant, "all have left, or went on to the new side, and it does not end");
    law("wait", Instant::now() < end, "the side was vacant, and the writer slept on: a lost wake-up");
}

/// Readers against a writer who flips as fast as it can.
fn race<S>(strategy: &S, time: Duration, readers: &[fn(&S, &Race)])
where
    S: Strategy<Seat: Send, Residual: Send> + Sync,
{
    let race = &Race::new();
    thread::scope(|scope| {
        let ends = Ends(race);
        let threads: Vec<_> =
            readers.iter().map(|reader| scope.spawn(move || reader(strategy, race))).collect();
        let mut flips = Flips::of(strategy);
        let end = Instant::now() + time;
        let was_left = (1..=MOST_FLIPS).take_while(|_| Instant::now() < end).all(|next| {
            let was_left = race.write(next);
            wait(strategy, flips.flip());
            was_left
        });
        drop(ends);
        // The readers say first what they saw, and it is their message that is told.
        threads.into_iter().for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        law("L4", was_left, "the side was said to be vacant before a reader's last access to it");
    });
}

pub(super) fn what_is_read_is_whole<S>(strategy: &S)
where
    S: Strategy<Seat: Send, Residual: Send> + Sync,
{
    race(strategy, TIME, &[guards::<S>, guards_that_stay::<S>, pinned::<S>, comes_and_goes::<S>]);
}

/// A seat that advances although there is no newer version gives nothing up, whatever the writer does meanwhile.
pub(super) fn a_seat_that_advances_in_vain_stays_inside<S>(strategy: &S)
where
    S: Strategy<Seat: Send, Residual: Send> + Sync,
{
    race(strategy, TIME / 2, &[advances_in_vain::<S>]);
}

fn guards<S: Strategy>(strategy: &S, race: &Race) {
    guards_with(strategy, race, false);
}

fn guards_that_stay<S: Strategy>(strategy: &S, race: &Race) {
    guards_with(strategy, race, true);
}

fn guards_with<S: Strategy>(strategy: &S, race: &Race, pause: bool) {
    let place = Place::take(strategy, Kind::Guards);
    let mut newest = 0;
    while !race.is_over() {
        let version = place.enter();
        law("L1", version >= newest, "a reader's versions went back");
        newest = version;
        race.look(version, pause);
        race.look(version, false);
        place.leave();
    }
}

fn pinned<S: Strategy>(strategy: &S, race: &Race) {
    let place = Place::take(strategy, Kind::Pinned);
    let mut newest = 0;
    while !race.is_over() {
        let mut version = place.enter();
        for _ in 0..20 {
            law("L1", version >= newest, "a pinned reader's versions went back");
            newest = version;
            race.look(version, false);
            version = place.advance();
        }
        race.look(version, false);
        place.leave();
    }
}

/// Takes seats and releases them against the writer, who looks through them meanwhile.
fn comes_and_goes<S: Strategy>(strategy: &S, race: &Race) {
    let mut kind = Kind::Guards;
    while !race.is_over() {
        let place = Place::take(strategy, kind);
        race.look(place.enter(), false);
        place.leave();
        drop(place);
        kind = if kind == Kind::Guards { Kind::Pinned } else { Kind::Guards };
    }
}

fn advances_in_vain<S: Strategy>(strategy: &S, race: &Race) {
    let place = Place::take(strategy, Kind::Pinned);
    let mut version = place.enter();
    while !race.is_over() {
        race.look(version, false);
        version = place.advance();
    }
    race.look(version, false);
}

/// Wakes a thread that parks.
struct Unparks(Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(super) fn strangers_are_named_and_wake_the_writer<S>(strategy: &S)
where
    S: Strategy<Seat: Send, Residual: Send> + Sync,
{
    let mut flips = Flips::of(strategy);
    let ways = [(Kind::Guards, false), (Kind::Pinned, false), (Kind::Guards, true), (Kind::Pinned, true)];
    for (kind, as_task) in ways {
        let (tell, told) = mpsc::channel();
        let (leave, may_leave) = mpsc::channel::<()>();
        thread::scope(|scope| {
            // The channel ends, and the stranger with it, also if the writer fails.
            let leave = leave;
            let stranger = scope.spawn(move || {
                let place = Place::take(strategy, kind);
                place.enter();
                let _ = tell.send(());
                let _ = may_leave.recv();
                place.leave();
            });
            if told.recv().is_err() {
                stranger.join().unwrap_or_else(|panic| resume_unwind(panic));
                return;
            }
            let residual = flips.flip_and_reach();
            let named = strategy.straggler(residual);
            let named = named.expect("straggler: somebody is inside, and nobody is named");
            law("straggler", !named.is_this_thread(), "it is another thread's, and said to be this one's");
            for millis in [0, 3, 20] {
                let end = Instant::now() + Duration::from_millis(millis);
                let vacant = strategy.wait(residual, Some(end)).expect("wait: refused");
                law("L2", !vacant, "`wait` says vacant, and somebody is inside");
                law("wait", Instant::now() >= end, "it gave up before its time, for another thread's reader");
            }
            if as_task {
                sleep_as_task(strategy, residual, || drop(leave));
            } else {
                drop(leave);
                wait(strategy, residual);
            }
        });
    }
    flips.flip_past_nobody();
}

/// Polls, lets the straggler go, and sleeps until the task is woken.
fn sleep_as_task<S: Strategy>(strategy: &S, residual: &mut S::Residual, go: impl FnOnce()) {
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    let cx = &mut Context::from_waker(&waker);
    law(
        "L2",
        strategy.poll_vacant(residual, cx).is_pending(),
        "`poll_vacant` is ready, and somebody is inside",
    );
    go();
    let end = Instant::now() + PATIENCE;
    while strategy.poll_vacant(residual, cx).is_pending() {
        thread::park_timeout(PATIENCE);
        law("poll_vacant", Instant::now() < end, "the side was vacant, and the task was not woken");
    }
    strategy.stop_polling(residual);
}
