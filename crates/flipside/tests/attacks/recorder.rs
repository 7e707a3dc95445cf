//! The attacks on `collect::recorder`. Those on its bounds and lifetimes are in the documentation tests of
//! `collect::recorder::compile_fail`; the counts near their maximum (15) are in its `lane_tests`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::{forget, swap, take};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flipside::collect::MAX_WRITERS;
use flipside::collect::recorder::{BuildError, Recorder, Snapshots, TooManyWriters, Writer};

use crate::support::within;

fn one<T: Send>(make: impl FnMut() -> T) -> (Recorder<T>, Snapshots<T>, Writer<T>) {
    let (recorder, snapshots) = Recorder::new(1, make).unwrap();
    let writer = recorder.writer().unwrap();
    (recorder, snapshots, writer)
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

fn throw() -> ! {
    resume_unwind(Box::new("thrown"))
}

/// The sum of all that there is to see.
fn sum(snapshots: &mut Snapshots<u64>) -> u64 {
    let mut sum = 0;
    assert!(snapshots.interval(|value| sum += take(value)).is_complete());
    sum
}

#[test]
fn a_01_a_forgotten_writer_keeps_its_place_and_nothing_else() {
    let (recorder, mut snapshots, mut writer) = one(|| 0u64);
    writer.record(|value| *value += 1);
    forget(writer);
    assert_eq!(recorder.writer().unwrap_err(), TooManyWriters { writers: 1 });
    assert_eq!(sum(&mut snapshots), 1);
}

#[test]
fn a_04_a_panic_in_a_record_leaves_what_was_done() {
    let (_recorder, mut snapshots, mut writer) = one(|| 0u64);
    for round in 1..100 {
        assert!(panics(|| writer.record(|value| {
            *value += round;
            throw()
        })));
        writer.record(|value| *value += 1);
        assert_eq!(sum(&mut snapshots), round + 1);
    }
}

#[test]
fn a_02_a_panic_in_a_visit_leaves_the_rest_for_the_next() {
    let (recorder, mut snapshots) = Recorder::new(4, || 0u64).unwrap();
    let mut writers: Vec<_> = (0..4).map(|_| recorder.writer().unwrap()).collect();
    for round in 0..50 {
        for writer in &mut writers {
            writer.record(|value| *value += 1);
        }
        let mut visits = 0;
        assert!(panics(|| {
            let _ = snapshots.interval(|_| {
                visits += 1;
                if visits == round % 4 + 1 {
                    throw()
                }
            });
        }));
        // That visitor reset nothing, and its values stay as they are until their sides are used and visited again.
        for _ in 0..2 {
            for writer in &mut writers {
                writer.record(|value| *value += 1);
            }
        }
        let mut seen = 0;
        for _ in 0..3 {
            assert!(snapshots.interval(|value| seen += take(value)).is_complete());
            for writer in &mut writers {
                writer.record(|value| *value += 1);
            }
        }
        seen += sum(&mut snapshots);
        assert_eq!(seen, 4 * 6, "round {round}");
    }
}

#[test]
fn a_03_values_whose_drop_panics() {
    struct Grumpy(Arc<AtomicUsize>);
    impl Drop for Grumpy {
        fn drop(&mut self) {
            if self.0.fetch_add(1, Relaxed) == 0 {
                throw()
            }
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (recorder, mut snapshots) = Recorder::new(3, || Some(Grumpy(drops.clone()))).unwrap();
    let mut writer = recorder.writer().unwrap();
    assert!(panics(|| writer.record(|value| drop(value.take()))), "in a record");
    assert_eq!(snapshots.interval(|value| assert!(value.is_none())).records, 1);
    writer.record(|_| ());
    drops.store(0, Relaxed);
    assert!(panics(|| _ = snapshots.interval(|value| *value = None)), "in a visit");
    assert_eq!(snapshots.interval(|value| assert!(value.is_none())).records, 1, "visited again");
    drops.store(0, Relaxed);
    drop((recorder, writer));
    assert!(panics(|| drop(snapshots)), "with the last handle");
    assert_eq!(drops.load(Relaxed), 4, "the others are dropped all the same");
}

#[test]
fn a_03_make_panics_half_way() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Relaxed);
        }
    }
    for at in 0..6 {
        let alive = Arc::new(AtomicUsize::new(0));
        assert!(panics(|| {
            let _ = Recorder::new(3, || {
                if alive.load(Relaxed) == at {
                    throw()
                }
                alive.fetch_add(1, Relaxed);
                Counted(alive.clone())
            });
        }));
        assert_eq!(alive.load(Relaxed), 0, "made {at}");
    }
}

