//! The limit: as many threads as writers copy the same bytes, each into a buffer of its own with the size of two
//! sides, the memory that a collector's writers go through, over and over. No framing, no reader, nothing shared.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::{Contender, Wake};
use crate::collect::shape::Shape;

pub(crate) const MEMCPY: Contender = Contender {
    name: "limit/memcpy",
    readers: &[Wake::Nobody],
    check: |shape, _, _| {
        let mut buffer = vec![0; 2 * shape.side];
        let at = copy(shape, 0, 1, &mut buffer, 0);
        (buffer[..at] == *shape.record(0, 0)).then_some(()).ok_or("a copy differs".into())
    },
    timed: |shape, _, per_writer| {
        let barrier = Barrier::new(shape.writers);
        let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..shape.writers)
                .map(|writer| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let mut buffer = vec![1; 2 * shape.side];
                        barrier.wait();
                        let start = Instant::now();
                        black_box(copy(shape, writer, per_writer, &mut buffer, 0));
                        (start, Instant::now())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("copying does not panic")).collect()
        });
        let start = spans.iter().map(|span| span.0).min();
        let end = spans.iter().map(|span| span.1).max();
        end.zip(start).map_or(Duration::ZERO, |(end, start)| end.duration_since(start))
    },
    paced: None,
};

/// Copies `records` records into `buffer`, from its start again whenever it is full.
fn copy(shape: &Shape, writer: usize, records: usize, buffer: &mut [u8], mut at: usize) -> usize {
    for index in 0..records {
        let record = shape.record(writer, index);
        if at + record.len() > buffer.len() {
            at = 0;
        }
        buffer[at..at + record.len()].copy_from_slice(record);
        // The buffer is looked at, as far as the compiler knows.
        black_box(&mut *buffer);
        at += record.len();
    }
    at
}
