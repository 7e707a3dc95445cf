//! Batches of records that are forgotten, dropped, unwound, empty, too large or full: 1, 4, 9, 13, 15, 20, 31.

use std::mem::{forget, swap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use flipside::collect::{
    Builder, ClaimFull, Collector, Drain, FlushError, Next, Order, Overflow, WriteError, Writer,
};

use crate::support::{Seen, assert_law, bodies, data, drain_all, lost};

pub(crate) const ORDERS: [Order; 2] = [Order::Total, Order::PerWriter];

pub(crate) fn build(order: Order, overflow: Overflow, side: usize) -> (Collector, Drain, Writer) {
    let builder = Builder::new(overflow).order(order).side(side).writers(2).linger(Duration::ZERO);
    let (collector, drain) = builder.build().unwrap();
    let writer = collector.writer().unwrap();
    (collector, drain, writer)
}

/// Of a closed collector: everything, and the law.
pub(crate) fn rest(collector: &Collector, drain: &mut Drain) -> Vec<Seen> {
    collector.request_close();
    let all = drain_all(drain);
    assert_law(&collector.stats().total());
    all
}

#[test]
fn a_batch_is_nowhere_before_it_is_committed_and_whole_after() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        let lens = [0, 1, 7, 8, 9, 30];
        let mut batch = writer.claim_batch(Writer::batch_size(lens)).unwrap();
        for len in lens {
            batch.put(&vec![len as u8; len]).unwrap();
        }
        assert_eq!(batch.put(b""), Err(ClaimFull { len: 8, left: 0 }), "the room is used exactly");
        assert!(matches!(drain.try_next(), Next::Pending), "{order:?}");
        let total = collector.stats().total();
        assert_eq!((total.offered, total.pending), (1, 1), "as a whole it is one record");
        batch.commit();
        let total = collector.stats().total();
        assert_eq!((total.offered, total.pending), (6, 6));
        assert_law(&total);
        let Next::Batch(drained) = drain.try_next() else { panic!("a batch is due") };
        assert_eq!((drained.count(), drained.len()), (6, Writer::batch_size(lens)));
        drained.release();
        let stats = collector.stats();
        assert_eq!(stats.writers[0].sizes.buckets().map(|(.., count)| count).sum::<u64>(), 6);
        assert_eq!((stats.total().drained, stats.total().drained_bytes), (6, 55));
        assert_eq!(rest(&collector, &mut drain), []);
    }
}

#[test]
fn tags_pieces_and_the_rest_of_the_room() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        let mut batch = writer.claim_batch(100).unwrap();
        assert!(batch.is_empty());
        batch.put_tagged(9, &[b"a", b"", b"b"]).unwrap();
        batch.put_vectored(&[b"c", b"d"]).unwrap();
        assert_eq!((batch.len(), batch.count(), batch.remaining()), (32, 2, 72));
        assert!(format!("{batch:?}").contains("remaining: 72"));
        batch.commit();
        writer.write(b"after").unwrap();
        let ab = Seen::Data { source: 0, tag: 9, body: b"ab".to_vec() };
        assert_eq!(rest(&collector, &mut drain), [ab, data(0, b"cd"), data(0, b"after")]);
    }
}

#[test]
fn records_of_a_batch_stand_together_whoever_else_writes() {
    for order in ORDERS {
        let (collector, mut drain) =
            Builder::new(Overflow::Block).order(order).side(512).writers(3).build().unwrap();
        let threads = [0, 1, 2].map(|_| {
            let mut writer = collector.writer().unwrap();
            thread::spawn(move || {
                for n in 0..200u8 {
                    let mut batch = writer.claim_batch(Writer::batch_size([1; 3])).unwrap();
                    (0..3).for_each(|_| batch.put(&[n]).unwrap());
                    batch.commit();
                }
            })
        });
        drop(collector);
        let all = drain_all(&mut drain);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(all.len(), 1800);
        assert!(all.chunks(3).all(|three| three[0] == three[1] && three[1] == three[2]), "{order:?}");
    }
}

