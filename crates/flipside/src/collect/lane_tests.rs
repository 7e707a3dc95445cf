//! The head word with so few offset bits that overshoot and wrap show in milliseconds.

use std::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::lane::{Flipped, Lane, News, OffsetTooSmall};
use super::slot::Slot;
use crate::substrate::atomic::{AtomicBool, Ordering::Relaxed};
use crate::substrate::side::{Pair, Side};

/// Offsets up to 4095.
const BITS: u32 = 12;
/// With seven writers the failed claims of an epoch end at 4088 + 1: one more writer, or one more word, would
/// reach the side bit.
const SIDE: usize = 504;
const RESERVED: usize = 56;
const WRITERS: usize = 7;
const HIGHEST: usize = RESERVED + SIDE + 1 + SIDE * WRITERS;

/// A lane, and those who write to it.
struct Tight {
    lane: Lane<BITS>,
    slots: [Slot; WRITERS],
}

impl Deref for Tight {
    type Target = Lane<BITS>;

    fn deref(&self) -> &Lane<BITS> {
        &self.lane
    }
}

impl Tight {
    fn left(&self, side: Side) -> (usize, usize) {
        Lane::<BITS>::left(self.slots.iter(), side)
    }
}

fn tight() -> Tight {
    assert_eq!(HIGHEST, 4089, "the next multiple of 8 with its 1 is beyond 4095");
    let lane = Lane::new(SIDE, RESERVED, SIDE / 2, WRITERS).unwrap();
    Tight { lane, slots: std::array::from_fn(|_| Slot::new()) }
}

#[test]
fn construction_refuses_what_could_overflow() {
    let refused = |side, reserved, writers| {
        matches!(Lane::<BITS>::new(side, reserved, side, writers), Err(OffsetTooSmall))
    };
    assert!(!refused(SIDE, RESERVED, WRITERS));
    assert!(refused(SIDE, RESERVED, WRITERS + 1));
    assert!(refused(SIDE, RESERVED + 8, WRITERS));
    assert!(refused(SIDE + 8, RESERVED, WRITERS));
    assert!(refused(usize::MAX - 7, 8, 1), "the sum wraps");
    assert!(refused(1 << 40, 0, 1 << 40), "the product wraps");
    assert!(refused(4096, 0, 1));
}

/// The reader's side of the protocol, in its shortest form.
struct Reader {
    /// Done and failed, when the side was last vacant.
    base: Pair<[usize; 2]>,
    front: Side,
    /// Bytes that stand in the side found vacant last.
    filled: usize,
}

impl Reader {
    fn new() -> Self {
        Self { base: Pair::new([0; 2], [0; 2]), front: Side::A, filled: 0 }
    }

    fn flip(&mut self, lane: &Tight) -> Flipped {
        let flipped = lane.flip();
        assert_eq!(flipped.side, self.front, "somebody else touched the side bit");
        assert!(flipped.claimed <= HIGHEST - RESERVED, "{} bytes claimed", flipped.claimed);
        self.front = self.front.flip();
        flipped
    }

    fn is_vacant(&mut self, lane: &Tight, flipped: Flipped) -> bool {
        let (done, failed) = lane.left(flipped.side);
        let [done_before, failed_before] = self.base[flipped.side];
        let filled = done.wrapping_sub(done_before);
        let gained = filled.wrapping_add(failed.wrapping_sub(failed_before));
        assert!(gained <= flipped.claimed, "more left than entered");
        if gained == flipped.claimed {
            self.base[flipped.side] = [done, failed];
            self.filled = filled;
        }
        gained == flipped.claimed
    }
}

#[test]
fn failing_claims_at_the_exact_bound_leave_the_side_bit_alone() {
    let lane = tight();
    let mut reader = Reader::new();
    for _ in 0..1000 {
        // Everybody has seen room, and all but one word is taken: each claim of a whole side fails.
        let spans = [8; WRITERS - 1].into_iter().chain([SIDE - 8 * WRITERS]);
        for (slot, span) in lane.slots.iter().zip(spans) {
            let grant = lane.claim(slot, span).unwrap();
            lane.leave(slot, grant);
        }
        for _ in 0..3 {
            for slot in &lane.slots {
                assert!(lane.claim(slot, SIDE).is_none());
            }
        }
        let flipped = reader.flip(&lane);
        assert_eq!(flipped.claimed, SIDE - 8 + SIDE * WRITERS, "each failed once");
        assert!(reader.is_vacant(&lane, flipped));
    }
    // The highest of all: sealed, and then everybody fails.
    for slot in &lane.slots {
        let grant = lane.claim(slot, 8).unwrap();
        lane.leave(slot, grant);
    }
    assert_eq!(lane.seal().side, reader.front);
    for _ in 0..100 {
        lane.slots.iter().for_each(|slot| {
            assert!(lane.claim(slot, SIDE).is_none());
            assert!(lane.claim(slot, 8).is_none());
        });
    }
    let last = lane.flip();
    assert_eq!(last.side, reader.front.flip());
    assert_eq!(last.claimed, HIGHEST - RESERVED);
}

/// The same claims by a writer who does not look before he claims again.
#[test]
fn without_the_look_the_offset_runs_into_the_side_bit() {
    let overrun = |looks: bool| {
        let lane = tight();
        let (blind, other) = (&lane.slots[0], &lane.slots[1]);
        let first = lane.claim(blind, SIDE - 8).unwrap();
        lane.leave(blind, first);
        for _ in 0..8 {
            if !looks {
                blind.full.store(false, Relaxed);
            }
            assert!(lane.claim(blind, SIDE).is_none());
        }
        lane.claim(other, 8).map(|grant| grant.side)
    };
    assert_eq!(overrun(true), None, "the front is full");
    // A grant on the side that the reader has not given away: he may be reading it at this moment.
    assert_eq!(overrun(false), Some(Side::B));
}

