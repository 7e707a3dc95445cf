//! Memory that several threads write in disjoint pieces and one reads whole.

use alloc::sync::Arc;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use super::atomic::Shadow;
use super::storage::{Heap, OutOfMemory, PAGE, Storage};

/// All the memory of a collector, to be cut into [`Bytes`].
#[derive(Debug)]
pub(crate) struct Memory {
    start: NonNull<u8>,
    len: usize,
    owner: Owner,
}

/// Keeps the memory alive.
#[derive(Clone)]
struct Owner {
    /// Only held.
    _storage: Arc<dyn Storage>,
    /// From the heap, by ourselves.
    is_ours: bool,
}

// It is asked nothing any more, and dropped: nobody sees a storage that a panic left half-way.
impl UnwindSafe for Owner {}
impl RefUnwindSafe for Owner {}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_ours { "heap" } else { "storage" })
    }
}

impl Memory {
    /// Zeroed memory from the heap.
    pub(crate) fn heap(len: usize) -> Result<Self, OutOfMemory> {
        Ok(Self::owned(Arc::new(Heap::new(len)?), true))
    }

    /// Somebody's own.
    pub(crate) fn of(storage: Arc<dyn Storage>) -> Self {
        Self::owned(storage, false)
    }

    fn owned(storage: Arc<dyn Storage>, is_ours: bool) -> Self {
        Self { start: storage.start(), len: storage.len(), owner: Owner { _storage: storage, is_ours } }
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Bytes that are left.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Cuts off the next `len` bytes, and skips what follows them up to `stride`.
    pub(crate) fn cut(&mut self, len: usize, stride: usize) -> Bytes {
        assert!(len <= stride && stride <= self.len, "more than there is");
        let bytes = Bytes { start: self.start, len, shadow: Shadow::new(len), owner: self.owner.clone() };
        // SAFETY: `stride` is at most what is left of the storage, whose bytes are of one allocation (its law 1).
        self.start = unsafe { self.start.add(stride) };
        self.len -= stride;
        bytes
    }
}

/// A run of bytes, always initialised, shared without locks.
///
/// It hands out references on the caller's word that they do not overlap in space or do not overlap in time;
/// it never makes a reference to the whole while pieces may be out.
#[derive(Debug)]
pub(crate) struct Bytes {
    start: NonNull<u8>,
    len: usize,
    shadow: Shadow,
    owner: Owner,
}

// SAFETY: plain bytes have no thread of their own, and their owner may go to any.
unsafe impl Send for Bytes {}
// SAFETY: `&Bytes` gives access only through the unsafe methods, whose callers exclude conflicting accesses.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// Bytes on the heap, for themselves.
    #[cfg(all(test, feature = "std"))]
    pub(crate) fn new(len: usize) -> Result<Self, OutOfMemory> {
        Ok(Memory::heap(len)?.cut(len, len))
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Touches every page, if they are fresh from the heap: a writer's first round then pays no page fault. A storage
    /// of somebody's own is left alone.
    ///
    /// # Safety
    ///
    /// Nobody has written these bytes yet, and nobody else touches them until this returns.
    pub(crate) unsafe fn touch(&self) {
        if !self.owner.is_ours {
            return;
        }
        for page in (0..self.len).step_by(PAGE).chain(self.len.checked_sub(1)) {
            self.shadow.writes(page, 1);
            let at = self.at(page, 1);
            // SAFETY: in bounds, and nobody's by the caller's promise. Volatile, lest the zero that is already there be
            // optimised away together with the page fault that is wanted.
            unsafe { at.write_volatile(0) };
        }
    }

    fn at(&self, at: usize, len: usize) -> *mut u8 {
        assert!(at <= self.len && len <= self.len - at, "outside of the buffer");
        // SAFETY: `at` is at most the length, as just asserted, and all of it is one allocation (law 1 of `Storage`).
        unsafe { self.start.as_ptr().add(at) }
    }

    /// The `len` bytes from `at`, to read.
    ///
    /// # Safety
    ///
    /// Until the reference is gone nobody writes those bytes, and every earlier write to them happens before
    /// this call.
    pub(crate) unsafe fn read(&self, at: usize, len: usize) -> &[u8] {
        let from = self.at(at, len);
        self.shadow.reads(at, len);
        // SAFETY: in bounds, initialised (law 3 of `Storage`), and written by nobody meanwhile: not by others in this
        // process (law 2), nor by us, as the caller promised.
        unsafe { core::slice::from_raw_parts(from, len) }
    }

    /// The `len` bytes from `at`, to write.
    ///
    /// # Safety
    ///
    /// Until the reference is gone nobody else touches those bytes, and every earlier access to them happens
    /// before this call.
    #[allow(clippy::mut_from_ref, reason = "disjoint pieces of shared memory are the purpose of this type")]
    pub(crate) unsafe fn write(&self, at: usize, len: usize) -> &mut [u8] {
        let from = self.at(at, len);
        self.shadow.writes(at, len);
        // SAFETY: in bounds, initialised (law 3 of `Storage`), and exclusive by law 2 and the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(from, len) }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_separate_and_stay_inside() {
        let bytes = Bytes::new(64).unwrap();
        // SAFETY: disjoint pieces, one thread.
        let (a, b) = (unsafe { bytes.write(0, 8) }, unsafe { bytes.write(8, 56) });
        a.fill(1);
        b.fill(2);
        // SAFETY: the pieces above are no longer used.
        let all = unsafe { bytes.read(0, 64) };
        assert_eq!(all.iter().map(|&b| usize::from(b)).sum::<usize>(), 8 + 2 * 56);
    }

    #[test]
    #[should_panic(expected = "outside of the buffer")]
    fn a_piece_beyond_the_end_is_refused() {
        let bytes = Bytes::new(64).unwrap();
        // SAFETY: nobody else; the call must panic before it makes a reference.
        let _ = unsafe { bytes.read(60, 8) };
    }

    #[test]
    fn what_is_cut_off_does_not_overlap_and_keeps_the_storage_alive() {
        let mut memory = Memory::heap(3 * 128).unwrap();
        let pieces = [memory.cut(100, 128), memory.cut(128, 128), memory.cut(1, 128)];
        assert_eq!((memory.len(), pieces.each_ref().map(Bytes::len)), (0, [100, 128, 1]));
        drop(memory);
        for (fill, piece) in pieces.iter().enumerate() {
            // SAFETY: nobody else knows the piece.
            unsafe { piece.touch() };
            // SAFETY: as above.
            unsafe { piece.write(0, piece.len()) }.fill(fill as u8 + 1);
        }
        for (fill, piece) in pieces.iter().enumerate() {
            // SAFETY: nobody writes any more.
            assert!(unsafe { piece.read(0, piece.len()) }.iter().all(|&byte| byte == fill as u8 + 1));
        }
    }

    #[test]
    #[should_panic(expected = "more than there is")]
    fn more_than_the_memory_is_not_cut_off() {
        let mut memory = Memory::heap(64).unwrap();
        let _first = memory.cut(40, 48);
        memory.cut(16, 24);
    }
}
