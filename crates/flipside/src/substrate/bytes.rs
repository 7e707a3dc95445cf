//! Memory that several threads write in disjoint pieces and one reads whole.

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use core::ptr::NonNull;

use super::atomic::Shadow;

/// A run of bytes on the heap, always initialised, shared without locks.
///
/// It hands out references on the caller's word that they do not overlap in space or do not overlap in time;
/// it never makes a reference to the whole while pieces may be out.
#[derive(Debug)]
pub(crate) struct Bytes {
    start: NonNull<u8>,
    layout: Layout,
    shadow: Shadow,
}

// SAFETY: the memory is owned, and plain bytes have no thread of their own.
unsafe impl Send for Bytes {}
// SAFETY: `&Bytes` gives access only through the unsafe methods, whose callers exclude conflicting accesses.
unsafe impl Sync for Bytes {}

/// The memory could not be had.
#[derive(Debug)]
pub(crate) struct OutOfMemory;

impl Bytes {
    /// Far enough apart that neither a line nor its prefetched neighbour is shared with another allocation.
    const ALIGN: usize = 128;

    /// `len` zeroed bytes, every page of them touched: a writer's first round then pays no page fault.
    pub(crate) fn new(len: usize) -> Result<Self, OutOfMemory> {
        let layout = Layout::from_size_align(len.max(1), Self::ALIGN).map_err(|_| OutOfMemory)?;
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or(OutOfMemory)?;
        for page in (0..len).step_by(4096) {
            // SAFETY: `page < len` lies inside the allocation just made.
            let at = unsafe { start.as_ptr().add(page) };
            // SAFETY: in bounds, and nobody else knows the memory yet. Volatile, lest the zero that is
            // already there be optimised away together with the page fault that is wanted.
            unsafe { at.write_volatile(0) };
        }
        Ok(Self { start, layout, shadow: Shadow::new(len) })
    }

    fn at(&self, at: usize, len: usize) -> *mut u8 {
        assert!(at <= self.layout.size() && len <= self.layout.size() - at, "outside of the buffer");
        // SAFETY: `at` is at most the allocation's size, as just asserted.
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
        // SAFETY: in bounds, initialised at birth, and not written meanwhile by the caller's promise.
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
        // SAFETY: in bounds, initialised at birth, and exclusive by the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(from, len) }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and freed only here.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
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
    fn an_impossible_size_is_an_error() {
        assert!(Bytes::new(usize::MAX).is_err());
    }
}
