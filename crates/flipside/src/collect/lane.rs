//! The lane that all writers share: one word that hands out the front side, and the two sides.
//!
//! Writers and reader meet in the head word alone. See `PROOF.md` beside this file.

use crossbeam_utils::CachePadded;

use super::slot::Slot;
use crate::substrate::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    Site, at,
};
use crate::substrate::bytes::Bytes;
use crate::substrate::side::{Pair, Side};

/// Offset bits of the head in production: all but the side bit. Tests narrow it.
pub(crate) const WIDE: u32 = usize::BITS - 1;

/// The front side's word, and the two sides.
///
/// ```text
/// head = { side : 1 | offset : BITS }       what each bit pattern means for a writer who claims `span`:
///
///   offset + span <= end          the bytes [offset, offset + span) of `side` are his
///   offset + span >  end          the side is full; `failed` tells the reader what he added
///   offset > end                  full for everybody until the next flip: he only looks
///   offset == end + 1 after close sealed: full for good
/// ```
#[derive(Debug)]
pub(crate) struct Lane<const BITS: u32> {
    head: CachePadded<AtomicUsize>,
    sides: Pair<Bytes>,
    /// Before it, room for the reader's gap records.
    start: usize,
    end: usize,
    watermark: usize,
}

/// A piece of a side that belongs to one writer until he [leaves](Lane::leave).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(crate) side: Side,
    pub(crate) at: usize,
    pub(crate) span: usize,
    pub(crate) news: News,
}

/// What a claim means to a reader that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    No,
    /// The first of its epoch: one that sleeps without end must hear of it.
    First,
    /// Across the watermark: any must.
    High,
}

/// What a flip found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flipped {
    /// The side that is now to be vacated.
    pub(crate) side: Side,
    /// Bytes handed out on it, those of failed claims included.
    pub(crate) claimed: usize,
}

/// With so many writers the failed claims of one epoch could overflow the offset.
#[derive(Debug)]
pub(crate) struct OffsetTooSmall;

impl<const BITS: u32> Lane<BITS> {
    /// Two sides of `side` bytes behind `reserved` ones each, for at most `writers` at a time. All whole words.
    #[cfg(all(test, feature = "std"))]
    pub(crate) fn new(
        side: usize,
        reserved: usize,
        watermark: usize,
        writers: usize,
    ) -> Result<Self, OffsetTooSmall> {
        Self::check(side, reserved, writers)?;
        let bytes = || Bytes::new(reserved + side).expect("memory");
        Self::over(Pair::new(bytes(), bytes()), reserved, watermark, writers)
    }

    /// Over two sides of one size, of which the first `reserved` bytes are the reader's. All whole words.
    pub(crate) fn over(
        sides: Pair<Bytes>,
        reserved: usize,
        watermark: usize,
        writers: usize,
    ) -> Result<Self, OffsetTooSmall> {
        let end = sides[Side::A].len().min(sides[Side::B].len());
        Self::check(end - reserved, reserved, writers)?;
        Ok(Self {
            head: CachePadded::new(AtomicUsize::new(reserved)),
            sides,
            start: reserved,
            end,
            watermark: reserved + watermark,
        })
    }

    /// Whether the offset can count what `writers` do with sides of `side` bytes behind `reserved` ones.
    pub(crate) fn check(side: usize, reserved: usize, writers: usize) -> Result<(), OffsetTooSmall> {
        let end = reserved.checked_add(side).ok_or(OffsetTooSmall)?;
        // [L3] of the proof: per epoch and slot at most one claim, of at most `side` bytes, fails.
        let highest = side.checked_mul(writers).and_then(|over| over.checked_add(end + 1));
        if highest.is_none_or(|highest| highest >= 1 << BITS) { Err(OffsetTooSmall) } else { Ok(()) }
    }

    const OFFSET: usize = (1 << BITS) - 1;

    const fn split(word: usize) -> (Side, usize) {
        (Side::from_bit(word >> BITS), word & Self::OFFSET)
    }

    const fn word(side: Side, offset: usize) -> usize {
        side.bit() << BITS | offset
    }

    /// The largest span that a claim may ask for.
    pub(crate) const fn capacity(&self) -> usize {
        self.end - self.start
    }

    /// Where the first record of a side stands.
    pub(crate) const fn start(&self) -> usize {
        self.start
    }

    /// Bytes allocated for the sides.
    pub(crate) const fn memory(&self) -> usize {
        2 * self.end
    }

