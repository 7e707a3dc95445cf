//! Lanes merged by time: sorted where the writers' times are, complete, and never against a writer's own order.

use std::collections::BTreeMap;

use flipside::collect::{Builder, Next, Order, Overflow, Record};
use proptest::prelude::*;

/// Who wrote, when, and as his how many-th record.
type Row = (u16, u64, u64);

fn row(record: &Record<'_>) -> Option<Row> {
    match record {
        Record::Data { source, .. } => {
            let [time, number] = record.value()?;
            Some((*source, time, number))
        }
        _ => None,
    }
}

/// Writes `(writer, time)` in turn, with a flush (and a take) after each so many records; the rows of each batch.
fn merged(order: Order, rows: &[(usize, u64)], flush_each: usize) -> Vec<Vec<Row>> {
    let builder = Builder::new(Overflow::DropNewest).order(order).side(1024).writers(4).watermark(1024);
    let (collector, mut drain) = builder.linger(std::time::Duration::MAX).build().unwrap();
    let mut writers: Vec<_> = (0..4).map(|source| collector.writer_for(source).unwrap()).collect();
    let (mut numbers, mut batches) = ([0u64; 4], Vec::new());
    let mut take = || {
        let _ = collector.request_flush();
        while let Next::Batch(batch) = drain.try_next() {
            let by_time = batch.merged_by_key(|record| row(record).map(|(_, time, _)| time));
            batches.push(by_time.filter_map(|record| row(&record)).collect());
            batch.release();
        }
    };
    for (index, &(writer, time)) in rows.iter().enumerate() {
        let _ = writers[writer].write_value(&[time, numbers[writer]]).unwrap();
        numbers[writer] += 1;
        if index % flush_each == flush_each - 1 {
            take();
        }
    }
    take();
    batches
}

proptest! {
    #[test]
    fn a_writers_own_order_stands_whatever_the_times(
        rows in prop::collection::vec((0..4usize, 0..9u64), 0..60),
        flush_each in 1..30usize,
        total: bool,
    ) {
        let order = if total { Order::Total } else { Order::PerWriter };
        let batches = merged(order, &rows, flush_each);
        let mut next = BTreeMap::<u16, u64>::new();
        for (source, time, number) in batches.into_iter().flatten() {
            let next = next.entry(source).or_default();
            prop_assert_eq!(*next, number);
            prop_assert_eq!(rows.iter().filter(|row| row.0 == usize::from(source)).nth(number as usize).unwrap().1, time);
            *next += 1;
        }
        prop_assert_eq!(next.values().sum::<u64>(), rows.len() as u64, "none is missing");
    }

    #[test]
    fn ascending_times_come_out_ascending(writers in prop::collection::vec(0..4usize, 0..60), flush_each in 1..30usize) {
        let rows: Vec<_> = writers.into_iter().zip(0..).collect();
        let times: Vec<_> = merged(Order::PerWriter, &rows, flush_each).into_iter().flatten().map(|row| row.1).collect();
        prop_assert_eq!(times, (0..rows.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn what_has_no_key_comes_in_its_turn_and_equal_keys_by_slot() {
    let builder = Builder::new(Overflow::DropNewest).order(Order::PerWriter).side(128).writers(2);
    let (collector, mut drain) = builder.build().unwrap();
    let (mut a, mut b) = (collector.writer().unwrap(), collector.writer().unwrap());
    for time in [5u64, 7] {
        b.write_value(&time).unwrap();
        a.write_value(&time).unwrap();
        drop(a.claim(8).unwrap());
    }
    let _ = collector.request_flush();
    let Next::Batch(batch) = drain.try_next() else { panic!("asked for") };
    let seen: Vec<_> = batch
        .merged_by_key(|record| record.value::<u64>())
        .map(|record| match record {
            Record::Data { source, .. } => (source, record.value::<u64>()),
            Record::Aborted { source, .. } => (source, None),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [(0, Some(5)), (0, None), (1, Some(5)), (0, Some(7)), (0, None), (1, Some(7))];
    assert_eq!(seen, expected);
}
