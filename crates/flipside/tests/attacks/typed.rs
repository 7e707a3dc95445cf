//! Records that are values, and encoders that lie, panic, or play with their claim: 1, 4, 13, 15, 27, 28, 31.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::mem::{forget, replace};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytemuck::{AnyBitPattern, NoUninit};
use flipside::collect::{
    Claim, ClaimFull, Collector, Drain, Encode, EncodeError, Next, Order, Outcome, Overflow, Record,
    WriteError, Writer, value,
};

use crate::batches::{ORDERS, rest};
use crate::support::{Seen, bodies, data};

fn build(order: Order, overflow: Overflow) -> (Collector, Drain, Writer) {
    crate::batches::build(order, overflow, 256)
}

/// Says one size and puts pieces of others.
struct Liar {
    size: usize,
    pieces: &'static [usize],
}

impl Encode for Liar {
    fn size(&self) -> usize {
        self.size
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        self.pieces.iter().try_for_each(|&len| into.put(&vec![0xAA; len]))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, NoUninit, AnyBitPattern)]
#[repr(C)]
struct Sample {
    at_ns: u64,
    level: f32,
    kind: [u8; 4],
}

#[derive(Clone, Copy, Debug, PartialEq, NoUninit, AnyBitPattern)]
#[repr(C)]
struct Nothing;

#[test]
fn values_come_back_as_they_were() {
    for order in ORDERS {
        let (_collector, mut drain, mut writer) = build(order, Overflow::Fail);
        let sample = Sample { at_ns: u64::MAX - 1, level: -0.5, kind: *b"abcd" };
        writer.write_value(&3u8).unwrap(); // Then the next body stands at 8 modulo 16.
        writer.write_value(&sample).unwrap();
        let mut batch = writer.claim_batch(24 + 16).unwrap();
        batch.put_value(&sample).unwrap();
        batch.put_value(&true).unwrap();
        assert!(batch.put_value(&'x').is_err());
        batch.commit();
        let mut claim = writer.claim(9).unwrap();
        claim.put_value(&1u8).unwrap();
        claim.put_value(&u64::MAX).unwrap();
        claim.commit();
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        let all: Vec<_> = batch.records().collect();
        assert_eq!(all[0].value::<u8>(), Some(3));
        assert_eq!((all[1].value(), all[2].value()), (Some(sample), Some(sample)));
        assert_eq!((all[1].value::<u64>(), all[1].value::<[u8; 17]>()), (None, None), "another length");
        assert_eq!(all[3].value::<bool>(), Some(true));
        assert_eq!(all[4].value::<[u8; 9]>(), Some([1, 255, 255, 255, 255, 255, 255, 255, 255]));
        let odd: [u8; 17] = std::array::from_fn(|at| at as u8);
        assert_eq!(value::<u128>(&odd[1..]).map(u128::to_ne_bytes).unwrap()[..], odd[1..], "at any address");
    }
}

#[test]
fn a_13_a_value_without_bytes_is_an_empty_record() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
        writer.write_value(&Nothing).unwrap();
        writer.write_value(&[0u64; 0]).unwrap();
        writer.write_encoded("").unwrap();
        assert_eq!(rest(&collector, &mut drain), vec![data(0, b""); 3]);
        assert_eq!(value::<Nothing>(b""), Some(Nothing));
        assert_eq!(value::<Nothing>(b"x"), None);
    }
}

#[test]
fn a_31_hostile_bytes_are_no_values() {
    assert_eq!((value::<bool>(&[0]), value::<bool>(&[2])), (Some(false), None));
    assert_eq!(value::<char>(&0xD800u32.to_ne_bytes()), None);
    assert_eq!(value::<std::num::NonZero<u16>>(&[0, 0]), None);
    let aborted = Record::Aborted { source: 0, len: 0 };
    assert_eq!(aborted.value::<Nothing>(), None, "an aborted record has no value, not even an empty one");
}

#[test]
fn encoders_that_keep_their_word() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
        assert_eq!(writer.write_encoded(&b"bytes"[..]), Ok(Outcome::Accepted));
        assert_eq!(writer.write_encoded("text"), Ok(Outcome::Accepted));
        assert_eq!(writer.write_encoded(&&"twice"), Ok(Outcome::Accepted));
        writer.write_encoded(&Liar { size: 100, pieces: &[1, 2] }).unwrap();
        let expected = [&b"bytes"[..], b"text", b"twice", &[0xAA; 3]];
        assert_eq!(bodies(&rest(&collector, &mut drain)), expected, "{order:?}");
        assert_eq!(collector.stats().total().drained_bytes, 17);
    }
}

