//! Claims that are forgotten, dropped, unwound or left open: 1, 4, 9, 20.

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use flipside::collect::{Collector, Drain, FlushError, Next, Overflow, Writer};

use crate::support::{Seen, assert_law, bodies, data, drain_all, finish, records, within};

pub(crate) fn build(overflow: Overflow) -> (Collector, Drain, Writer) {
    let (collector, drain) =
        crate::builder(overflow).side(256).writers(4).linger(Duration::ZERO).build().unwrap();
    let writer = collector.writer().unwrap();
    (collector, drain, writer)
}

/// Leaves a claim behind with a secret in it.
pub(crate) fn forget_a_claim(writer: &mut Writer) {
    let mut claim = writer.claim(16).unwrap();
    claim.put(b"secret").unwrap();
    forget(claim);
}

#[test]
fn a_01_a_forgotten_claim_is_aborted_by_the_next_write() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    forget_a_claim(&mut writer);
    assert!(matches!(drain.try_next(), Next::Pending), "the claim is still open");
    writer.write(b"after").unwrap();
    collector.request_close();
    let all = drain_all(&mut drain);
    assert_eq!(all, [Seen::Aborted { source: 0, len: 16 }, data(0, b"after")]);
    let total = collector.stats().total();
    assert_eq!((total.offered, total.aborted, total.drained), (2, 1, 1));
    assert_law(&total);
}

#[test]
fn a_01_forgotten_claims_in_a_row_are_all_aborted() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    for _ in 0..5 {
        forget_a_claim(&mut writer);
    }
    writer.claim(3).unwrap().commit();
    collector.request_close();
    let all = drain_all(&mut drain);
    assert_eq!(all.len(), 6);
    assert_eq!(all[5], data(0, b""));
    assert_eq!(collector.stats().total().aborted, 5);
    assert_law(&collector.stats().total());
}

#[test]
fn a_01_a_forgotten_claim_is_aborted_when_its_writer_is_dropped() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    forget_a_claim(&mut writer);
    // Its record is no longer the last one's of its thread either: flush must not see a claim.
    drop(writer);
    assert_eq!(collector.flush_timeout(Duration::ZERO), Err(FlushError::Timeout), "no claim is open");
    let all = finish(collector, vec![], &mut drain);
    assert_eq!(all, [Seen::Aborted { source: 0, len: 16 }]);
}

#[test]
fn a_01_flush_after_a_forgotten_claim_is_an_error_until_the_writer_goes_on() {
    let (collector, mut drain, mut writer) = build(Overflow::Block);
    forget_a_claim(&mut writer);
    assert_eq!(collector.flush(), Err(FlushError::InsideClaim { slot: 0 }));
    writer.write(b"on").unwrap();
    let reader = thread::spawn(move || drain_all(&mut drain));
    assert_eq!(collector.flush(), Ok(()));
    drop((writer, collector));
    assert_eq!(bodies(&reader.join().unwrap()), [b"on"]);
}

#[test]
fn a_01_close_gives_up_on_a_forgotten_claim_and_reports_it() {
    within("close over a forgotten claim", || {
        let (collector, mut drain, mut writer) = build(Overflow::Block);
        forget_a_claim(&mut writer);
        forget(writer);
        let reader = thread::spawn(move || drain_all(&mut drain));
        let report = collector.close(Duration::from_millis(50));
        assert!(!report.complete, "a claim was left behind: {report:?}");
        assert_eq!(report.stragglers.len(), 1, "{report:?}");
        assert_eq!((report.stragglers[0].slot, report.stragglers[0].source), (0, 0));
        assert_eq!(reader.join().unwrap(), []);
        assert_eq!(report.stats.total().pending, 1);
        assert_law(&report.stats.total());
    });
}

#[test]
fn a_01_a_polling_reader_gives_up_too() {
    within("a polled drain over a straggler", || {
        let (collector, mut drain, mut writer) = build(Overflow::Fail);
        forget_a_claim(&mut writer);
        let closer = thread::spawn(move || collector.close(Duration::from_millis(20)));
        crate::support::until("the polled drain ends", || matches!(drain.try_next(), Next::Finished));
        let report = closer.join().unwrap();
        assert_eq!(report.stragglers.len(), 1, "{report:?}");
        drop(writer);
    });
}

#[test]
fn a_01_a_forgotten_batch_is_handed_out_again() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    writer.write(b"once").unwrap();
    for _ in 0..3 {
        let Next::Batch(batch) = drain.try_next() else { panic!("the batch was not released") };
        assert_eq!(records(&batch), [data(0, b"once")]);
        forget(batch);
    }
    assert_eq!(collector.stats().total().pending, 1);
    assert_eq!(finish(collector, vec![writer], &mut drain), [data(0, b"once")]);
}

#[test]
fn a_01_a_forgotten_drain_costs_progress_only() {
    let (collector, drain, mut writer) = build(Overflow::Fail);
    forget(drain);
    while writer.write(&[1; 40]).is_ok() {}
    assert!(!collector.close(Duration::ZERO).complete);
    assert_law(&collector.stats().total());
}

#[test]
fn a_04_a_panic_inside_a_claim_aborts_it_and_zeroes_its_body() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let mut claim = writer.claim(32).unwrap();
        claim.put(b"half a secret").unwrap();
        panic!("deliberate");
    }));
    assert!(panic.is_err());
    writer.write(b"after").unwrap();
    let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
    let image: Vec<u8> = batch.slices().flatten().copied().collect();
    assert!(!image.windows(6).any(|bytes| bytes == b"secret"));
    assert_eq!(records(&batch), [Seen::Aborted { source: 0, len: 32 }, data(0, b"after")]);
    assert_eq!(batch.count(), 1);
    batch.release();
    assert_eq!(collector.stats().total().aborted, 1);
}

#[test]
fn a_09_a_thread_that_ends_with_a_claim_leaves_it_to_the_writers_next_call() {
    let (collector, mut drain, writer) = build(Overflow::Fail);
    let mut writer = thread::spawn(move || {
        let mut writer = writer;
        forget_a_claim(&mut writer);
        writer
    })
    .join()
    .unwrap();
    assert!(matches!(drain.try_next(), Next::Pending));
    writer.write(b"from another thread").unwrap();
    collector.request_close();
    assert_eq!(
        drain_all(&mut drain),
        [Seen::Aborted { source: 0, len: 16 }, data(0, b"from another thread")]
    );
}

#[test]
fn a_09_a_thread_that_dies_in_a_claim_unwinds_it() {
    let (collector, mut drain, mut writer) = build(Overflow::Block);
    let died = thread::spawn(move || {
        let _claim = writer.claim(8).unwrap();
        panic!("deliberate");
    })
    .join();
    assert!(died.is_err());
    assert_eq!(finish(collector, vec![], &mut drain), [Seen::Aborted { source: 0, len: 8 }]);
}
