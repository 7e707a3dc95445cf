//! What a reader says it has drained is what it has drained, also when it stops in the middle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use flipside::collect::{Builder, Order, Overflow, Record};

/// A reader that stops, because its disk is full for example, never looks again: what it counted last must be right.
#[test]
fn drained_bytes_are_those_of_the_drained_records() {
    for order in [Order::Total, Order::PerWriter] {
        for round in 0..2_000 {
            let builder = Builder::new(Overflow::DropNewest).order(order).side(4096).writers(1);
            let (collector, mut drain) = builder.linger(Duration::ZERO).build().unwrap();
            let mut writer = collector.writer().unwrap();
            let stop = AtomicBool::new(false);
            let (mut records, mut bytes) = (0, 0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let _ = writer.write_tagged(0, &[&[7; 10]]);
                    }
                });
                for _ in 0..20 {
                    let batch = drain.next().unwrap();
                    for record in batch.records() {
                        if let Record::Data { body, .. } = record {
                            (records, bytes) = (records + 1, bytes + body.len() as u64);
                        }
                    }
                    batch.release();
                }
                stop.store(true, Ordering::Relaxed);
            });
            drop(drain);
            let total = collector.stats().total();
            assert_eq!((total.drained, total.drained_bytes), (records, bytes), "{order:?}, round {round}");
        }
    }
}
