//! Attack 24: futures that are dropped or forgotten after any poll.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;
use std::time::Duration;

use flipside::collect::{Next, NextAsync, Outcome, Overflow, WriteError};

use crate::support::{assert_law, data, drain_all as drain_rest, records, within};
use crate::{ORDERS, block_on, build, counting, drain_all, numbered, poll};

#[test]
fn a_24_an_idle_task_is_woken_by_the_first_record_and_by_nothing_else() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 4096);
        let mut writer = collector.writer().unwrap();
        let (counts, waker) = counting();
        let mut next = drain.next_async();
        for _ in 0..100 {
            assert!(poll(&mut next, &waker).is_pending(), "a spurious poll");
        }
        assert_eq!(Arc::strong_count(&counts), 3, "one registration for one future");
        assert_eq!(counts.0.load(SeqCst), 0, "an idle task wakes itself");
        for n in 0..3u32 {
            writer.write(&n.to_le_bytes()).unwrap();
        }
        assert_eq!(counts.0.load(SeqCst), 1, "the first record");
        let Poll::Ready(Some(batch)) = poll(&mut next, &waker) else { panic!("nothing there") };
        assert_eq!(records(&batch), numbered(3));
        batch.release();
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut next, &waker).is_pending())).is_err());
        drop(next);
        assert_eq!(Arc::strong_count(&counts), 2, "nothing is left behind");
        let mut dropped = drain.next_async();
        assert!(poll(&mut dropped, &waker).is_pending());
        drop(dropped);
        assert_eq!(Arc::strong_count(&counts), 2, "a future that was dropped left its waker");
        writer.write(b"nobody waits").unwrap();
        assert_eq!(counts.0.load(SeqCst), 1, "and was woken by it");
    }
}

/// How a future ends before its time.
const ENDS: [fn(NextAsync<'_>); 2] = [|next| drop(next), |next| std::mem::forget(next)];

#[test]
fn a_24_a_reader_dropped_or_forgotten_after_any_poll_loses_nothing() {
    for order in ORDERS {
        for end in ENDS {
            for polls in 0..4u32 {
                let (collector, mut drain) = build(order, Overflow::Fail, 4096);
                let mut writer = collector.writer().unwrap();
                let (counts, waker) = counting();
                let mut next = drain.next_async();
                for n in 0..polls {
                    // Now and then a record is there already, and the batch is let go unreleased.
                    if n == 2 {
                        writer.write(&0u32.to_le_bytes()).unwrap();
                        assert!(poll(&mut next, &waker).is_ready());
                        break;
                    }
                    assert!(poll(&mut next, &waker).is_pending());
                }
                end(next);
                for n in polls / 3..3 {
                    writer.write(&n.to_le_bytes()).unwrap();
                }
                assert!(counts.0.load(SeqCst) <= 1, "more than one wake");
                drop((writer, collector));
                let all = within("the rest", move || block_on(drain_all(&mut drain)));
                assert_eq!(all, numbered(3), "{order:?}, {polls} polls");
                drop(waker);
                assert_eq!(Arc::strong_count(&counts), 1, "a waker is kept");
            }
        }
    }
}

#[test]
fn a_24_after_a_forgotten_future_threads_drain_on() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 4096);
        let mut writer = collector.writer().unwrap();
        let (counts, waker) = counting();
        for n in 0..1000u32 {
            let mut next = drain.next_async();
            assert!(poll(&mut next, &waker).is_pending());
            std::mem::forget(next);
            assert_eq!(Arc::strong_count(&counts), 3, "one registration for one reader");
            writer.write(&n.to_le_bytes()).unwrap();
            let ticket = collector.request_flush();
            let Next::Batch(batch) = drain.try_next() else { panic!("nothing there") };
            assert_eq!(records(&batch), [data(0, &n.to_le_bytes())]);
            batch.release();
            assert!(collector.is_flushed(&ticket));
        }
    }
}

#[test]
fn a_24_a_write_that_is_given_up_has_offered_nothing() {
    for order in ORDERS {
        for forgets in [false, true] {
            let (collector, mut drain) = build(order, Overflow::Fail, 32);
            let mut writer = collector.writer().unwrap();
            while writer.write(&[7; 8]).is_ok() {}
            let before = collector.stats().total();
            let (counts, waker) = counting();
            for polls in 0..4 {
                let mut write = writer.write_async(&[8; 8]);
                (0..polls).for_each(|_| assert!(poll(&mut write, &waker).is_pending()));
                if forgets { std::mem::forget(write) } else { drop(write) }
            }
            assert_eq!(collector.stats().total().offered, before.offered);
            let mut write = writer.write_async(&[9; 8]);
            assert!(poll(&mut write, &waker).is_pending());
            let Next::Batch(batch) = drain.try_next() else { panic!("it is full") };
            batch.release();
            assert!(counts.0.load(SeqCst) >= 1, "nobody told it of the room");
            let Poll::Ready(outcome) = poll(&mut write, &waker) else { panic!("there is room") };
            assert_eq!(outcome, Ok(Outcome::Accepted));
            assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut write, &waker).is_pending())).is_err());
            drop(write);
            let total = collector.stats().total();
            assert_eq!((total.offered, total.waits), (before.offered + 1, 1));
            assert_law(&total);
            drop((writer, collector));
            assert!(block_on(drain_all(&mut drain)).contains(&data(0, &[9; 8])));
            drop(waker);
            assert_eq!(Arc::strong_count(&counts), 1, "a waker is kept");
        }
    }
}

#[test]
fn a_24_flushes_and_closes_are_given_up_at_any_poll() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 4096);
        let mut writer = collector.writer().unwrap();
        let (counts, waker) = counting();
        for polls in 0..4 {
            writer.write(b"one").unwrap();
            let (mut dropped, mut forgotten) = (collector.flush_async(), collector.flush_async());
            for _ in 0..polls {
                assert!(poll(&mut dropped, &waker).is_pending());
                assert!(poll(&mut forgotten, &waker).is_pending());
            }
            drop(dropped);
            std::mem::forget(forgotten);
        }
        let mut flush = collector.flush_async();
        assert!(poll(&mut flush, &waker).is_pending());
        let Next::Batch(batch) = drain.try_next() else { panic!("somebody asked") };
        assert_eq!(batch.count(), 4);
        batch.release();
        assert_eq!(counts.0.load(SeqCst), 4, "three forgotten ones and one that waits");
        assert_eq!(poll(&mut flush, &waker), Poll::Ready(Ok(())));
        assert_eq!(poll(&mut flush, &waker), Poll::Ready(Ok(())), "the same again");
        drop(collector.close_async(Duration::from_secs(1)));
        assert!(!collector.is_finished() && writer.write(b"two").is_ok(), "it had not begun");
        let mut close = collector.close_async(Duration::from_secs(1));
        assert!(poll(&mut close, &waker).is_pending());
        drop(close);
        assert_eq!(drain_rest(&mut drain).len(), 1);
        assert_eq!(writer.write(b"three"), Err(WriteError::Closed));
        assert_eq!(block_on(writer.write_async(b"four")), Err(WriteError::Closed));
        let report = block_on(collector.close_async(Duration::ZERO));
        assert!(report.complete);
        assert_law(&report.stats.total());
    }
}
