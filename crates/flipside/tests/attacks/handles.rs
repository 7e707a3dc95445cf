//! Handles that are shared, swapped, exhausted, reused and used too late: 9, 19, 23, 28.

use std::mem::swap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flipside::collect::{FlushError, Next, Order, Overflow, TooManyWriters, WriteError};

use crate::support::{assert_law, bodies, data, drain_all, finish, until, within};

#[test]
fn a_19_handles_shared_across_scoped_threads() {
    let (collector, mut drain) = crate::builder(Overflow::Block).side(128).writers(4).build().unwrap();
    let stop = AtomicBool::new(false);
    let all = thread::scope(|scope| {
        let (collector, stop) = (&collector, &stop);
        let writers: Vec<_> = (0..4)
            .map(|n: u8| {
                scope.spawn(move || {
                    let mut writer = collector.clone().writer().unwrap();
                    for _ in 0..300 {
                        writer.write(&[n; 9]).unwrap();
                    }
                    collector.flush().unwrap();
                })
            })
            .collect();
        scope.spawn(move || {
            while !stop.load(Relaxed) {
                let _ = (collector.stats(), collector.stragglers(), collector.fill());
                let _ = format!("{collector:?}");
                thread::yield_now();
            }
        });
        let reader = scope.spawn(|| drain_all(&mut drain));
        for writer in writers {
            writer.join().unwrap();
        }
        collector.request_close();
        let all = reader.join().unwrap();
        stop.store(true, Relaxed);
        all
    });
    assert_eq!(bodies(&all).len(), 1200);
    assert_law(&collector.stats().total());
}

#[test]
fn a_19_a_batch_crosses_threads_and_a_shared_writer_is_only_looked_at() {
    let (collector, mut drain) = crate::builder(Overflow::Fail).linger(Duration::ZERO).build().unwrap();
    let mut writer = collector.writer().unwrap();
    writer.write(b"x").unwrap();
    let writer_ref = &writer;
    let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!((batch.records().count(), writer_ref.slot()), (1, 0)));
        }
    });
    thread::scope(|scope| scope.spawn(move || batch.release()).join().unwrap());
    assert_eq!(collector.stats().total().drained, 1);
}

#[test]
fn a_23_writers_come_and_go_under_a_scanning_reader() {
    within("registration in a tight loop", || {
        let (collector, mut drain) =
            crate::builder(Overflow::Block).side(256).writers(3).linger(Duration::ZERO).build().unwrap();
        let offered = AtomicU64::new(0);
        let all = thread::scope(|scope| {
            let threads: Vec<_> = (0..5u8)
                .map(|n| {
                    let (collector, offered) = (&collector, &offered);
                    scope.spawn(move || {
                        let mut taken = 0u64;
                        while taken < 1500 {
                            let Ok(mut writer) = collector.writer() else {
                                thread::yield_now();
                                continue;
                            };
                            taken += 1;
                            writer.write(&[n; 11]).unwrap();
                            let claim = writer.claim(5).unwrap();
                            match taken % 3 {
                                0 => claim.commit(),
                                1 => claim.abort(),
                                _ => std::mem::forget(claim),
                            }
                            offered.fetch_add(2, Relaxed);
                        }
                    })
                })
                .collect();
            let reader = scope.spawn(|| drain_all(&mut drain));
            for thread in threads {
                thread.join().unwrap();
            }
            collector.request_close();
            reader.join().unwrap()
        });
        let stats = collector.stats();
        let total = stats.total();
        assert_eq!(total.offered, offered.into_inner());
        assert_eq!(total.aborted, 5 * 1000);
        assert_eq!(total.drained as usize, bodies(&all).len());
        assert_eq!((total.pending, total.abandoned, total.dropped.total()), (0, 0, 0));
        assert_law(&total);
        stats.writers.iter().for_each(|writer| assert_law(&writer.counts));
    });
}

#[test]
fn one_writer_too_many_is_an_error_until_another_one_is_gone() {
    let (collector, _drain) = crate::builder(Overflow::Fail).writers(2).build().unwrap();
    let (first, second) = (collector.writer().unwrap(), collector.writer_for(9).unwrap());
    assert_eq!(collector.writer().unwrap_err(), TooManyWriters { writers: 2 });
    assert_eq!(
        collector.writer_for(9).unwrap_err().to_string(),
        "all 2 writers are taken (by living writers, or kept for other sources)"
    );
    drop(first);
    assert_eq!(collector.writer().unwrap().slot(), 0);
    drop(second);
    assert_eq!(collector.writer_for(9).unwrap().slot(), 1);
}

#[test]
fn a_slot_keeps_its_source() {
    let (collector, mut drain) = crate::builder(Overflow::Fail).writers(3).build().unwrap();
    for (round, source) in [500, 600, 500, 600, 500].into_iter().enumerate() {
        let mut writer = collector.writer_for(source).unwrap();
        assert_eq!(writer.source(), source);
        assert_eq!(writer.slot(), usize::from(source == 600));
        writer.write(&[round as u8]).unwrap();
    }
    // The number of slot 1 belongs to somebody else now; the only slot left is 2.
    assert_eq!(collector.writer().unwrap().source(), 2);
    assert!(collector.writer_for(700).is_err());
    let two = [collector.writer_for(500).unwrap(), collector.writer_for(600).unwrap()];
    assert!(collector.writer_for(500).is_err());
    let stats = collector.stats();
    let rows: Vec<_> = stats.writers.iter().map(|row| (row.source, row.alive, row.counts.offered)).collect();
    assert_eq!(rows, [(500, true, 3), (600, true, 2), (2, false, 0)]);
    assert_eq!(bodies(&finish(collector, two.into(), &mut drain)).len(), 5);
}