/// Fills a grant with a stamp of its writer, and leaves.
fn work(lane: &Tight, slot: &Slot, span: usize, stamp: u8) -> bool {
    let Some(grant) = lane.claim(slot, span) else {
        return false;
    };
    {
        // SAFETY: our own grant, not left yet, one reference.
        let bytes = unsafe { lane.granted(grant, 0, span) };
        bytes.fill(stamp);
        if span == 8 {
            thread::yield_now(); // A straggler now and then.
        }
        assert!(bytes.iter().all(|byte| *byte == stamp), "somebody wrote into a grant");
        bytes[0] = (span / 8) as u8;
        bytes[1] = stamp;
    }
    lane.leave(slot, grant);
    true
}

/// Reads a vacated side back, record by record, and wipes nothing: stale bytes would show as wrong lengths.
fn check(bytes: &[u8]) -> usize {
    let (mut at, mut records) = (0, 0);
    while at < bytes.len() {
        let (words, stamp) = (usize::from(bytes[at]), bytes[at + 1]);
        let body = &bytes[at + 2..at + words * 8];
        assert!(body.iter().all(|byte| *byte == stamp), "a torn record");
        at += words * 8;
        records += 1;
    }
    records
}

/// Flips, waits for the stragglers, checks; returns the records.
fn take(lane: &Tight, reader: &mut Reader) -> usize {
    let end = Instant::now() + Duration::from_secs(60);
    let flipped = reader.flip(lane);
    while !reader.is_vacant(lane, flipped) {
        assert!(Instant::now() < end, "an epoch never adds up");
        thread::yield_now();
    }
    // SAFETY: this is the reader, and the side is vacant.
    check(unsafe { lane.vacated(flipped.side, RESERVED, RESERVED + reader.filled) })
}

#[test]
fn thousands_of_epochs_of_seven_writers_over_narrow_words() {
    const EPOCHS: usize = 5000;
    let lane = tight();
    let stop = AtomicBool::new(false);
    let (wrote, read) = thread::scope(|scope| {
        let writers: Vec<_> = lane
            .slots
            .iter()
            .enumerate()
            .map(|(index, slot)| {
                let (lane, stop) = (&lane, &stop);
                scope.spawn(move || {
                    let mut wrote = 0;
                    let sizes = [8, 64, SIDE, 16, 248, SIDE, 24];
                    for span in sizes.iter().cycle().skip(index) {
                        if stop.load(Relaxed) {
                            break;
                        }
                        if work(lane, slot, *span, 1 + index as u8) {
                            wrote += 1;
                        } else {
                            thread::yield_now();
                        }
                    }
                    wrote
                })
            })
            .collect();
        let mut reader = Reader::new();
        let mut read = 0;
        for _ in 0..EPOCHS {
            while lane.filled().is_none() {
                thread::yield_now();
            }
            read += take(&lane, &mut reader);
        }
        stop.store(true, Relaxed);
        let wrote: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        read += take(&lane, &mut reader) + take(&lane, &mut reader);
        (wrote, read)
    });
    assert!(wrote >= EPOCHS);
    assert_eq!(wrote, read, "records written and read");
}

#[test]
fn marks_near_their_maximum_wrap_without_harm() {
    let lane = tight();
    let mut reader = Reader::new();
    for slot in &lane.slots {
        for side in [Side::A, Side::B] {
            slot.marks[side].done.store(usize::MAX - 39, Relaxed);
            slot.marks[side].failed.store(usize::MAX - 15, Relaxed);
        }
    }
    for side in [Side::A, Side::B] {
        let (done, failed) = lane.left(side);
        reader.base[side] = [done, failed];
    }
    for round in 0..100 {
        for slot in &lane.slots {
            assert!(work(&lane, slot, 64, 9));
        }
        assert!(!work(&lane, &lane.slots[round % WRITERS], 64, 9));
        let flipped = reader.flip(&lane);
        assert!(reader.is_vacant(&lane, flipped));
    }
}

#[test]
fn who_has_not_left_keeps_the_side_from_being_vacant() {
    let lane = tight();
    let mut reader = Reader::new();
    let open = lane.claim(&lane.slots[0], 64).unwrap();
    assert_eq!(open.news, News::First, "the first of its epoch");
    assert!(work(&lane, &lane.slots[1], 8, 1));
    let flipped = reader.flip(&lane);
    assert!(!reader.is_vacant(&lane, flipped));
    // Work on the other side does not make up for it, whatever its size.
    assert!(work(&lane, &lane.slots[1], 64, 1));
    assert!(!reader.is_vacant(&lane, flipped));
    lane.leave(&lane.slots[0], open);
    assert!(reader.is_vacant(&lane, flipped));
}

#[test]
fn the_reader_is_rung_for_the_first_byte_and_once_for_the_watermark() {
    let lane = tight();
    let news: Vec<_> = (0..SIDE / 24).map(|_| lane.claim(&lane.slots[0], 24).unwrap().news).collect();
    let is = |wanted: News| (0..news.len()).filter(move |&at| news[at] == wanted).collect::<Vec<_>>();
    assert_eq!(is.clone()(News::First), [0]);
    assert_eq!(is(News::High), [(SIDE / 2).div_ceil(24) - 1]);
}
