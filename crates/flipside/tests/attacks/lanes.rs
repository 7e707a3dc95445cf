//! What only lanes of one's own can get wrong: 8, 9, 13, 15, 21, 23.

use std::mem::forget;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Collector, Drain, Next, Outcome, Overflow, Record, WriteError, Writer};

use crate::support::{Rng, Seen, assert_law, bodies, data, drain_all, lost, records, within};

pub(crate) fn build(overflow: Overflow, side: usize, writers: usize) -> (Collector, Drain, Vec<Writer>) {
    let builder = crate::builder(overflow).side(side).writers(writers).linger(Duration::ZERO);
    let (collector, drain) = builder.build().unwrap();
    let all = (0..writers).map(|_| collector.writer().unwrap()).collect();
    (collector, drain, all)
}

fn take(drain: &mut Drain) -> Vec<Seen> {
    let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
    let all = records(&batch);
    batch.release();
    all
}

#[test]
fn a_09_who_sleeps_or_dies_inside_a_claim_stalls_only_himself() {
    let (collector, mut drain, mut writers) = build(Overflow::Fail, 64, 2);
    let [one, other] = &mut writers[..] else { unreachable!() };
    one.write(b"before").unwrap();
    let mut claim = one.claim(8).unwrap();
    claim.put(b"secret").unwrap();
    other.write(b"x").unwrap();
    assert_eq!(take(&mut drain), [data(0, b"before"), data(1, b"x")], "his own earlier ones too");
    for n in 0..100u8 {
        other.write(&[n; 40]).unwrap();
        assert_eq!(take(&mut drain), [data(1, &[n; 40])]);
        assert!(matches!(drain.try_next(), Next::Pending));
        assert_eq!(collector.stragglers(), [], "nobody is waited for");
    }
    forget(claim); // He dies.
    other.write(b"y").unwrap();
    assert_eq!(take(&mut drain), [data(1, b"y")]);
    let total = collector.stats().total();
    assert_eq!((total.drained, total.pending), (103, 1));
    one.write(b"after").unwrap();
    assert_eq!(take(&mut drain), [Seen::Aborted { source: 0, len: 8 }, data(0, b"after")]);
    assert_law(&collector.stats().total());
}

#[test]
fn a_09_close_waits_for_an_open_claim_and_then_leaves_only_that_behind() {
    let (collector, mut drain, mut writers) = build(Overflow::Block, 64, 2);
    writers[0].write(b"mine").unwrap();
    writers[1].write(b"other").unwrap();
    let claim = writers[0].claim(8).unwrap();
    within("close over an open claim", {
        let collector = collector.clone();
        move || {
            let reader = thread::spawn(move || drain_all(&mut drain));
            let report = collector.close(Duration::from_millis(50));
            assert!(!report.complete, "{report:?}");
            assert_eq!(report.stragglers.len(), 1, "{report:?}");
            assert_eq!(report.stragglers[0].slot, 0);
            assert_eq!(reader.join().unwrap(), [data(0, b"mine"), data(1, b"other")]);
        }
    });
    assert_eq!(collector.stats().total().pending, 1);
    claim.commit();
    let total = collector.stats().total();
    assert_eq!((total.drained, total.drained_bytes, total.abandoned, total.pending), (2, 9, 1, 0));
    assert_law(&total);
    assert_eq!(writers[0].write(b"late"), Err(WriteError::Closed));
}

/// Who is refused after the close says at each try for a moment that he is inside. Close must not wait for a moment
/// in which nobody does.
#[test]
fn a_21_writers_that_go_on_trying_after_the_close_do_not_keep_the_reader() {
    within("close under a hail of writers", || {
        let (collector, mut drain, writers) = build(Overflow::Fail, 64, 100);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for mut writer in writers {
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Relaxed) {
                        let _ = writer.write(b"on and on");
                    }
                });
            }
            let reader = scope.spawn(move || {
                while let Some(batch) = drain.next() {
                    batch.release();
                }
            });
            thread::sleep(Duration::from_millis(5));
            let began = Instant::now();
            let report = collector.close(Duration::from_secs(40));
            let took = began.elapsed();
            stop.store(true, Relaxed);
            reader.join().unwrap();
            assert!(report.complete, "{:?} after {took:?}", report.stragglers);
        });
        assert_law(&collector.stats().total());
    });
}