#[test]
fn a_01_a_forgotten_batch_is_aborted_by_the_next_call() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        for _ in 0..2 {
            let mut batch = writer.claim_batch(64).unwrap();
            batch.put(b"secret").unwrap();
            forget(batch);
        }
        assert_eq!(collector.flush(), Err(FlushError::InsideClaim { slot: 0 }));
        writer.write(b"after").unwrap();
        let aborted = Seen::Aborted { source: 0, len: 56 };
        assert_eq!(rest(&collector, &mut drain), [aborted.clone(), aborted, data(0, b"after")]);
        let total = collector.stats().total();
        assert_eq!((total.offered, total.aborted, total.drained), (3, 2, 1));
        drop(writer);
    }
}

#[test]
fn a_01_a_forgotten_batch_is_aborted_when_its_writer_is_dropped() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        forget(writer.claim_batch(64).unwrap());
        drop(writer);
        assert_eq!(rest(&collector, &mut drain), [Seen::Aborted { source: 0, len: 56 }]);
    }
}

#[test]
fn a_04_a_panic_inside_a_batch_aborts_all_of_it_and_zeroes_it() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let mut batch = writer.claim_batch(80).unwrap();
            batch.put(b"half a secret").unwrap();
            batch.put(b"another secret").unwrap();
            panic!("deliberate");
        }));
        assert!(panic.is_err());
        writer.claim_batch(16).unwrap().abort();
        let Next::Batch(drained) = drain.try_next() else { panic!("a batch is due") };
        let image: Vec<u8> = drained.slices().flatten().copied().collect();
        assert!(!image.windows(6).any(|bytes| bytes == b"secret"), "{order:?}");
        assert_eq!(drained.count(), 0);
        let all: Vec<_> = drained.records().map(crate::support::seen).collect();
        assert_eq!(all, [Seen::Aborted { source: 0, len: 72 }, Seen::Aborted { source: 0, len: 8 }]);
        drained.release();
        assert_eq!(collector.stats().total().aborted, 2);
        assert_eq!(rest(&collector, &mut drain), []);
    }
}

#[test]
fn a_09_close_gives_up_on_a_forgotten_batch_and_what_it_becomes_is_counted() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Block, 256);
        forget(writer.claim_batch(64).unwrap());
        let reader = thread::spawn(move || drain_all(&mut drain));
        let report = collector.close(Duration::from_millis(50));
        assert_eq!(report.stragglers.len(), 1, "{order:?}: {report:?}");
        assert_eq!(reader.join().unwrap(), []);
        assert_eq!(report.stats.total().pending, 1);
        drop(writer);
        let total = collector.stats().total();
        assert_eq!((total.offered, total.aborted, total.pending), (1, 1, 0), "{order:?}");
        assert_law(&total);
    }
}

#[test]
fn a_13_an_empty_batch_leaves_nothing_but_padding() {
    for order in ORDERS {
        for room in [0, 1, 8, 9, 100, 256] {
            let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
            let batch = writer.claim_batch(room).unwrap();
            assert_eq!(batch.remaining(), room.max(1).next_multiple_of(8));
            batch.commit();
            assert_eq!(collector.stats().total().offered, 0);
            assert_eq!(rest(&collector, &mut drain), [], "{order:?}, {room}");
            assert_eq!(collector.stats().total(), flipside::collect::Counts::default());
        }
    }
}

#[test]
fn a_13_a_batch_of_exactly_a_side_and_one_larger() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 64);
        let error = writer.claim_batch(65).unwrap_err();
        assert_eq!(error, WriteError::TooLarge { len: 65, max: 64 });
        assert!(error.to_string().contains("65") && error.to_string().contains("64"), "{error}");
        for _ in 0..3 {
            let mut batch = writer.claim_batch(64).unwrap();
            (0..8).for_each(|_| batch.put(b"").unwrap());
            batch.commit();
            let Next::Batch(drained) = drain.try_next() else { panic!("a batch is due") };
            assert_eq!(drained.count(), 8);
            drained.release();
        }
        let all = rest(&collector, &mut drain);
        let total = collector.stats().total();
        assert_eq!((total.offered, total.drained, total.dropped.too_large), (25, 24, 1), "{order:?}");
        assert_eq!(lost(&all), (0, 0), "the gap stood before the second side");
        assert_eq!(collector.stats().gaps.bytes, 65 - 8);
    }
}

