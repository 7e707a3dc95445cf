//! The flight recorder: what is kept, what is given up, and that both are told.

#[path = "support/mod.rs"]
mod support;

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use flipside::collect::{Batch, Builder, Collector, Drain, Next, Order, Outcome, Overflow};
use support::{Rng, Seen, assert_law, bodies, data, lost, records, until, within};

const ORDERS: [Order; 2] = [Order::Total, Order::PerWriter];

fn build(order: Order, side: usize, watermark: usize) -> (Collector, Drain) {
    let builder = Builder::new(Overflow::FlightRecorder).order(order).side(side).watermark(watermark);
    builder.writers(4).linger(Duration::ZERO).build().unwrap()
}

/// Looks until there is nothing more to take; the batches.
fn take(drain: &mut Drain) -> Vec<Vec<Seen>> {
    let mut batches = Vec::new();
    while let Next::Batch(batch) = drain.try_next() {
        batches.push(records(&batch));
        batch.release();
    }
    batches
}

fn number(body: &[u8]) -> u64 {
    u64::from_le_bytes(body.try_into().unwrap())
}

fn numbers(all: &[Seen]) -> Vec<u64> {
    bodies(all).iter().map(|body| number(body)).collect()
}

/// Gaps and data of one source, in order: with the gaps every number is accounted for in its place.
fn assert_no_number_is_missing(all: &[Seen], source: u16) -> u64 {
    let mut next = 0;
    for seen in all {
        match seen {
            Seen::Gap { source: its, records, .. } if *its == source => next += records,
            Seen::Data { source: its, body, .. } if *its == source => {
                assert_eq!(number(body), next, "a gap out of its place: {all:?}");
                next += 1;
            }
            _ => {}
        }
    }
    next
}

#[test]
fn nothing_is_handed_out_before_somebody_asks() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, 256, 128);
        let mut writer = collector.writer().unwrap();
        for n in 0..1000u64 {
            writer.write(&n.to_le_bytes()).unwrap();
            assert!(matches!(drain.try_next(), Next::Pending));
            assert_law(&collector.stats().total());
        }
        let total = collector.stats().total();
        assert_eq!(total.offered, 1000);
        assert_eq!(total.dropped.full, 0, "the reader kept up");
        // One to two sides, less the watermark's part.
        assert!((128 / 16..=512 / 16).contains(&total.pending), "{total:?}");
        let ticket = collector.request_flush();
        let batches = take(&mut drain);
        assert!(collector.is_flushed(&ticket));
        assert!(batches.len() <= 2, "{} batches", batches.len());
        let all = batches.concat();
        assert_eq!(numbers(&all).last(), Some(&999), "the newest");
        assert_eq!(numbers(&all).len() as u64, total.pending);
        assert_eq!(assert_no_number_is_missing(&all, 0), 1000);
        assert_eq!(lost(&all), (total.dropped.overwritten, 8 * total.dropped.overwritten));
        // And on it goes.
        writer.write(&1000u64.to_le_bytes()).unwrap();
        assert!(matches!(drain.try_next(), Next::Pending));
        let ticket = collector.request_flush();
        assert_eq!(take(&mut drain), [[data(0, &1000u64.to_le_bytes())]]);
        assert!(collector.is_flushed(&ticket));
        let total = collector.stats().total();
        assert_eq!((total.pending, total.drained_bytes), (0, 8 * total.drained));
    }
}

#[test]
fn a_writer_goes_on_recording_whenever_and_however_late_the_reader_looks() {
    for order in ORDERS {
        for watermark in [8, 64, 128, 200, 256] {
            for seed in 0..100 {
                let mut rng = Rng::new(seed);
                let (collector, mut drain) = build(order, 256, watermark);
                let mut writer = collector.writer().unwrap();
                for n in 0..300u64 {
                    writer.write(&n.to_le_bytes()).unwrap();
                    if rng.below(20) == 0 {
                        assert!(matches!(drain.try_next(), Next::Pending));
                    }
                }
                // What was refused while nobody looked is lost; from here on it is looked at each time.
                for n in 300..364u64 {
                    assert!(matches!(drain.try_next(), Next::Pending));
                    let outcome = writer.write(&n.to_le_bytes()).unwrap();
                    assert!(
                        outcome == Outcome::Accepted || n < 302,
                        "{order:?}, watermark {watermark}, seed {seed}: stuck at {n}"
                    );
                }
                let _ticket = collector.request_flush();
                let batches = take(&mut drain);
                assert!(batches.len() <= 2);
                let mut all = batches.concat();
                assert_eq!(numbers(&all).last(), Some(&363));
                assert_eq!(collector.stats().total().pending, 0);
                // Refusals may be told one side later.
                collector.request_close();
                all.extend(support::drain_all(&mut drain));
                let total = collector.stats().total();
                assert_law(&total);
                assert_eq!(lost(&all), (total.dropped.total(), 8 * total.dropped.total()));
            }
        }
    }
}

#[test]
fn a_quiet_writer_keeps_its_lane() {
    let (collector, mut drain) = build(Order::PerWriter, 256, 128);
    let [mut quiet, mut loud] = [0, 1].map(|source| collector.writer_for(source).unwrap());
    quiet.write(&0u64.to_le_bytes()).unwrap();
    for n in 0..1000u64 {
        loud.write(&n.to_le_bytes()).unwrap();
        assert!(matches!(drain.try_next(), Next::Pending));
    }
    let _ticket = collector.request_flush();
    let all = take(&mut drain).concat();
    assert!(all.contains(&data(0, &0u64.to_le_bytes())), "given up for the records of another");
    assert_eq!(assert_no_number_is_missing(&all, 1), 1000);
}