#[test]
fn several_writers_of_one_source() {
    let (collector, mut drain) = crate::builder(Overflow::Fail).writers(2).build().unwrap();
    let mut two = [collector.writer_for(65_535).unwrap(), collector.writer_for(65_535).unwrap()];
    two[0].write(b"a").unwrap();
    two[1].write(b"b").unwrap();
    let all = finish(collector, two.into(), &mut drain);
    assert_eq!(all, [data(65_535, b"a"), data(65_535, b"b")]);
}

#[test]
fn a_28_swapped_handles_stay_with_their_own() {
    let build = || crate::builder(Overflow::Fail).side(64).build().unwrap();
    let ((mut one, mut one_drain), (mut two, mut two_drain)) = (build(), build());
    let (mut of_one, mut of_two) = (one.writer_for(1).unwrap(), two.writer_for(2).unwrap());
    swap(&mut of_one, &mut of_two);
    swap(&mut one_drain, &mut two_drain);
    swap(&mut one, &mut two);
    let mut claim_two = of_one.claim(8).unwrap();
    let mut claim_one = of_two.claim(8).unwrap();
    swap(&mut claim_one, &mut claim_two);
    claim_one.put(b"two").unwrap();
    claim_two.put(b"one").unwrap();
    drop(claim_one);
    claim_two.commit();
    one.request_close();
    two.request_close();
    assert_eq!(bodies(&drain_all(&mut one_drain)).len(), 0);
    assert_eq!(drain_all(&mut two_drain), [data(1, b"one")]);
    assert_eq!((one.stats().total().aborted, two.stats().total().drained), (1, 1));
}

#[test]
fn use_after_close_is_an_error_and_counted() {
    for overflow in [
        Overflow::Block,
        Overflow::BlockTimeout(Duration::from_secs(3600)),
        Overflow::Fail,
        Overflow::DropNewest,
    ] {
        let (collector, mut drain) = crate::builder(overflow).side(64).build().unwrap();
        let mut writer = collector.writer().unwrap();
        writer.write(b"kept").unwrap();
        collector.request_close();
        assert_eq!(drain_all(&mut drain), [data(0, b"kept")]);
        assert!(collector.is_finished());
        assert_eq!(writer.write(b"late"), Err(WriteError::Closed));
        assert_eq!(writer.write(&[0; 4096]), Err(WriteError::Closed));
        assert_eq!(writer.claim(1).unwrap_err(), WriteError::Closed);
        let mut newcomer = collector.writer().unwrap();
        assert_eq!(newcomer.write(b""), Err(WriteError::Closed));
        assert_eq!(collector.flush(), Ok(()));
        let report = collector.close(Duration::ZERO);
        assert!(report.complete && report.stragglers.is_empty());
        let total = report.stats.total();
        assert_eq!((total.drained, total.dropped.closed), (1, 4));
        assert_law(&total);
        assert!(matches!(drain.try_next(), Next::Finished));
        assert!(matches!(drain.next_timeout(Duration::from_secs(3600)), Next::Finished));
        assert!(drain.next().is_none());
        drop(drain);
        assert_eq!(writer.write(b"later"), Err(WriteError::Closed));
    }
}

#[test]
fn dropping_the_drain_lets_every_blocked_writer_go() {
    within("writers blocked on a reader that goes away", || {
        let (collector, mut drain) =
            crate::builder(Overflow::Block).side(64).writers(6).linger(Duration::ZERO).build().unwrap();
        let accepted = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..6 {
                let (mut writer, accepted) = (collector.writer().unwrap(), &accepted);
                scope.spawn(move || {
                    loop {
                        match writer.write(b"0123456") {
                            Ok(_) => drop(accepted.fetch_add(1, Relaxed)),
                            Err(error) => return assert_eq!(error, WriteError::Closed),
                        }
                    }
                });
            }
            // One side in the reader's hands, the other full of writers; or both of each full of his own.
            until("a batch", || matches!(drain.try_next(), Next::Batch(_)));
            let full = if crate::ORDER == Order::Total { 64 } else { 6 * 128 };
            until("the front is full", || collector.fill() == full);
            let flusher = scope.spawn(|| collector.flush());
            drop(drain);
            assert_eq!(flusher.join().unwrap(), Err(FlushError::Abandoned));
        });
        let total = collector.stats().total();
        assert_eq!((total.abandoned, total.pending, total.drained), (accepted.into_inner(), 0, 0));
        assert_eq!(total.dropped.closed, 6);
        assert_law(&total);
        assert!(!collector.close(Duration::ZERO).complete);
    });
}

#[test]
fn the_last_handle_that_may_write_closes() {
    let (collector, mut drain) = crate::builder(Overflow::Fail).build().unwrap();
    let mut writer = collector.writer().unwrap();
    drop(collector);
    assert!(matches!(drain.try_next(), Next::Pending));
    writer.write(b"x").unwrap();
    thread::spawn(move || drop(writer));
    assert_eq!(drain_all(&mut drain), [data(0, b"x")]);
}