#[test]
fn a_13_a_batch_that_finds_no_room_is_one_lost_record() {
    for order in ORDERS {
        for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::BlockTimeout(Duration::ZERO)] {
            let (collector, mut drain, mut writer) = build(order, overflow, 64);
            while writer.write(&[1; 56]).is_ok_and(|it| it == flipside::collect::Outcome::Accepted) {}
            let before = collector.stats().total();
            assert!(writer.claim_batch(40).is_err());
            let total = collector.stats().total();
            assert_eq!(total.dropped.total() - before.dropped.total(), 1);
            assert_law(&total);
            let all = rest(&collector, &mut drain);
            assert_eq!(lost(&all), (2, 56 + 32), "{order:?}, {overflow:?}");
        }
    }
}

#[test]
fn a_15_rooms_of_impossible_sizes_are_errors() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail, 64);
        let sizes = [usize::MAX, usize::MAX - 7, isize::MAX as usize, isize::MAX as usize - 7, 1 << 32, 72];
        for len in sizes {
            assert_eq!(writer.claim_batch(len).unwrap_err(), WriteError::TooLarge { len, max: 64 });
        }
        for lens in [vec![usize::MAX], vec![isize::MAX as usize; 3], vec![1, usize::MAX - 15], vec![1 << 40]]
        {
            assert_eq!(Writer::batch_size(lens), usize::MAX);
        }
        assert_eq!(Writer::batch_size([]), 0);
        let mut batch = writer.claim_batch(64).unwrap();
        let large = vec![0; 57];
        assert_eq!(batch.put(&large), Err(ClaimFull { len: 72, left: 64 }));
        assert_eq!(batch.put_vectored(&[large.as_slice(); 100]), Err(ClaimFull { len: 5712, left: 64 }));
        batch.put(&large[1..]).unwrap();
        batch.commit();
        assert_eq!(bodies(&rest(&collector, &mut drain)), [[0; 56]]);
        assert_eq!(collector.stats().total().dropped.too_large, sizes.len() as u64);
    }
}

#[test]
fn a_20_batches_of_two_writers_swapped_and_ended_in_any_order() {
    for order in ORDERS {
        let (collector, mut drain, mut one) = build(order, Overflow::Fail, 256);
        let mut two = collector.writer().unwrap();
        let mut first = one.claim_batch(32).unwrap();
        let mut second = two.claim_batch(32).unwrap();
        first.put(b"first").unwrap();
        swap(&mut first, &mut second);
        first.put(b"second").unwrap();
        first.commit(); // That is the second.
        second.put(b"again").unwrap();
        second.commit();
        let all = [data(0, b"first"), data(0, b"again"), data(1, b"second")];
        assert_eq!(rest(&collector, &mut drain), all, "{order:?}");
    }
}

#[test]
fn a_31_stale_bytes_never_leak_from_a_batch() {
    for order in ORDERS {
        let (_collector, mut drain, mut writer) = build(order, Overflow::Fail, 256);
        let mut image = |what: &str, is_secret: bool| {
            let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
            let image: Vec<u8> = batch.slices().flatten().copied().collect();
            assert_eq!(image.contains(&0xAA), is_secret, "{order:?}, {what}: {image:?}");
            batch.release();
        };
        for len in 0..40 {
            for end in 0..3 {
                // Both sides full of it.
                for _ in 0..2 {
                    writer.write(&[0xAA; 248]).unwrap();
                    image("the secret", true);
                }
                let mut batch = writer.claim_batch(200).unwrap();
                batch.put(&vec![1; len]).unwrap();
                batch.put_vectored(&[&[2; 3], &vec![3; len / 2]]).unwrap();
                match end {
                    0 => batch.commit(),
                    1 => drop(batch),
                    _ => {
                        forget(batch);
                        writer.write(b"on").unwrap();
                    }
                }
                image("a batch", false);
            }
        }
    }
}
