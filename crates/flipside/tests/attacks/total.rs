//! What a lane that all share does to those who share it.

use std::thread;
use std::time::Duration;

use flipside::collect::{Next, Overflow, WriteError};

use crate::claims::{build, forget_a_claim};
use crate::support::{Seen, assert_law, bodies, data, drain_all, finish, lost, within};

#[test]
fn a_01_close_reports_the_straggler_of_a_side_left_behind_before_the_last() {
    within("close over a straggler", || {
        let (collector, mut drain, mut writer) = build(Overflow::Block);
        let mut other = collector.writer().unwrap();
        other.write(b"left behind").unwrap();
        forget_a_claim(&mut writer);
        assert!(matches!(drain.try_next(), Next::Pending));
        other.write(b"drained").unwrap();
        let reader = thread::spawn(move || drain_all(&mut drain));
        let report = collector.close(Duration::from_millis(50));
        let all = reader.join().unwrap();
        assert_eq!(bodies(&all), [b"drained"]);
        let gap = Seen::Gap { source: 1, records: 1, bytes: 11 };
        assert!(all.contains(&gap), "what was left behind is a gap: {all:?}");
        assert!(!report.complete);
        assert_eq!(report.stragglers.len(), 1, "{report:?}");
        assert_eq!(report.stragglers[0].slot, writer.slot());
        let total = report.stats.total();
        assert_eq!((total.abandoned, total.pending, total.drained), (1, 1, 1));
        assert_law(&total);
        drop(writer); // Aborts into a side that nobody will read: must still be counted.
        let total = collector.stats().total();
        assert_eq!((total.aborted, total.pending), (1, 0));
        assert_law(&total);
    });
}

#[test]
fn a_01_losses_are_told_even_when_the_last_side_is_left_behind() {
    within("close over a straggler in the last side", || {
        let (collector, mut drain, mut writer) = build(Overflow::Fail);
        let mut other = collector.writer().unwrap();
        other.write(b"left behind").unwrap();
        other.write(&[0; 1000]).unwrap_err();
        forget_a_claim(&mut writer);
        collector.request_close();
        assert!(matches!(drain.try_next(), Next::Pending));
        let reader = thread::spawn(move || drain_all(&mut drain));
        let report = collector.close(Duration::from_millis(50));
        let gap = Seen::Gap { source: 1, records: 2, bytes: 1011 };
        assert_eq!(reader.join().unwrap(), [gap]);
        assert_eq!(report.stragglers.len(), 1, "{report:?}");
        let stats = collector.stats();
        assert_eq!(stats.gaps.records, 2);
        assert_law(&stats.total());
    });
}

#[test]
fn a_01_a_straggler_that_left_is_not_reported_later() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail);
    let claim = writer.claim(8).unwrap();
    assert!(matches!(drain.next_timeout(Duration::from_millis(30)), Next::Pending));
    assert_eq!(collector.stragglers().len(), 1, "it is in the way now");
    claim.commit();
    // Two more flips, and the front is the same side again.
    for _ in 0..2 {
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        batch.release();
        writer.write(b"x").unwrap();
    }
    let _claim = writer.claim(8).unwrap();
    assert_eq!(collector.stragglers(), [], "the reader waits for nobody");
}

#[test]
fn a_20_claims_of_several_writers_end_in_any_order_and_swapped() {
    let (collector, mut drain, mut one) = build(Overflow::Fail);
    let (mut two, mut three) = (collector.writer().unwrap(), collector.writer().unwrap());
    let mut first = one.claim(8).unwrap();
    let mut second = two.claim(16).unwrap();
    let third = three.claim(24).unwrap();
    first.put(b"first").unwrap();
    second.put(b"second").unwrap();
    std::mem::swap(&mut first, &mut second);
    first.commit(); // That was the second.
    assert!(matches!(drain.try_next(), Next::Pending));
    third.abort();
    second.commit();
    collector.request_close();
    assert_eq!(
        drain_all(&mut drain),
        [data(0, b"first"), data(1, b"second"), Seen::Aborted { source: 2, len: 24 }]
    );
}

#[test]
fn a_23_a_slot_that_failed_keeps_the_memory_of_it_for_its_next_owner() {
    // Otherwise each new owner could fail once more per epoch, and carry the offset into the side bit.
    let (collector, mut drain) =
        crate::builder(Overflow::Fail).side(1 << 20).writers(2).linger(Duration::ZERO).build().unwrap();
    collector.writer().unwrap().write(&[1; 8]).unwrap();
    for _ in 0..5000 {
        let mut writer = collector.writer().unwrap();
        assert_eq!(writer.write(&vec![0; (1 << 20) - 8]), Err(WriteError::Full));
    }
    let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
    assert_eq!((batch.count(), batch.len()), (1, 16));
    batch.release();
    assert_eq!(collector.stats().high_water, 16, "what did not fit filled nothing");
}

#[test]
fn a_13_the_smallest_side_carries_a_long_stream() {
    let (collector, mut drain) =
        crate::builder(Overflow::Fail).side(16).writers(2).linger(Duration::ZERO).build().unwrap();
    let mut writer = collector.writer().unwrap();
    let mut out = Vec::new();
    for n in 0..1000u16 {
        writer.write(&n.to_le_bytes()).unwrap();
        assert_eq!(writer.write(b"no room"), Err(WriteError::Full));
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        out.extend(batch.records().map(crate::support::seen));
        batch.release();
    }
    out.extend(finish(collector, vec![writer], &mut drain));
    assert_eq!(bodies(&out).len(), 1000);
    assert_eq!(lost(&out), (1000, 7000));
    // Each loss stands before the record that followed it.
    let gap = Seen::Gap { source: 0, records: 1, bytes: 7 };
    assert_eq!(out[..4], [data(0, &[0, 0]), gap.clone(), data(0, &[1, 0]), gap]);
}
