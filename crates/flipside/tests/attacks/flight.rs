//! A flight recorder with a lane for each writer: 15.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Next, Overflow};

use crate::lanes::build;
use crate::support::{assert_law, bodies, drain_all, lost, records, within};

#[test]
fn a_15_a_flight_recorder_that_gives_records_up_as_fast_as_they_come() {
    within("a flight recorder", || {
        let (collector, mut drain, writers) = build(Overflow::FlightRecorder, 64, 3);
        let stop = AtomicBool::new(false);
        let told = thread::scope(|scope| {
            for mut writer in writers {
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Relaxed) {
                        let _ = writer.write(b"1234567");
                        let mut claim = match writer.claim(20) {
                            Ok(claim) => claim,
                            Err(_) => continue,
                        };
                        claim.put(b"12").unwrap();
                        claim.commit();
                    }
                });
            }
            let end = Instant::now() + Duration::from_millis(400);
            let (mut all, mut looks) = (Vec::new(), 0u32);
            while Instant::now() < end {
                looks += 1;
                if looks.is_multiple_of(1000) {
                    let _ = collector.request_flush();
                }
                if let Next::Batch(batch) = drain.try_next() {
                    all.extend(records(&batch));
                    if looks.is_multiple_of(3) {
                        batch.release();
                    } else {
                        // Handed out again; only the last time counts.
                        all.truncate(all.len() - batch.records().count());
                    }
                }
            }
            stop.store(true, Relaxed);
            all
        });
        collector.request_close();
        let all = [told, drain_all(&mut drain)].concat();
        let total = collector.stats().total();
        assert_law(&total);
        let seen = bodies(&all);
        assert_eq!(total.drained, seen.len() as u64);
        assert_eq!(total.drained_bytes, seen.iter().map(|body| body.len() as u64).sum::<u64>());
        assert_eq!(lost(&all).0, total.dropped.total());
    });
}

#[test]
fn a_15_a_flight_recorder_that_nobody_asks_for_anything() {
    within("a flight recorder of one writer", || {
        for _ in 0..20 {
            let (collector, mut drain, mut writers) = build(Overflow::FlightRecorder, 256, 1);
            let mut writer = writers.pop().unwrap();
            let thread =
                thread::spawn(move || (0..20_000).for_each(|_| assert!(writer.write(b"1234567").is_ok())));
            while !thread.is_finished() {
                assert!(matches!(drain.try_next(), Next::Pending));
            }
            thread.join().unwrap();
            assert_eq!(collector.stats().total().drained, 0);
            collector.request_close();
            let seen = bodies(&drain_all(&mut drain)).len() as u64;
            let total = collector.stats().total();
            assert_eq!((total.drained, total.drained_bytes), (seen, 7 * seen));
            assert_law(&total);
        }
    });
}

#[test]
fn a_15_a_flight_recorder_never_stops_over_what_it_holds() {
    // The rest of a side may be less than the watermark; who is refused there must get the side that is held.
    for side in [48, 64, 104] {
        for watermark in (8..=side).step_by(8) {
            let builder = crate::builder(Overflow::FlightRecorder).side(side).watermark(watermark);
            let (collector, mut drain) = builder.writers(1).linger(Duration::ZERO).build().unwrap();
            let mut writer = collector.writer().unwrap();
            for n in 0..200u8 {
                let _ = writer.write(&vec![n; usize::from(n) * 7 % (side - 15)]);
                assert!(matches!(drain.try_next(), Next::Pending));
            }
            let total = collector.stats().total();
            assert!(total.dropped.overwritten > 80, "side {side}, watermark {watermark}: {total:?}");
            drop(writer);
            collector.request_close();
            drain_all(&mut drain);
            assert_law(&collector.stats().total());
        }
    }
}
