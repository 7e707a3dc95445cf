//! The recorder against an oracle: whatever the threads recorded is visited, once, whole, whoever comes and goes.

#[path = "support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::recorder::{Interval, Recorder};

use crate::support::within;

/// A value whose parts must agree: half a record, and two records mixed, show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ledger {
    records: u64,
    sum: u64,
    list: Vec<u64>,
    check: u64,
}

impl Ledger {
    fn note(&mut self, number: u64) {
        self.records += 1;
        self.sum = self.sum.wrapping_add(number);
        self.list.push(number);
        self.check = self.check.wrapping_mul(31).wrapping_add(number);
    }

    fn assert_whole(&self) {
        assert_eq!(self.list.len() as u64, self.records, "half a record");
        assert_eq!(self.list.iter().fold(0u64, |sum, n| sum.wrapping_add(*n)), self.sum, "half a record");
        let check = self.list.iter().fold(0u64, |check, n| check.wrapping_mul(31).wrapping_add(*n));
        assert_eq!(check, self.check, "records mixed up");
    }
}

#[test]
fn what_threads_recorded_is_what_intervals_saw() {
    within("four writers and intervals", || {
        const THREADS: u64 = 4;
        const INTERVALS: u64 = 20_000;
        let (recorder, mut snapshots) = Recorder::new(THREADS as usize, Ledger::default).unwrap();
        let stop = AtomicBool::new(false);
        let (mut all, mut records) = (vec![Vec::new(); THREADS as usize], 0);
        // The threads sign their records in the upper bits.
        let mut visit = |ledger: &mut Ledger| {
            ledger.assert_whole();
            let list = std::mem::take(ledger).list;
            all[(list[0] >> 32) as usize].extend(list);
        };
        let recorded: Vec<u64> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (mut writer, stop) = (recorder.writer().unwrap(), &stop);
                    scope.spawn(move || {
                        let mut recorded = 0;
                        while !stop.load(Relaxed) {
                            writer.record(|ledger| ledger.note(thread << 32 | recorded));
                            recorded += 1;
                            if recorded % 256 == 0 {
                                thread::yield_now(); // Keeps the lists short where processors are few.
                            }
                        }
                        recorded
                    })
                })
                .collect();
            let mut busy = 0;
            while busy < INTERVALS {
                let interval = snapshots.interval(&mut visit);
                records += interval.records;
                busy += u64::from(interval.records > 0);
            }
            stop.store(true, Relaxed);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let last = snapshots.interval(&mut visit);
        assert!(last.is_complete(), "nobody is inside");
        records += last.records;
        println!("{records} records in {INTERVALS} intervals");
        assert_eq!(records, recorded.iter().sum());
        // Each writer's own come in their order, without a gap.
        for ((thread, all), recorded) in (0..).zip(all).zip(recorded) {
            assert!(all.into_iter().eq(thread << 32..thread << 32 | recorded), "writer {thread}");
        }
    });
}

#[test]
fn a_record_before_the_call_is_in_the_interval() {
    let (recorder, mut snapshots) = Recorder::new(2, || [0u64; 1]).unwrap();
    let (mut own, mut busy) = (recorder.writer().unwrap(), recorder.writer().unwrap());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                busy.add(0, 1);
            }
        });
        for _ in 0..20_000 {
            own.record(|value| value[0] += 1 << 32);
            let mut total = [0];
            let interval = snapshots.add_to(&mut total);
            assert_eq!(total[0] >> 32, 1, "ours is outside: its records are due");
            assert!(interval.occupied <= 1 && interval.records >= 1);
        }
        stop.store(true, Relaxed);
    });
}