#[test]
fn a_close_hands_out_what_is_held() {
    for order in ORDERS {
        for count in [0, 1, 9, 20, 33, 500] {
            let (collector, mut drain) = build(order, 256, 128);
            let mut writer = collector.writer().unwrap();
            for n in 0..count {
                writer.write(&u64::to_le_bytes(n)).unwrap();
                let _ = drain.try_next();
            }
            drop(writer);
            collector.request_close();
            let all = support::drain_all(&mut drain);
            assert_eq!(assert_no_number_is_missing(&all, 0), count, "{order:?}");
            assert_eq!(numbers(&all).last().copied(), count.checked_sub(1));
            let total = collector.stats().total();
            assert_law(&total);
            assert_eq!((total.pending, total.abandoned), (0, 0));
            assert_eq!(total.drained + total.dropped.overwritten, count);
        }
    }
}

#[test]
fn a_batch_that_is_not_released_is_not_given_up() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, 256, 128);
        let mut writer = collector.writer().unwrap();
        for n in 0..40u64 {
            writer.write(&n.to_le_bytes()).unwrap();
            let _ = drain.try_next();
        }
        let _ticket = collector.request_flush();
        let image = |batch: &Batch<'_>| batch.slices().flatten().copied().collect::<Vec<_>>();
        let Next::Batch(batch) = drain.try_next() else { panic!("somebody asked") };
        let before = image(&batch);
        for n in 40..200u64 {
            writer.write(&n.to_le_bytes()).unwrap();
        }
        assert_eq!(image(&batch), before);
        drop(batch);
        let Next::Batch(batch) = drain.try_next() else { panic!("it was not released") };
        assert_eq!(image(&batch), before);
        batch.release();
        take(&mut drain);
        drop(writer);
        collector.request_close();
        support::drain_all(&mut drain);
        let total = collector.stats().total();
        assert_law(&total);
        assert_ne!(total.dropped.full, 0, "the reader was behind");
        assert_eq!(collector.stats().gaps.records, total.dropped.total());
    }
}

/// Threads at full speed, a reader that sleeps until it is woken, flushes now and then, a slow sink.
#[test]
fn threads_and_flushes_add_up() {
    for order in ORDERS {
        for slow in [false, true] {
            let (collector, mut drain) = build(order, 4096, 2048);
            let (tell, told) = channel();
            let all = within("flights", move || {
                let writers: Vec<_> = (0..3u16)
                    .map(|source| {
                        let mut writer = collector.writer_for(source).unwrap();
                        let (collector, tell) = (collector.clone(), tell.clone());
                        thread::spawn(move || {
                            for n in 0..100_000u64 {
                                let outcome = writer.write(&n.to_le_bytes()).unwrap();
                                if n % 25_000 == 24_999 {
                                    collector.flush().unwrap();
                                    if outcome == Outcome::Accepted {
                                        tell.send((source, n)).unwrap();
                                    }
                                }
                            }
                        })
                    })
                    .collect();
                let watcher = collector.clone();
                drop(collector);
                let reader = thread::spawn(move || {
                    let mut all = Vec::new();
                    while let Some(batch) = drain.next() {
                        all.extend(records(&batch));
                        if slow {
                            thread::sleep(Duration::from_millis(1));
                        }
                        batch.release();
                    }
                    all
                });
                writers.into_iter().for_each(|writer| writer.join().unwrap());
                watcher.request_close();
                let all = reader.join().unwrap();
                let total = watcher.stats().total();
                assert_law(&total);
                assert_eq!((total.offered, total.pending, total.abandoned), (300_000, 0, 0));
                assert_eq!(total.drained, bodies(&all).len() as u64);
                assert_eq!(total.drained_bytes, 8 * total.drained);
                assert_eq!(lost(&all), (total.dropped.total(), 8 * total.dropped.total()));
                all
            });
            for (source, n) in told.iter() {
                assert!(all.contains(&data(source, &n.to_le_bytes())), "flushed, and given up");
            }
        }
    }
}

#[test]
fn a_sleeping_reader_is_woken_to_make_room() {
    for order in ORDERS {
        for watermark in [64, 512, 1024] {
            let (collector, mut drain) = build(order, 1024, watermark);
            let all = within("a flight", move || {
                let reader = thread::spawn(move || {
                    let mut all = Vec::new();
                    while let Some(batch) = drain.next() {
                        all.extend(records(&batch));
                        batch.release();
                    }
                    all
                });
                let mut writer = collector.writer().unwrap();
                for n in 0..2000u64 {
                    // Whoever is refused has rung; then there is room soon, with no help but the next one's ring.
                    until("room", || writer.write(&n.to_le_bytes()).unwrap() == Outcome::Accepted);
                }
                collector.flush().unwrap();
                let total = collector.stats().total();
                assert_law(&total);
                drop((writer, collector));
                reader.join().unwrap()
            });
            assert_eq!(numbers(&all).last(), Some(&1999));
            assert!(numbers(&all).is_sorted());
        }
    }
}