#[test]
fn a_27_an_encoder_that_promised_too_little_is_an_error_and_its_record_is_aborted() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
        let error = writer.write_encoded(&Liar { size: 8, pieces: &[5, 3, 1] }).unwrap_err();
        assert_eq!(error, EncodeError::Size { size: 8, full: ClaimFull { len: 1, left: 0 } });
        assert!(error.to_string().contains("8 bytes"), "{error}");
        assert_eq!(error.source().unwrap().to_string(), "1 bytes into a claim that has 0 left");
        writer.write_encoded(&Liar { size: 0, pieces: &[65_535] }).unwrap_err();
        // A claim is a whole number of words.
        writer.write_encoded(&Liar { size: 1, pieces: &[8] }).unwrap();
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        let image: Vec<u8> = batch.slices().flatten().copied().collect();
        assert_eq!(image.iter().filter(|&&byte| byte == 0xAA).count(), 8, "only what was committed");
        batch.release();
        let total = collector.stats().total();
        assert_eq!((total.offered, total.aborted, total.drained), (3, 2, 1));
        assert_eq!(rest(&collector, &mut drain), []);
    }
}

#[test]
fn a_15_an_encoder_that_promises_the_impossible() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
        for size in [usize::MAX, isize::MAX as usize, 249] {
            let error = writer.write_encoded(&Liar { size, pieces: &[] }).unwrap_err();
            assert_eq!(error, EncodeError::Write(WriteError::TooLarge { len: size, max: 248 }));
        }
        writer.write_encoded(&Liar { size: 248, pieces: &[248] }).unwrap();
        let full = writer.write_encoded("x");
        assert_eq!(full.is_err(), order == Order::Total, "the other order has another side: {full:?}");
        assert_eq!(bodies(&rest(&collector, &mut drain))[0], [0xAA; 248]);
        assert_eq!(collector.stats().total().dropped.too_large, 3);
    }
}

#[test]
fn a_full_side_is_what_the_policy_says() {
    for order in ORDERS {
        for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::BlockTimeout(Duration::ZERO)] {
            let (collector, mut drain, mut writer) = build(order, overflow);
            let last = loop {
                match writer.write_encoded(&Liar { size: 248, pieces: &[248] }) {
                    Ok(Outcome::Accepted) => {}
                    last => break last,
                }
            };
            let expected = match overflow {
                Overflow::Fail => Err(EncodeError::Write(WriteError::Full)),
                Overflow::DropNewest => Ok(Outcome::Dropped),
                _ => Err(EncodeError::from(WriteError::Timeout)),
            };
            assert_eq!(last, expected, "{order:?}");
            rest(&collector, &mut drain);
            assert_eq!(collector.stats().total().dropped.total(), 1);
        }
    }
}

/// Panics in one of its two functions.
struct Panics {
    in_size: bool,
}

impl Encode for Panics {
    fn size(&self) -> usize {
        assert!(!self.in_size, "deliberate");
        16
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        into.put(b"half a secret")?;
        panic!("deliberate");
    }
}

#[test]
fn a_04_an_encoder_that_panics() {
    for order in ORDERS {
        let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
        for in_size in [true, false] {
            catch_unwind(AssertUnwindSafe(|| writer.write_encoded(&Panics { in_size }))).unwrap_err();
        }
        let total = collector.stats().total();
        assert_eq!((total.offered, total.aborted), (1, 1), "asked for its size, it had claimed nothing");
        writer.write_encoded("after").unwrap();
        assert_eq!(rest(&collector, &mut drain), [Seen::Aborted { source: 0, len: 16 }, data(0, b"after")]);
    }
}

/// Answers differently each time it is asked for its size.
struct Fickle(Cell<usize>);

impl Encode for Fickle {
    fn size(&self) -> usize {
        self.0.replace(self.0.get() * 100)
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        into.put(&vec![1; self.size()])
    }
}

/// Puts another claim, of a writer that lives for ever, in the place of its own.
struct Swaps(RefCell<Option<Claim<'static>>>, bool);

impl Encode for Swaps {
    fn size(&self) -> usize {
        4
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        into.put(b"mine")?;
        if let Some(other) = self.0.take() {
            let mine = replace(into, other);
            if self.1 { forget(mine) } else { mine.commit() }
        }
        Ok(())
    }
}

#[test]
fn a_27_an_encoder_whose_size_changes() {
    let (collector, mut drain, mut writer) = build(Order::Total, Overflow::Fail);
    let error = writer.write_encoded(&Fickle(Cell::new(1))).unwrap_err();
    assert_eq!(error, EncodeError::Size { size: 1, full: ClaimFull { len: 100, left: 8 } });
    assert_eq!(rest(&collector, &mut drain), [Seen::Aborted { source: 0, len: 8 }]);
}

#[test]
fn a_28_an_encoder_that_swaps_its_claim_for_another() {
    for order in ORDERS {
        for forgets in [false, true] {
            let (collector, mut drain, mut writer) = build(order, Overflow::Fail);
            let immortal = Box::leak(Box::new(collector.writer().unwrap()));
            let mut other = immortal.claim(5).unwrap();
            other.put(b"other").unwrap();
            // Each claim is settled with its own writer, whoever does it.
            writer.write_encoded(&Swaps(RefCell::new(Some(other)), forgets)).unwrap();
            writer.write(b"on").unwrap();
            let mut all = rest(&collector, &mut drain);
            all.sort();
            let mine = if forgets { Seen::Aborted { source: 0, len: 8 } } else { data(0, b"mine") };
            let mut expected = [mine, data(0, b"on"), data(1, b"other")];
            expected.sort();
            assert_eq!(all, expected, "{order:?}");
        }
    }
}