#[test]
fn a_15_bytes_are_counted_before_the_record_can_be_drained() {
    within("a race of counts and drains", || {
        for _ in 0..300 {
            let (collector, mut drain, writers) = build(Overflow::Fail, 64, 2);
            let threads: Vec<_> = writers
                .into_iter()
                .map(|mut writer| {
                    thread::spawn(move || {
                        let mut accepted = 0u64;
                        loop {
                            match writer.write(b"12345") {
                                Ok(_) => accepted += 1,
                                Err(WriteError::Closed) => return accepted,
                                Err(_) => thread::yield_now(),
                            }
                        }
                    })
                })
                .collect();
            let reader = thread::spawn(move || bodies(&drain_all(&mut drain)).len() as u64);
            thread::yield_now();
            collector.request_close();
            let accepted: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert_eq!(reader.join().unwrap(), accepted);
            let total = collector.stats().total();
            assert_eq!((total.drained, total.drained_bytes), (accepted, 5 * accepted));
            assert_law(&total);
        }
    });
}

/// With a linger without end nothing but the news of a full side or a watermark moves a record.
#[test]
fn a_13_no_size_of_side_watermark_or_record_leaves_the_reader_asleep_over_a_blocked_writer() {
    within("blocked writers and a reader that lingers for ever", || {
        for side in [16, 24, 32, 40, 64] {
            for watermark in (1..=side).filter(|mark| mark % 8 < 2) {
                let builder = crate::builder(Overflow::Block).side(side).watermark(watermark);
                let (collector, mut drain) = builder.writers(2).linger(Duration::MAX).build().unwrap();
                let reader = thread::spawn(move || bodies(&drain_all(&mut drain)));
                let mut writer = collector.writer().unwrap();
                let mut rng = Rng::new((side * 100 + watermark) as u64);
                let mut expected = Vec::new();
                for n in 0..60u8 {
                    let body = vec![n; rng.below(side - 7)];
                    match rng.below(3) {
                        0 => {
                            let mut claim = writer.claim(body.len()).unwrap();
                            claim.put(&body).unwrap();
                            claim.commit();
                        }
                        _ => assert_eq!(writer.write(&body), Ok(Outcome::Accepted)),
                    }
                    expected.push(body);
                    match rng.below(12) {
                        0 => writer.claim(rng.below(side - 7)).unwrap().abort(),
                        1 => collector.flush().unwrap(),
                        // A new owner of the slot, somewhere in a side.
                        2 => {
                            drop(writer);
                            writer = collector.writer().unwrap();
                        }
                        3 => forget(writer.claim(rng.below(side - 7)).unwrap()),
                        _ => {}
                    }
                }
                drop(writer);
                collector.request_close();
                assert_eq!(reader.join().unwrap(), expected, "side {side}, watermark {watermark}");
                assert_law(&collector.stats().total());
            }
        }
    });
}

#[test]
fn a_13_exact_fills_flips_and_refusals_in_every_order() {
    // Every sequence of six records of one to three words, with the reader's look before any one of them.
    for side in [16, 24, 32] {
        for watermark in (8..=side).step_by(8) {
            for sequence in 0..3usize.pow(6) {
                for look in 0..7 {
                    sequence_of(side, watermark, sequence, look);
                }
            }
        }
    }
}

fn sequence_of(side: usize, watermark: usize, mut sequence: usize, look: usize) {
    let builder = crate::builder(Overflow::DropNewest).side(side).watermark(watermark);
    let (collector, mut drain) = builder.writers(1).linger(Duration::ZERO).build().unwrap();
    let mut writer = collector.writer().unwrap();
    let (mut accepted, mut refused, mut seen) = (Vec::new(), 0, Vec::new());
    // Bytes in the front, and behind.
    let (mut front, mut behind, mut full) = (0, 0, false);
    for n in 0..6u8 {
        if usize::from(n) == look
            && let Next::Batch(batch) = drain.try_next()
        {
            seen.extend(records(&batch));
            batch.release();
            behind = 0;
        }
        let words = sequence % 3;
        sequence /= 3;
        let (body, span) = (vec![n; (words * 8).min(side - 8)], 8 + (words * 8).min(side - 8));
        if full || front + span > side {
            // The reader is on the front, or nothing at all was written: the other side is vacant.
            (full, front, behind) = if behind == 0 { (false, 0, front) } else { (true, front, behind) };
        }
        let fits = !full && front + span <= side;
        assert_eq!(writer.write(&body).unwrap() == Outcome::Accepted, fits, "{side} {watermark} {look}");
        if fits {
            front += span;
            accepted.push(body);
        } else {
            refused += 1;
        }
    }
    drop(writer);
    collector.request_close();
    seen.extend(drain_all(&mut drain));
    assert_eq!(bodies(&seen), accepted);
    assert_eq!(lost(&seen).0, refused);
    assert_law(&collector.stats().total());
}

