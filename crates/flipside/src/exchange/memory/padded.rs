//! Each segment in a piece of its own.

use core::{fmt, slice};
use std::boxed::Box;
use std::vec::Vec;

use crossbeam_utils::CachePadded;

use super::block::{Block, bytes};
use super::{Memory, TooLarge, no_such};
use crate::substrate::atomic::{AtomicUsize, Ordering::Relaxed};

/// Segments on cache lines of their own, whose length may be another one in every round.
///
/// For: small segments, and those that are not always full. When not: where a side must be one slice. Takes
/// `SIDES` x parties x `len` x `size_of::<T>()` bytes, each segment rounded up to 128, and 128 for each party.
pub struct Padded<T, const SIDES: usize = 2> {
    /// Those of side 0 by rank, then those of side 1.
    segments: Vec<Block<T>>,
    lens: Box<[CachePadded<[AtomicUsize; SIDES]>]>,
    len: usize,
}

impl<T: Send + Sync, const SIDES: usize> Padded<T, SIDES> {
    const TWO_OR_THREE: () = assert!(SIDES == 2 || SIDES == 3, "there are two sides, or three");

    /// So many segments of `len` elements on each side, each element made by `element(rank, index)`. All are visible.
    ///
    /// # Errors
    ///
    /// [`TooLarge`].
    ///
    /// # Panics
    ///
    /// If `element` does.
    pub fn new(
        parties: usize,
        len: usize,
        mut element: impl FnMut(usize, usize) -> T,
    ) -> Result<Self, TooLarge> {
        let () = Self::TWO_OR_THREE;
        let too_large = TooLarge { parties, len, element_bytes: size_of::<T>(), sides: SIDES };
        let blocks = parties.checked_mul(SIDES).ok_or(too_large)?;
        bytes::<T>(len)
            .and_then(|bytes| bytes.checked_mul(blocks))
            .filter(|bytes| isize::try_from(*bytes).is_ok())
            .ok_or(too_large)?;
        let segment = |at: usize| Block::new(len, |index| element(at % parties, index));
        let segments = (0..blocks).map(segment).collect::<Option<_>>().ok_or(too_large)?;
        let lens = (0..parties).map(|_| CachePadded::new([(); SIDES].map(|()| AtomicUsize::new(len))));
        Ok(Self { segments, lens: lens.collect(), len })
    }

    #[inline]
    fn block(&self, side: usize, rank: usize) -> &Block<T> {
        let parties = self.lens.len();
        if rank >= parties {
            no_such("segment", rank, parties);
        }
        &self.segments[side * parties + rank]
    }
}

impl<T, const SIDES: usize> fmt::Debug for Padded<T, SIDES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the elements: others may be writing them.
        let mut it = f.debug_struct("Padded");
        it.field("sides", &SIDES).field("parties", &self.lens.len()).field("len", &self.len).finish()
    }
}

// SAFETY: each segment is a block, which is filled and never changes.
unsafe impl<T: Send + Sync, const SIDES: usize> Memory for Padded<T, SIDES> {
    type Element = T;
    const SIDES: usize = SIDES;

    fn parties(&self) -> usize {
        self.lens.len()
    }

    fn capacity(&self) -> usize {
        self.len
    }

    fn len(&self, side: usize, rank: usize) -> usize {
        self.lens.get(rank).unwrap_or_else(|| no_such("segment", rank, self.lens.len()))[side].load(Relaxed)
    }

    #[inline]
    fn set_len(&self, side: usize, rank: usize, len: usize) {
        // Relaxed: the round that publishes the segment publishes its length with it.
        self.lens[rank][side].store(len.min(self.len), Relaxed);
    }

    #[inline]
    unsafe fn own(&self, side: usize, rank: usize) -> &mut [T] {
        let block = self.block(side, rank);
        // SAFETY: all are alive; nobody else touches these, says the caller.
        unsafe { slice::from_raw_parts_mut(block.first(), block.len()) }
    }

    #[inline]
    unsafe fn segment(&self, side: usize, rank: usize) -> &[T] {
        let block = self.block(side, rank);
        let len = self.len(side, rank).min(block.len());
        // SAFETY: so many are alive; nobody writes, says the caller.
        unsafe { slice::from_raw_parts(block.first(), len) }
    }
}