    /// Enters the front side with a claim on its next `span` bytes, at most [`capacity`](Self::capacity).
    /// Wait-free: one read-modify-write. `None` if they do not fit, or did not and nobody flipped since.
    #[inline]
    pub(crate) fn claim(&self, slot: &Slot, span: usize) -> Option<Grant> {
        debug_assert!(span <= self.capacity() && span.is_multiple_of(8));
        if slot.full.load(Relaxed) {
            if self.is_full() {
                return None;
            }
            slot.full.store(false, Relaxed);
        }
        // [C1] Acquire, pairs with [C4] through the claims in between, which continue its release sequence.
        // Ours after theirs: what the reader did with this side before it made it the front is over.
        // Weaker: a record is written over bytes that the reader still reads.
        let (side, at) = Self::split(self.head.fetch_add(span, at(Site::C1, Acquire)));
        if at + span > self.end {
            slot.fail(side, span);
            return None;
        }
        let news = if at < self.watermark && at + span >= self.watermark {
            News::High
        } else if at == self.start {
            News::First
        } else {
            News::No
        };
        Some(Grant { side, at, span, news })
    }

    /// Leaves the side: the granted bytes are the reader's from here on.
    #[inline]
    pub(crate) fn leave(&self, slot: &Slot, grant: Grant) {
        slot.leave(grant.side, grant.span);
    }

    /// The bytes of a grant, or a part of them.
    ///
    /// # Safety
    ///
    /// [`claim`](Self::claim) gave the grant, it has not left yet, and `from..from + len` lies in it. No other
    /// reference to those bytes is alive.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "a grant is exclusive, whatever the lane's borrow")]
    pub(crate) unsafe fn granted(&self, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        debug_assert!(from + len <= grant.span);
        // SAFETY: [L1] no two grants of an epoch overlap, [L2] the reader keeps off until this one has left,
        // and [C1] puts his earlier accesses before ours. The caller promised the rest.
        unsafe { self.sides[grant.side].write(grant.at + from, len) }
    }

    /// Whether no claim at all can succeed before the next flip. True until the reader flips; after [`seal`]
    /// (Self::seal) for good.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        Self::split(self.head.load(Relaxed)).1 > self.end
    }

    /// Bytes claimed of the front side by now, `None` if there are none. Only grows until the next flip.
    pub(crate) fn filled(&self) -> Option<usize> {
        let offset = Self::split(self.head.load(Relaxed)).1;
        (offset > self.start).then(|| offset.min(self.end) - self.start)
    }

    /// Whether the front side is filled beyond the watermark.
    pub(crate) fn is_high(&self) -> bool {
        Self::split(self.head.load(Relaxed)).1 >= self.watermark
    }

    /// Makes the vacant side the front, at its start. Only the reader flips, and only when he has done with the
    /// side that he gives away.
    pub(crate) fn flip(&self) -> Flipped {
        self.swap_front(self.start)
    }

    /// Flips for the last time: the new front is full from the beginning and stays so.
    pub(crate) fn seal(&self) -> Flipped {
        self.swap_front(self.end + 1)
    }

    fn swap_front(&self, offset: usize) -> Flipped {
        let front = Self::split(self.head.load(Relaxed)).0;
        // [C4] Release, pairs with [C1]: the reader's work on the side he gives away is over.
        let word = self.head.swap(Self::word(front.flip(), offset), at(Site::C4, Release));
        let (side, claimed) = Self::split(word);
        debug_assert_eq!(side, front, "only the reader changes the side");
        Flipped { side, claimed: claimed - self.start }
    }

    /// What all slots did on `side` since birth: bytes done, and those failed.
    pub(crate) fn left<'a>(slots: impl Iterator<Item = &'a Slot>, side: Side) -> (usize, usize) {
        slots.fold((0usize, 0usize), |(done, failed), slot| {
            let more = slot.marks[side].failed.load(Relaxed);
            (done.wrapping_add(slot.done(side)), failed.wrapping_add(more))
        })
    }

    /// A vacant side's bytes `from..to`.
    ///
    /// # Safety
    ///
    /// The caller is the reader, the side is vacant (what [`left`](Self::left) grew by since its last flip is
    /// what that flip found [claimed](Flipped::claimed)) and has not been made the front again. Bytes before
    /// [`start`](Self::start) are the reader's [own](Self::reserved) at any time.
    pub(crate) unsafe fn vacated(&self, side: Side, from: usize, to: usize) -> &[u8] {
        // SAFETY: [L2] every grant of the epoch has left, and [C3] puts what they wrote before this; nobody
        // enters before the reader flips again.
        unsafe { self.sides[side].read(from, to - from) }
    }

    /// The room before a side's first record, for gap records.
    ///
    /// # Safety
    ///
    /// The caller is the reader, and no reference to the room is alive.
    #[allow(clippy::mut_from_ref, reason = "the room is the reader's alone")]
    pub(crate) unsafe fn reserved(&self, side: Side) -> &mut [u8] {
        // SAFETY: no claim lies before `start`, so only the reader comes here, with one reference at a time.
        unsafe { self.sides[side].write(0, self.start) }
    }
}
