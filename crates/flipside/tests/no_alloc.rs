//! Nothing is allocated per record: not to write, to be refused, to wait, to drain; nor per interval of a recorder,
//! nor per round of an exchange, nor by a call of a shared writer that meets nobody.

#[path = "support/mod.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::thread;
use std::time::Duration;

use flipside::collect::recorder::Recorder;
use flipside::collect::{Builder, Next, Order, Overflow, Record};
use flipside::exchange::{self, Choice};
use flipside::publish::{self, Operation, Policy, SharedWriter};

const ORDERS: [(Order, bool); 3] =
    [(Order::Total, true), (Order::PerWriter, true), (Order::PerWriter, false)];

fn builders(overflow: Overflow) -> impl Iterator<Item = Builder> {
    ORDERS
        .into_iter()
        .map(move |(order, membarrier)| Builder::new(overflow).order(order).membarrier(membarrier))
}

/// Counts the allocations of each thread for itself, so that the test harness does not disturb.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn note() {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: forwards to the system's allocator; the count beside it does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note();
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as in `alloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations and deallocations of this thread inside `work`.
fn allocations<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (ALLOCATIONS.with(Cell::get) - before, result)
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))).0, 2);
}

#[test]
fn writes_claims_refusals_and_polled_drains_allocate_nothing() {
    let policies = [Overflow::Fail, Overflow::DropNewest, Overflow::BlockTimeout(Duration::ZERO)];
    for builder in policies.into_iter().flat_map(builders) {
        let context = format!("{builder:?}");
        let (collector, mut drain) = builder.side(512).linger(Duration::ZERO).build().unwrap();
        let mut writer = collector.writer().unwrap();
        let (count, drained) = allocations(|| {
            let (mut drained, mut lost) = (0, 0);
            for _ in 0..500 {
                for _ in 0..20 {
                    let _ = writer.write(&[1; 20]);
                    let _ = writer.write_vectored(&[&[1; 3], &[2; 4]]);
                    if let Ok(mut claim) = writer.claim(30) {
                        claim.put(&[3; 10]).unwrap();
                        claim.commit();
                    }
                    if let Ok(claim) = writer.claim(3) {
                        claim.abort();
                    }
                    if let Ok(mut batch) = writer.claim_batch(50) {
                        batch.put(&[4; 5]).unwrap();
                        batch.put_vectored(&[&[5; 3], &[6; 4]]).unwrap();
                        batch.commit();
                    }
                    let _ = writer.write(&[0; 1000]);
                }
                while let Next::Batch(batch) = drain.try_next() {
                    drained += batch.count();
                    for record in batch.records() {
                        if let Record::Gap { lost: gap, .. } = record {
                            lost += gap.records;
                        }
                    }
                    batch.release();
                }
                let _ = collector.flush_timeout(Duration::ZERO);
            }
            assert!(lost > 0);
            drained
        });
        assert_eq!(count, 0, "{context}");
        assert_eq!(drained, collector.stats().total().drained);
        assert!(drained >= 500);
    }
}

#[test]
fn blocked_writers_a_sleeping_reader_and_flushes_allocate_nothing() {
    builders(Overflow::Block).for_each(blocked);
}

fn blocked(builder: Builder) {
    support::within("blocking writers and reader", || {
        let (collector, mut drain) = builder.side(64).linger(Duration::ZERO).build().unwrap();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (collector, mut writer) = (collector.clone(), collector.writer().unwrap());
                thread::spawn(move || {
                    let (count, ()) = allocations(|| {
                        for n in 0..600u32 {
                            writer.write(&n.to_le_bytes()).unwrap();
                            if n % 100 == 0 {
                                collector.flush().unwrap();
                            }
                        }
                    });
                    count
                })
            })
            .collect();
        drop(collector);
        let (count, drained) = allocations(|| {
            let mut drained = 0;
            while let Some(batch) = drain.next() {
                drained += batch.count();
                batch.release();
                if drained % 8 == 0 {
                    thread::sleep(Duration::from_micros(200)); // Lets the writers fall asleep.
                }
            }
            drained
        });
        assert_eq!((count, drained), (0, 1800));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 0);
        }
    });
}

#[test]
fn records_and_intervals_allocate_nothing() {
    let (recorder, mut snapshots) = Recorder::new(3, || [0u64; 4]).unwrap();
    let mut writers = [(); 2].map(|()| recorder.writer().unwrap());
    let (count, seen) = allocations(|| {
        let mut totals = [0; 4];
        for n in 0..1000 {
            for writer in &mut writers {
                writer.add(n % 4, 1);
                writer.record(|counters| counters[0] += 1);
            }
            if n % 3 == 0 {
                assert!(snapshots.add_to(&mut totals).is_complete());
                assert!(snapshots.interval_timeout(Duration::ZERO, |_| ()).is_complete());
                assert_eq!(snapshots.stragglers().count(), 0);
            }
        }
        writers[0].record(|_| snapshots.interval_timeout(Duration::from_millis(1), |_| ()).records);
        let _ = snapshots.add_to(&mut totals);
        totals.iter().sum::<u64>()
    });
    assert_eq!((count, seen), (0, 4000));
}

#[test]
fn rounds_allocate_nothing_with_a_profile_or_without() {
    for (barrier, is_profiled) in
        [Choice::Flags, Choice::Central].into_iter().flat_map(|choice| [(choice, false), (choice, true)])
    {
        let setup = exchange::parties(3).segment(4, |rank, _| rank).contributing(|_| 0u64).barrier(barrier);
        let (setup, profile) =
            if is_profiled { Some(setup.profile(50)).unzip() } else { (Some(setup), None) };
        let counts = setup.unwrap().scope(|mut round| {
            let rounds = || {
                for turn in 0..200 {
                    round.own().fill(turn as usize);
                    round = round.publish_with(turn).wait().expect("nobody dies");
                }
                round
            };
            let (count, round) = allocations(rounds);
            round.leave();
            count
        });
        assert_eq!(counts.unwrap(), [0; 3], "{barrier:?}, {is_profiled}");
        assert!(
            profile.is_none_or(|profile| profile.report().parties.iter().all(|party| party.rounds == 200))
        );
    }
}

#[test]
fn calls_of_a_shared_writer_that_meet_nobody_allocate_nothing() {
    struct Add(u64);
    impl Operation<u64> for Add {
        fn apply(&mut self, sum: &mut u64, _: &()) {
            *sum += self.0;
        }
    }
    for policy in [Policy::EveryCall, Policy::Every(10)] {
        let (writer, reader) = publish::log::<u64, Add>(0);
        let shared = SharedWriter::with_policy(writer, policy);
        // The log makes room for what it will hold.
        (0..100).for_each(|_| shared.apply(Add(0)).unwrap());
        let (count, before) = allocations(|| {
            for n in 0..1000 {
                shared.apply(Add(n)).unwrap();
            }
            let add = |sum: &u64, adds: &mut Vec<Add>| {
                adds.push(Add(1));
                *sum
            };
            let before = shared.call(add).unwrap();
            shared.publish().unwrap();
            before
        });
        assert_eq!((count, before, *reader.read()), (0, 499_500, 499_501));
    }
}
