//! A side in one piece.

use core::{fmt, slice};
use std::vec::Vec;

use super::block::{Block, bytes};
use super::{Memory, TooLarge, no_such};

/// Segments one behind the other, all of one length: a whole side is one slice.
///
/// For: what is read as a whole, and code that wants a slice. When not: for segments of a few bytes that are written all the
/// time; neighbours share a cache line then, where one ends and the next begins, and so do their writers. Takes
/// `SIDES` x parties x `len` x `size_of::<T>()` bytes, each side rounded up to 128.
pub struct Contiguous<T, const SIDES: usize = 2> {
    sides: Vec<Block<T>>,
    parties: usize,
    len: usize,
}

impl<T: Send + Sync, const SIDES: usize> Contiguous<T, SIDES> {
    const TWO_OR_THREE: () = assert!(SIDES == 2 || SIDES == 3, "there are two sides, or three");

    /// So many segments of `len` elements on each side, each element made by `element(rank, index)`.
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
        let all = parties.checked_mul(len).ok_or(too_large)?;
        bytes::<T>(all).and_then(|bytes| bytes.checked_mul(SIDES)).ok_or(too_large)?;
        // With `len` 0 there is no element to ask for.
        let side = |_| Block::new(all, |at| element(at / len, at % len));
        let sides = (0..SIDES).map(side).collect::<Option<_>>().ok_or(too_large)?;
        Ok(Self { sides, parties, len })
    }

    /// A whole side, in the order of the ranks.
    ///
    /// # Panics
    ///
    /// If there is no such side.
    ///
    /// # Safety
    ///
    /// Nobody writes to this side while the reference lives, and all writes before happen before.
    #[must_use]
    pub unsafe fn all(&self, side: usize) -> &[T] {
        let block = &self.sides[side];
        // SAFETY: all are alive; nobody writes, says the caller.
        unsafe { slice::from_raw_parts(block.first(), block.len()) }
    }

    #[inline]
    fn at(&self, side: usize, rank: usize) -> *mut T {
        if rank >= self.parties {
            no_such("segment", rank, self.parties);
        }
        // SAFETY: within the block, by its construction.
        unsafe { self.sides[side].first().add(rank * self.len) }
    }
}

impl<T, const SIDES: usize> fmt::Debug for Contiguous<T, SIDES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the elements: others may be writing them.
        let mut it = f.debug_struct("Contiguous");
        it.field("sides", &SIDES).field("parties", &self.parties).field("len", &self.len).finish()
    }
}

// SAFETY: segments lie one behind the other in blocks that are filled and never change.
unsafe impl<T: Send + Sync, const SIDES: usize> Memory for Contiguous<T, SIDES> {
    type Element = T;
    const SIDES: usize = SIDES;

    fn parties(&self) -> usize {
        self.parties
    }

    fn capacity(&self) -> usize {
        self.len
    }

    fn len(&self, _side: usize, _rank: usize) -> usize {
        self.len
    }

    #[inline]
    unsafe fn own(&self, side: usize, rank: usize) -> &mut [T] {
        // SAFETY: all are alive; nobody else touches these, says the caller.
        unsafe { slice::from_raw_parts_mut(self.at(side, rank), self.len) }
    }

    #[inline]
    unsafe fn segment(&self, side: usize, rank: usize) -> &[T] {
        // SAFETY: all are alive; nobody writes, says the caller.
        unsafe { slice::from_raw_parts(self.at(side, rank), self.len) }
    }
}