#[test]
fn writers_that_come_and_go_lose_nothing() {
    within("writers in a loop", || {
        let (recorder, mut snapshots) = Recorder::new(3, || [0u64; 2]).unwrap();
        let running = AtomicUsize::new(4);
        let (mut totals, mut records) = ([0; 2], 0);
        let recorded: u64 = thread::scope(|scope| {
            // One thread more than there are places.
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (recorder, running) = (recorder.clone(), &running);
                    scope.spawn(move || {
                        let mut recorded = 0;
                        for round in 0..20_000u64 {
                            let Ok(mut writer) = recorder.writer() else { continue };
                            for _ in 0..round % 3 {
                                writer.record(|[a, b]| (*a, *b) = (*a + 1, *b + 1));
                                recorded += 1;
                            }
                        }
                        running.fetch_sub(1, Relaxed);
                        recorded
                    })
                })
                .collect();
            while running.load(Relaxed) > 0 {
                records += snapshots.add_to(&mut totals).records;
            }
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        records += snapshots.add_to(&mut totals).records;
        assert_eq!((totals, records), ([recorded; 2], recorded));
        assert!(recorded > 0);
    });
}

#[test]
fn a_straggler_holds_up_itself_alone() {
    within("a straggler", || {
        let (recorder, mut snapshots) = Recorder::new(2, || [0u64; 1]).unwrap();
        let (mut slow, mut fast) = (recorder.writer().unwrap(), recorder.writer().unwrap());
        let (inside, go) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let (slow, inside, go) = (&mut slow, &inside, &go);
            let straggler = scope.spawn(move || {
                slow.add(0, 1);
                slow.record(|value| {
                    inside.store(true, Relaxed);
                    while !go.load(Relaxed) {
                        thread::yield_now();
                    }
                    value[0] += 1;
                });
                slow.add(0, 1);
            });
            while !inside.load(Relaxed) {
                thread::yield_now();
            }
            for _ in 0..100 {
                fast.add(0, 1);
                let mut seen = [0];
                let interval = snapshots.add_to(&mut seen);
                assert_eq!((seen, interval.records, interval.occupied), ([1], 1, 1));
                assert_eq!(snapshots.stragglers().collect::<Vec<_>>(), [0]);
            }
            let began = Instant::now();
            let waited = snapshots.interval_timeout(Duration::from_millis(30), |_| unreachable!());
            assert_eq!((waited.records, waited.occupied), (0, 1));
            assert!(began.elapsed() >= Duration::from_millis(30));
            go.store(true, Relaxed);
            straggler.join().unwrap();
        });
        let mut seen = [0];
        let interval = snapshots.add_to(&mut seen);
        assert_eq!((seen, interval.records, interval.occupied), ([3], 3, 0), "both of its sides");
        assert_eq!(snapshots.stragglers().count(), 0);
    });
}

#[test]
fn a_timeout_waits_for_those_who_leave() {
    within("a timeout", || {
        let (recorder, mut snapshots) = Recorder::new(1, || [0u64; 1]).unwrap();
        let mut writer = recorder.writer().unwrap();
        let inside = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                writer.record(|value| {
                    inside.store(true, Relaxed);
                    thread::sleep(Duration::from_millis(20));
                    value[0] += 1;
                });
            });
            while !inside.load(Relaxed) {
                thread::yield_now();
            }
            let mut sum = 0;
            let wait = |value: &mut [u64; 1]| sum += std::mem::take(&mut value[0]);
            let interval = snapshots.interval_timeout(Duration::MAX, wait);
            assert!(interval.is_complete());
            assert_eq!((sum, interval.records), (1, 1));
        });
    });
}

#[test]
fn idle_writers_are_not_visited() {
    let (recorder, mut snapshots) = Recorder::new(64, || [0u64; 4]).unwrap();
    let mut writers: Vec<_> = (0..64).map(|_| recorder.writer().unwrap()).collect();
    for slot in [3, 40] {
        assert_eq!(writers[slot].slot(), slot);
        writers[slot].add(2, 5);
    }
    let mut visits = 0;
    let interval = snapshots.interval(|value| {
        assert_eq!(*value, [0, 0, 5, 0]);
        *value = [0; 4];
        visits += 1;
    });
    assert_eq!((visits, interval.records), (2, 2));
    assert_eq!(snapshots.interval(|_| unreachable!()), Interval::default());
}