#[test]
fn a_05_an_interval_inside_of_a_record_and_a_record_inside_of_a_visit() {
    within("recursion", || {
        let (recorder, mut snapshots) = Recorder::new(2, || 0u64).unwrap();
        let (mut a, mut b) = (recorder.writer().unwrap(), recorder.writer().unwrap());
        a.record(|value| {
            *value += 1;
            b.record(|value| *value += 10);
            let mut seen = 0;
            let interval = snapshots.interval(|value| seen += take(value));
            assert_eq!((seen, interval.occupied), (10, 1), "its own lane is left alone");
            let wait = Duration::from_millis(1);
            assert_eq!(snapshots.interval_timeout(wait, |_| unreachable!()).occupied, 1);
            *value += 1;
        });
        let mut seen = 0;
        let interval = snapshots.interval(|value| {
            seen += take(value);
            a.record(|value| *value += 100); // Into the other side.
            assert!(recorder.writer().is_err());
        });
        // What the last interval left is visited first, so that the lane can flip: with what was just recorded.
        assert_eq!((seen, interval.records), (102, 2));
        assert_eq!(sum(&mut snapshots), 100);
    });
}

#[test]
fn a_06_a_value_that_records_when_it_is_dropped() {
    struct Echo(Option<Box<Writer<Vec<Echo>>>>);
    impl Drop for Echo {
        fn drop(&mut self) {
            if let Some(writer) = &mut self.0 {
                writer.record(|values| values.push(Echo(None)));
            }
        }
    }
    let (recorder, mut snapshots) = Recorder::new(2, Vec::new).unwrap();
    let (mut writer, echo) = (recorder.writer().unwrap(), recorder.writer().unwrap());
    writer.record(|values| values.push(Echo(Some(Box::new(echo)))));
    let count = |snapshots: &mut Snapshots<Vec<Echo>>| snapshots.interval(Vec::clear).records;
    assert_eq!(count(&mut snapshots), 1);
    assert_eq!(count(&mut snapshots), 1, "the echo");
    assert_eq!(count(&mut snapshots), 0);
    assert!(recorder.writer().is_ok(), "its writer is dropped with it");
}

#[test]
fn a_09_a_thread_that_ends_while_registered() {
    let (recorder, mut snapshots) = Recorder::new(2, || 0u64).unwrap();
    let mut writer = recorder.writer().unwrap();
    let dies = thread::spawn(move || {
        writer.record(|value| *value += 1);
        throw()
    });
    assert!(dies.join().is_err());
    thread_local! { static OWN: RefCell<Option<Writer<u64>>> = const { RefCell::new(None) } }
    let cloned = recorder.clone();
    thread::spawn(move || {
        OWN.set(Some(cloned.writer().unwrap()));
        OWN.with_borrow_mut(|writer| writer.as_mut().unwrap().record(|value| *value += 10));
    })
    .join()
    .unwrap();
    assert_eq!(sum(&mut snapshots), 11);
    let both = (recorder.writer(), recorder.writer());
    assert!(both.0.is_ok() && both.1.is_ok(), "both places are free again");
}

#[test]
fn a_09_whichever_handle_goes_last() {
    let count = Arc::new(());
    let make = |count: &Arc<()>| {
        let count = count.clone();
        one(move || (0u64, count.clone()))
    };
    for last in 0..3 {
        let (recorder, mut snapshots, mut writer) = make(&count);
        match last {
            0 => {
                drop((snapshots, writer));
                recorder.writer().unwrap().record(|value| value.0 += 1);
                drop(recorder);
            }
            1 => {
                writer.record(|value| value.0 += 1);
                drop((recorder, writer));
                assert_eq!(snapshots.interval(|value| assert_eq!(value.0, 1)).records, 1);
                drop(snapshots);
            }
            _ => {
                drop((recorder, snapshots));
                writer.record(|value| value.0 += 1);
                drop(writer);
            }
        }
        assert_eq!(Arc::strong_count(&count), 1, "all values are dropped");
    }
}

#[test]
fn a_11_values_that_are_not_shared() {
    let (_recorder, mut snapshots, mut writer) = one(|| (Cell::new(0), RefCell::new(HashMap::new())));
    thread::spawn(move || {
        writer.record(|(cell, map)| {
            cell.set(cell.get() + 1);
            *map.borrow_mut().entry("key").or_insert(0) += 1;
        });
    })
    .join()
    .unwrap();
    let interval = snapshots.interval(|(cell, map)| {
        assert_eq!((cell.get(), map.borrow()["key"]), (1, 1));
    });
    assert_eq!(interval.records, 1);
}

