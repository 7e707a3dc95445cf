//! Store buffering on this machine: without the pair of fences each misses the other now and then, with it never.
//!
//! The first half is the control: what cannot be seen to happen cannot be seen not to happen either.

use std::hint::black_box;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use super::{Fences, Link};
use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed, Site};

/// How long a control may take to show the outcome.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it must not appear.
const TRIAL: Duration = Duration::from_millis(1200);
/// How many rounds are run between two looks at the clock.
const ROUNDS: u64 = 500;
/// By how many pauses a side may come late where one of the fences takes microseconds.
const LATE: u64 = 256;

/// What a side does between its store and its load.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Light,
    Heavy,
}

/// Each on its own cache line.
#[derive(Debug, Default)]
struct Side {
    /// The round for which this side is ready.
    ready: CachePadded<AtomicU64>,
    /// The cell of the handshake: the round in which it was written last.
    cell: CachePadded<AtomicU64>,
}

/// What a number of rounds came to.
#[derive(Debug, Default)]
struct Outcome {
    rounds: u64,
    /// Rounds in which neither saw the other.
    both_missed: u64,
    /// Side 0 missed side 1, which saw it; and the other way round. The two cases of the proof.
    zero_missed: u64,
    one_missed: u64,
}

struct Litmus {
    fences: Fences,
    link: Link,
    sides: [Side; 2],
}

impl Litmus {
    fn new(fences: Fences) -> Self {
        Self { fences, link: Link::new(), sides: Default::default() }
    }

    /// Runs rounds `from .. from + ROUNDS` of one side; whether it missed the other, round by round.
    fn run(&self, own: usize, between: Between, late: u64, from: u64) -> Vec<bool> {
        settle(own);
        let (mine, theirs) = (&self.sides[own], &self.sides[1 - own]);
        let round = |round: u64| {
            mine.ready.store(round, Relaxed);
            let mut spins = 0u32;
            while theirs.ready.load(Relaxed) < round {
                spins += 1;
                if spins < 10_000 { core::hint::spin_loop() } else { thread::yield_now() }
            }
            // By a changing while, so that each comes before, within and after the other's fence.
            let stride = [7919, 104_729][own];
            (0..round * stride % (late + 1)).for_each(|_| core::hint::spin_loop());
            mine.cell.store(round, Relaxed);
            match between {
                Between::Nothing => {}
                Between::Light => self.fences.light(Site::W1, &self.link),
                Between::Heavy => self.fences.heavy(Site::W2, [&self.link]).unwrap(),
            }
            theirs.cell.load(Relaxed) < round
        };
        (from..from + ROUNDS).map(round).collect()
    }

    /// Rounds until the time is up, or until the outcome appeared if that is what is waited for.
    fn observe(&self, between: [Between; 2], late: u64, time: Duration, until_seen: bool) -> Outcome {
        let (began, mut outcome) = (Instant::now(), Outcome::default());
        while began.elapsed() < time && !(until_seen && outcome.both_missed > 0) {
            let from = self.sides[0].cell.load(Relaxed) + 1;
            let [zero, one] = thread::scope(|scope| {
                let sides = [0, 1].map(|own| scope.spawn(move || self.run(own, between[own], late, from)));
                sides.map(|side| side.join().unwrap())
            });
            outcome.rounds += ROUNDS;
            for missed in zero.into_iter().zip(one) {
                match missed {
                    (true, true) => outcome.both_missed += 1,
                    (true, false) => outcome.zero_missed += 1,
                    (false, true) => outcome.one_missed += 1,
                    (false, false) => {}
                }
            }
        }
        outcome
    }
}

/// Keeps this thread on a processor of its own, if that can be: two that share one see no store late.
fn settle(own: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(all) = sched_getaffinity(None) else { return };
        let mut one = CpuSet::new();
        if let Some(processor) = (0..CpuSet::MAX_CPU).filter(|&processor| all.is_set(processor)).nth(own) {
            one.set(processor);
            let _ = sched_setaffinity(None, &one);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = own;
}

/// Past the harness, which keeps what passing tests print to itself.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Says that something is left out, on a line of its own.
pub(super) fn skipped(what: &str) {
    tell(&format!("\nSKIPPED: {what}"));
}

/// These tests need all processors that there are: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn can_show_anything() -> bool {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    if processors < 2 {
        skipped("litmus: with one processor no store is seen late");
    }
    processors >= 2
}

/// The control, which must show the outcome, then the pair, which must not.
fn control_and_trial(name: &str, between: Between, fences: Fences, late: u64) {
    let litmus = Litmus::new(fences);
    let seen = litmus.observe([between, between], 0, PATIENCE, true);
    tell(&format!("litmus {name}: {between:?} on both sides: {seen:?}"));
    let fenced = litmus.observe([Between::Light, Between::Heavy], late, TRIAL, false);
    tell(&format!("litmus {name}: light and heavy: {fenced:?}"));
    assert_eq!(fenced.both_missed, 0, "{name}: the fences do not order: {fenced:?}");
    if seen.both_missed == 0 {
        skipped(&format!("litmus {name}: the control did not show the outcome, so the trial says nothing"));
    }
}

#[test]
fn litmus_of_the_portable_pair() {
    let _alone = alone();
    if can_show_anything() {
        control_and_trial("portable", Between::Nothing, Fences::portable(), 0);
    }
}

#[test]
fn litmus_of_the_asymmetric_pair() {
    let _alone = alone();
    let fences = Fences::detect();
    if !fences.is_asymmetric() {
        skipped("litmus of the asymmetric pair: no membarrier here");
    } else if can_show_anything() {
        // The control shows, too, that two light fences are none.
        control_and_trial("asymmetric", Between::Light, fences, LATE);
    }
}

#[test]
fn what_the_fences_cost() {
    let _alone = alone();
    let kinds = [("portable", Fences::portable()), ("detected", Fences::detect())];
    for (name, fences) in kinds {
        let link = Link::new();
        // Known to somebody else, or the compiler makes one fence of a thousand.
        let cell = &*black_box(Box::new(AtomicU64::new(0)));
        let per_call = |calls: u32, fence: &dyn Fn()| {
            let began = Instant::now();
            (0..calls).for_each(|_| fence());
            began.elapsed().as_nanos() as f64 / f64::from(calls)
        };
        let light = per_call(1_000_000, &|| {
            cell.store(1, Relaxed);
            fences.light(Site::W1, &link);
            black_box(cell.load(Relaxed));
        });
        let heavy = || {
            per_call(1000, &|| {
                cell.store(1, Relaxed);
                fences.heavy(Site::W2, [&link]).unwrap();
                black_box(cell.load(Relaxed));
            })
        };
        let alone = heavy();
        let (running, stop) = (AtomicU64::new(0), AtomicU64::new(0));
        let disturbing = thread::scope(|scope| {
            scope.spawn(|| {
                settle(1);
                running.store(1, Relaxed);
                while stop.load(Relaxed) == 0 {}
            });
            let heavy = scope.spawn(|| {
                settle(0);
                while running.load(Relaxed) == 0 {
                    thread::yield_now();
                }
                let disturbing = heavy();
                stop.store(1, Relaxed);
                disturbing
            });
            heavy.join().unwrap()
        });
        tell(&format!(
            "fences {name}, asymmetric {}: light {light:.1} ns, heavy {alone:.0} ns, {disturbing:.0} ns with a \
             thread to interrupt",
            fences.is_asymmetric()
        ));
    }
}
