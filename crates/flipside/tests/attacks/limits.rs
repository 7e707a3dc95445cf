//! Sizes at and beyond the limits, stale and hostile bytes: 13, 14, 15, 31.

use std::fmt::Write as _;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use flipside::collect::{
    BuildError, ClaimFull, Collector, Drain, Lost, MAX_SIDE, MAX_WRITERS, Next, Order, Overflow, WriteError,
    Writer,
};

use crate::support::{Seen, assert_law, bodies, data, drain_all, finish, lost};

fn build(side: usize) -> (Collector, Drain, Writer) {
    let (collector, drain) =
        crate::builder(Overflow::Fail).side(side).writers(2).linger(Duration::ZERO).build().unwrap();
    let writer = collector.writer().unwrap();
    (collector, drain, writer)
}

/// The next batch's bytes, released.
fn image(drain: &mut Drain) -> Vec<u8> {
    let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
    let image = batch.slices().flatten().copied().collect();
    batch.release();
    image
}

#[test]
fn a_13_empty_records_count_and_stand_in_the_output() {
    let (collector, mut drain, mut writer) = build(64);
    writer.write(b"").unwrap();
    writer.write_vectored(&[]).unwrap();
    writer.write_vectored(&[b"", b""]).unwrap();
    writer.claim(0).unwrap().commit();
    writer.claim(0).unwrap().abort();
    let total = collector.stats().total();
    assert_eq!((total.offered, total.pending, total.aborted), (5, 4, 1));
    assert_eq!(collector.stats().writers[0].sizes.buckets().collect::<Vec<_>>(), [(0, 0, 4)]);
    let all = finish(collector, vec![writer], &mut drain);
    assert_eq!(all[..4], vec![data(0, b""); 4]);
    assert_eq!(all[4], Seen::Aborted { source: 0, len: 0 });
}

#[test]
fn a_13_a_record_of_exactly_a_side_and_one_larger() {
    for side in [16, 24, 64, 4096] {
        let (collector, mut drain, mut writer) = build(side);
        let max = side - 8;
        assert_eq!(collector.max_record(), max);
        writer.write(&vec![7; max]).unwrap();
        assert_eq!(collector.fill(), side);
        assert_eq!(image(&mut drain).len(), side);
        let error = writer.write(&vec![7; max + 1]).unwrap_err();
        assert_eq!(error, WriteError::TooLarge { len: max + 1, max });
        assert!(error.to_string().contains(&format!("{}", max + 1)), "{error}");
        assert!(error.to_string().contains(&format!("{max}")), "{error}");
        let mut claim = writer.claim(max).unwrap();
        assert_eq!(claim.remaining(), max);
        claim.zeroed(max).unwrap().fill(9);
        assert_eq!(claim.put(b"x"), Err(ClaimFull { len: 1, left: 0 }));
        claim.commit();
        assert_eq!(writer.write(b""), Err(WriteError::Full));
        let total = collector.stats().total();
        assert_eq!((total.dropped.too_large, total.dropped.full), (1, 1));
        assert_law(&total);
        let all = finish(collector, vec![writer], &mut drain);
        assert_eq!(bodies(&all), [vec![9; max]]);
        assert_eq!(lost(&all), (2, max as u64 + 1));
    }
}

#[test]
fn a_15_claims_of_impossible_sizes_are_errors_and_their_bytes_saturate() {
    let (collector, mut drain, mut writer) = build(64);
    for len in [usize::MAX, usize::MAX - 7, usize::MAX - 15, 1 << 32, 57] {
        assert_eq!(writer.claim(len).unwrap_err(), WriteError::TooLarge { len, max: 56 });
    }
    writer.write(b"ok").unwrap();
    let total = collector.stats().total();
    assert_eq!((total.dropped.too_large, total.offered), (5, 6));
    assert_law(&total);
    collector.request_close();
    let all = drain_all(&mut drain);
    assert_eq!(bodies(&all), [b"ok"]);
    assert_eq!(lost(&all), (5, u64::MAX));
    assert_eq!(collector.stats().gaps, Lost { records: 5, bytes: u64::MAX });
}

#[test]
fn a_14_sizes_that_make_no_sense_are_errors() {
    let new = || crate::builder(Overflow::Fail);
    for side in [0, 1, 15] {
        assert_eq!(new().side(side).build().unwrap_err(), BuildError::SideTooSmall { side });
    }
    for side in [MAX_SIDE + 1, isize::MAX as usize - 7, isize::MAX as usize, usize::MAX] {
        assert_eq!(new().side(side).build().unwrap_err(), BuildError::SideTooLarge { side });
    }
    for writers in [0, MAX_WRITERS + 1, usize::MAX] {
        let error = new().writers(writers).build().unwrap_err();
        assert_eq!(error, BuildError::Writers { writers });
        assert!(!error.to_string().is_empty());
    }
    for watermark in [0, 65, usize::MAX] {
        let error = new().side(64).watermark(watermark).build().unwrap_err();
        assert_eq!(error, BuildError::Watermark { watermark, side: 64 });
    }
    let (collector, _drain) = new().side(17).watermark(24).writers(MAX_WRITERS).build().unwrap();
    assert_eq!(collector.max_record(), 16, "a side is rounded up to whole words");
    let memory =
        if crate::ORDER == Order::Total { 2 * (24 + 24 * MAX_WRITERS) } else { 2 * 24 * MAX_WRITERS };
    assert_eq!(collector.memory(), memory);
}