#[test]
fn a_13_values_of_no_size_and_numbers_that_make_no_sense() {
    let (recorder, mut snapshots, mut writer) = one(|| ());
    for _ in 0..10 {
        writer.record(|()| ());
    }
    assert_eq!((snapshots.interval(|()| ()).records, snapshots.interval(|()| ()).records), (10, 0));
    assert!(recorder.memory() > 0);
    for writers in [0, MAX_WRITERS + 1, usize::MAX] {
        let error = Recorder::new(writers, || 0u8).unwrap_err();
        assert_eq!(error, BuildError::Writers { writers });
    }
    let (recorder, _snapshots) = Recorder::new(MAX_WRITERS, || ()).unwrap();
    let all: Vec<_> = (0..MAX_WRITERS).map(|_| recorder.writer().unwrap()).collect();
    assert_eq!(recorder.writer().unwrap_err().writers, MAX_WRITERS);
    drop(all);
    let (_recorder, mut snapshots, mut writer) = one(|| [0u64; 0]);
    assert!(panics(|| writer.add(0, 1)), "there is no counter");
    assert_eq!(snapshots.interval(|_| ()).records, 0, "and nothing was recorded");
}

#[test]
fn a_14_values_with_an_alignment_of_their_own() {
    #[repr(align(8192))]
    struct Page(u8);
    let (recorder, mut snapshots) = Recorder::new(3, || Page(0)).unwrap();
    let mut writers: Vec<_> = (0..3).map(|_| recorder.writer().unwrap()).collect();
    for _ in 0..3 {
        for writer in &mut writers {
            writer.record(|page| {
                assert_eq!((&raw const *page).addr() % 8192, 0);
                page.0 += 1;
            });
        }
        let interval = snapshots
            .interval(|page| assert_eq!((take(&mut page.0), (&raw const *page).addr() % 8192), (1, 0)));
        assert_eq!(interval.records, 3);
    }
    assert!(recorder.memory() >= 3 * 2 * 8192);
}

#[test]
fn a_15_counters_wrap() {
    let (_recorder, mut snapshots, mut writer) = one(|| [u64::MAX]);
    let mut totals = [u64::MAX - 1];
    writer.add(0, 3);
    let _ = snapshots.add_to(&mut totals);
    assert_eq!(totals, [0]);
}

#[test]
fn a_19_handles_that_wander() {
    let (recorder, mut snapshots, mut writer) = one(|| 0u64);
    for _ in 0..50 {
        (writer, snapshots) = thread::spawn(move || {
            writer.record(|value| *value += 1);
            let reader = thread::spawn(move || {
                assert_eq!(sum(&mut snapshots), 1);
                snapshots
            });
            (writer, reader.join().unwrap())
        })
        .join()
        .unwrap();
    }
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| format!("{recorder:?} {snapshots:?} {writer:?} {}", recorder.memory()));
        }
    });
}

#[test]
fn a_23_places_that_change_hands_against_a_reader() {
    let (recorder, mut snapshots) = Recorder::new(1, || 0u64).unwrap();
    let (mut seen, stop) = (0, AtomicBool::new(false));
    let recorded: u64 = thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut recorded = 0;
                while !stop.load(Relaxed) {
                    if let Ok(mut writer) = recorder.writer() {
                        recorded += writer.record(|value| {
                            *value += 1;
                            1
                        });
                    }
                }
                recorded
            })
        });
        for _ in 0..20_000 {
            let _ = snapshots.interval(|value| seen += take(value));
        }
        stop.store(true, Relaxed);
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert_eq!(seen + sum(&mut snapshots), recorded);
}

#[test]
fn a_28_values_and_handles_that_are_swapped() {
    let (_recorder, mut snapshots, mut writer) = one(|| vec![1u8]);
    let (_other_recorder, mut other_snapshots, mut other) = one(|| vec![2u8]);
    writer.record(|value| other.record(|theirs| swap(value, theirs)));
    swap(&mut writer, &mut other);
    writer.record(|value| value.push(3));
    let mut seen = Vec::new();
    let _ = snapshots.interval(|value| seen.append(value));
    let _ = other_snapshots.interval(|value| seen.append(value));
    assert_eq!(seen, [2, 1, 3]);
    let mut kept = Vec::new();
    writer.record(|value| swap(value, &mut kept));
    assert_eq!(kept, [2u8], "the value of the other side, which nobody emptied");
}
