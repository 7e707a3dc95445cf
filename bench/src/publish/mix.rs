//! The mixed workloads: every thread reads and writes, and a write is an insert over what is there.

use std::hint::black_box;
use std::iter::once;
use std::thread;
use std::time::{Duration, Instant};

use super::read::{Line, span};
use super::role::{Ask, Peer, Reader, Write};
use super::subject::{ENTRIES, Order, Subject, shuffle};

/// A mixed workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixing {
    pub(crate) threads: usize,
    /// Of a hundred operations.
    pub(crate) reads: usize,
}

/// Operations until the pattern repeats. It has no divisor in common with [`ENTRIES`], so every operation of it comes to
/// every key in its time; with a round thousand one key in eight would never be written.
const CYCLE: usize = 1001;

/// Which operations are writes: looked up, because a random number in the loop would cost more than the fastest read.
/// The same for everyone.
struct Pattern(Vec<bool>);

impl Pattern {
    fn new(reads: usize) -> Self {
        let mut pattern: Vec<bool> = (0..CYCLE).map(|at| at < CYCLE * (100 - reads) / 100).collect();
        shuffle(&mut pattern);
        // Again from the front, so that a block may begin anywhere and be looked up without a division.
        pattern.extend((0..ENTRIES).map(|at| pattern[at % CYCLE]).collect::<Vec<_>>());
        Self(pattern)
    }

    /// Of the block that begins after so many operations.
    #[inline]
    fn after(&self, operations: usize) -> &[bool] {
        &self.0[operations % CYCLE..][..ENTRIES]
    }
}

/// The time in which each thread makes so many blocks of operations. It runs from the first one that sets off to the
/// last one that is done.
pub(crate) fn timed<T: Subject, P: Peer<T>>(mixing: Mixing, blocks: usize) -> Duration
where
    P::Writer: Clone,
{
    let (writer, mut readers) = P::open(mixing.threads);
    let pattern = Pattern::new(mixing.reads);
    let line = Line::new(mixing.threads);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..mixing.threads)
            .zip(&mut readers)
            .map(|(at, reader)| {
                let (mut writer, line, pattern) = (writer.clone(), &line, &pattern);
                scope.spawn(move || {
                    // Threads that went side by side would meet at each key.
                    let order = Order::new().turned(at * ENTRIES / mixing.threads);
                    let mut session = reader.session();
                    let expected = sum::<T>(&order, pattern, blocks);
                    // A block to warm up, and for whatever is done but once.
                    black_box(mix(&mut writer, &mut session, &order, pattern, 1));
                    line.wait();
                    let start = Instant::now();
                    let sum = mix(&mut writer, &mut session, &order, pattern, blocks);
                    let end = Instant::now();
                    assert_eq!(sum, expected, "wrong answers");
                    (start, end, sum)
                })
            })
            .collect();
        let spans: Vec<_> =
            threads.into_iter().map(|thread| thread.join().expect("a thread failed")).collect();
        span(&spans)
    })
}

/// The loop that is timed, compiled for each contender by itself. It writes what is there already, so the sum of the
/// answers is known.
#[inline(never)]
fn mix<T: Subject, W: Write<T>, A: Ask<T>>(
    writer: &mut W,
    session: &mut A,
    order: &Order,
    pattern: &Pattern,
    blocks: usize,
) -> u64 {
    let mut sum = 0u64;
    for block in 0..blocks {
        let writes = black_box(pattern).after(block * ENTRIES);
        for (key, &write) in black_box(order).keys().zip(writes) {
            if write {
                writer.publish(once(T::put(key, 0)));
            } else {
                sum = sum.wrapping_add(session.ask(key));
            }
        }
    }
    black_box(sum)
}

/// What the answers come to.
fn sum<T: Subject>(order: &Order, pattern: &Pattern, blocks: usize) -> u64 {
    let fresh = T::fresh();
    let answers: Vec<u64> = order.keys().map(|key| fresh.answer(key)).collect();
    let read = |(answer, write): (&u64, &bool)| if *write { 0 } else { *answer };
    let block = |block| answers.iter().zip(pattern.after(block * ENTRIES)).map(read).sum::<u64>();
    (0..blocks).map(block).fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::subject::Map;

    #[test]
    fn a_pattern_has_its_share_of_reads_and_goes_round() {
        for reads in [50, 90, 99] {
            let pattern = Pattern::new(reads);
            let writes: Vec<bool> =
                (0..CYCLE).flat_map(|block| pattern.after(block * ENTRIES)).copied().collect();
            let share = writes.iter().filter(|write| !**write).count() as f64 / writes.len() as f64;
            assert!((share * 100.0 - reads as f64).abs() < 0.1, "{share}");
            assert!(writes.iter().enumerate().all(|(at, write)| *write == pattern.0[at % CYCLE]));
            assert!(!pattern.0[..CYCLE].is_sorted());
        }
    }

    #[test]
    fn writes_meet_all_keys() {
        let (order, pattern) = (Order::new(), Pattern::new(99));
        let mut written = [false; ENTRIES];
        for block in 0..CYCLE {
            for (key, write) in order.keys().zip(pattern.after(block * ENTRIES)) {
                written[key as usize] |= write;
            }
        }
        assert!(written.iter().all(|written| *written));
    }

    #[test]
    fn the_sum_is_that_of_the_reads() {
        let (order, pattern) = (Order::new(), Pattern::new(90));
        let mut map = <Map>::fresh();
        let mut by_hand = 0u64;
        for at in 0..3 * ENTRIES {
            let key = order.from(at % ENTRIES, 1).next().unwrap();
            if pattern.0[at % CYCLE] {
                map.change(<Map>::put(key, 0));
            } else {
                by_hand = by_hand.wrapping_add(map.answer(key));
            }
        }
        assert_eq!(sum::<Map>(&order, &pattern, 3), by_hand);
    }
}