#[test]
fn a_23_a_thousand_writers_with_the_smallest_sides() {
    within("a thousand writers", || {
        let (collector, mut drain, writers) = build(Overflow::Block, 16, 1000);
        let offered = AtomicU64::new(0);
        let all = thread::scope(|scope| {
            let reader = scope.spawn(|| drain_all(&mut drain));
            let mut writers = writers.into_iter();
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let mut its: Vec<_> = writers.by_ref().take(125).collect();
                    let offered = &offered;
                    scope.spawn(move || {
                        for n in 0..10u8 {
                            for writer in &mut its {
                                writer.write(&[n; 3]).unwrap();
                                offered.fetch_add(1, Relaxed);
                            }
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            collector.request_close();
            reader.join().unwrap()
        });
        assert_eq!(bodies(&all).len() as u64, offered.into_inner());
        let mut next = vec![0u8; 1000];
        for one in &all {
            let Seen::Data { source, body, .. } = one else { panic!("{one:?}") };
            assert_eq!(*body, [next[usize::from(*source)]; 3], "of writer {source}");
            next[usize::from(*source)] += 1;
        }
        assert_law(&collector.stats().total());
    });
}

#[test]
fn a_23_a_slot_handed_over_full_goes_on_where_it_stopped() {
    let (collector, mut drain, mut writers) = build(Overflow::DropNewest, 32, 1);
    let mut writer = writers.pop().unwrap();
    let (mut all, mut accepted) = (Vec::new(), 0);
    for n in 0..200u32 {
        while writer.write(&[n as u8; 10]) == Ok(Outcome::Accepted) {
            accepted += 1;
        }
        // Refused; the next owner may find room for a smaller one.
        drop(writer);
        writer = collector.writer().unwrap();
        accepted += u64::from(writer.write(b"") == Ok(Outcome::Accepted));
        if n % 3 != 0 {
            all.extend(take(&mut drain));
        }
    }
    drop(writer);
    collector.request_close();
    all.extend(drain_all(&mut drain));
    let total = collector.stats().total();
    assert_eq!((total.drained, bodies(&all).len() as u64), (accepted, accepted));
    assert_eq!(lost(&all).0, total.dropped.full);
    assert_law(&total);
}

#[test]
fn a_08_the_same_slices_again_although_the_writers_went_on() {
    let (collector, mut drain, mut writers) = build(Overflow::Fail, 64, 2);
    writers[0].write(&[1; 50]).unwrap();
    writers[1].write(&[2; 10]).unwrap();
    let image = |drain: &mut Drain, release: bool| {
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        let image: Vec<Vec<u8>> = batch.slices().map(<[u8]>::to_vec).collect();
        let count = batch.records().filter(|record| matches!(record, Record::Data { .. })).count();
        assert_eq!((batch.count(), batch.len()), (count as u64, image.concat().len()));
        if release {
            batch.release();
        }
        image
    };
    let first = image(&mut drain, false);
    while writers[0].write(&[3; 5]).is_ok() {}
    while writers[1].write(&[4; 5]).is_ok() {}
    assert_eq!(image(&mut drain, false), first);
    assert_eq!(image(&mut drain, true), first);
    assert!(drain_left(collector, writers, &mut drain) > 0);
}

fn drain_left(collector: Collector, writers: Vec<Writer>, drain: &mut Drain) -> usize {
    drop(writers);
    collector.request_close();
    let left = bodies(&drain_all(drain)).len();
    assert_law(&collector.stats().total());
    left
}