/// Fills both sides with a secret.
fn secrets(writer: &mut Writer, drain: &mut Drain) {
    for _ in 0..2 {
        writer.write(&[0xAA; 248]).unwrap();
        assert!(image(drain).contains(&0xAA));
    }
}

#[test]
fn a_31_stale_bytes_never_leak() {
    let (_collector, mut drain, mut writer) = build(256);
    let clean = |drain: &mut Drain, what: &str| {
        let image = image(drain);
        assert!(!image.contains(&0xAA), "{what}: {image:?}");
    };
    for len in 0..40 {
        secrets(&mut writer, &mut drain);
        writer.write(&vec![1; len]).unwrap();
        clean(&mut drain, "padding of a write");
        secrets(&mut writer, &mut drain);
        writer.write_vectored(&[&vec![1; len], b"", &vec![2; len / 2]]).unwrap();
        clean(&mut drain, "padding of a vectored write");
        secrets(&mut writer, &mut drain);
        let mut claim = writer.claim(200).unwrap();
        claim.put(&vec![1; len]).unwrap();
        claim.commit();
        clean(&mut drain, "what a claim did not use");
        secrets(&mut writer, &mut drain);
        let mut claim = writer.claim(len).unwrap();
        assert!(claim.zeroed(len).unwrap().iter().all(|byte| *byte == 0));
        claim.commit();
        clean(&mut drain, "zeroed room");
        secrets(&mut writer, &mut drain);
        writer.claim(len).unwrap().commit();
        clean(&mut drain, "an empty commit");
        secrets(&mut writer, &mut drain);
        let mut claim = writer.claim(100).unwrap();
        claim.put(&[0xAA; 50]).unwrap();
        claim.abort();
        clean(&mut drain, "an aborted claim");
        secrets(&mut writer, &mut drain);
        let mut claim = writer.claim(100).unwrap();
        claim.put(&[0xAA; 50]).unwrap();
        std::mem::forget(claim);
        writer.write(b"x").unwrap();
        clean(&mut drain, "a forgotten claim");
    }
}

#[test]
fn a_31_every_byte_of_a_slice_belongs_to_a_record() {
    let (_collector, mut drain, mut writer) = build(256);
    for claimed in 0..60 {
        for used in 0..=claimed {
            let mut claim = writer.claim(claimed).unwrap();
            claim.put(&vec![0xFF; used]).unwrap();
            claim.commit_tagged(5);
            writer.write(b"end").unwrap();
            // In a lane of its own the second may stand on the next side, and in the next batch.
            let mut records = Vec::new();
            while let Next::Batch(batch) = drain.try_next() {
                records.extend(batch.records().map(crate::support::seen));
                batch.release();
            }
            let first = Seen::Data { source: 0, tag: 5, body: vec![0xFF; used] };
            assert_eq!(records, [first, data(0, b"end")], "{used} of {claimed}");
        }
    }
}

#[test]
fn a_31_bodies_that_look_like_records() {
    let (collector, mut drain, mut writer) = build(4096);
    let hostile: Vec<Vec<u8>> = (0..=255u8)
        .map(|kind| [[0xFF, 0xFF, 0xFF, 0xFF, kind, kind, 1, 0], [16, 0, 0, 0, 2, 0, 0, 0]].concat())
        .collect();
    for body in hostile.iter().take(100) {
        writer.write(body).unwrap();
    }
    let all = finish(collector, vec![writer], &mut drain);
    assert_eq!(bodies(&all), hostile[..100]);
}

#[test]
fn a_claim_as_a_cursor_refuses_what_does_not_fit_whole() {
    let (collector, mut drain, mut writer) = build(64);
    let mut claim = writer.claim(10).unwrap();
    assert!(claim.is_empty());
    write!(&mut claim as &mut dyn std::fmt::Write, "{}", 12345).unwrap();
    assert_eq!(claim.put(&[0; 12]), Err(ClaimFull { len: 12, left: 11 }));
    assert!(claim.write_str(&"x".repeat(12)).is_err());
    assert_eq!(claim.write(&[b'6'; 100]).unwrap(), 11, "io::Write takes what fits");
    assert!(claim.write_all(b"more").is_err());
    assert_eq!(claim.zeroed(usize::MAX).unwrap_err().left, 0);
    assert_eq!((claim.len(), claim.remaining()), (16, 0));
    claim.commit();
    assert_eq!(bodies(&finish(collector, vec![writer], &mut drain)), [b"1234566666666666"]);
}

/// A writer that is refused while somebody closes: either its loss stands in the output, or it saw the close.
#[test]
fn a_loss_that_races_with_the_close_stands_in_the_output() {
    for _ in 0..200 {
        let (collector, mut drain) =
            crate::builder(Overflow::DropNewest).side(16).writers(2).build().unwrap();
        let writers = [collector.writer().unwrap(), collector.writer().unwrap()];
        let threads = writers.map(|mut writer| thread::spawn(move || while writer.write(b"x").is_ok() {}));
        thread::yield_now();
        collector.request_close();
        let all = drain_all(&mut drain);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let total = collector.stats().total();
        assert_eq!(lost(&all).0, total.dropped.total() - total.dropped.closed);
    }
}
