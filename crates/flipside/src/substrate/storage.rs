//! Where shared memory comes from: the heap, or whoever keeps the laws.

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use core::ptr::NonNull;

/// Memory for the sides of a collector: see [`Builder::build_in`](crate::collect::Builder::build_in), which says what
/// lies where.
///
/// A piece of a larger allocation will do, a shared mapping of a file, memory of a device. It is asked for its place
/// once, from where it then stays until the last handle of the collector is gone; that drops it, on whichever thread
/// that is.
///
/// ```
/// use flipside::collect::{Builder, Overflow, Storage};
/// use std::ptr::NonNull;
/// use std::sync::atomic::AtomicU64;
///
/// /// Whole words from the heap. That they are atomic lets everybody write to them.
/// struct Words(Box<[AtomicU64]>);
///
/// // SAFETY: the words are initialised [3], their addresses do not change when the box moves [4], and they live until it
/// // is dropped [1]; the field is private and nobody else looks at it [2].
/// unsafe impl Storage for Words {
///     fn start(&self) -> NonNull<u8> {
///         NonNull::from(&*self.0).cast()
///     }
///
///     fn len(&self) -> usize {
///         size_of_val(&*self.0)
///     }
/// }
///
/// let builder = Builder::new(Overflow::Block).side(64 * 1024).writers(4);
/// let words = builder.layout()?.len().div_ceil(8);
/// let storage = Words((0..words).map(|_| AtomicU64::new(0)).collect());
/// let (collector, drain) = builder.build_in(storage)?;
/// # drop((collector, drain));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Safety
///
/// From the moment at which it is handed over, and until it is dropped:
///
/// 1. **Valid.** The [`len`](Self::len) bytes from [`start`](Self::start) are one allocation, or a part of one, valid for
///    reads and writes by any thread through the pointer that `start` returned. (A mapping of a file that
///    somebody truncates is not.)
/// 2. **Exclusive.** Nobody in this process reads or writes them but the collector, and nobody outside of it writes
///    them. What another process that maps them reads is for it to sort out.
/// 3. **Initialised.** Each byte has a value, no matter which.
/// 4. **Steady.** They stay where they are, even if `self` moves between the construction and the hand-over; from
///    then on it does not move.
///
/// Length and alignment are no laws but looked at: too little, or an address that is not a multiple of 8, is an
/// error. For speed it should be a multiple of 128, lest a side share a cache line with something else; where
/// memory is mapped it is.
#[expect(clippy::len_without_is_empty, reason = "an empty one has no use")]
pub unsafe trait Storage: Send + Sync {
    /// The first byte.
    fn start(&self) -> NonNull<u8>;

    /// How many bytes there are.
    fn len(&self) -> usize;
}

/// The memory could not be had.
#[derive(Debug)]
pub(crate) struct OutOfMemory;

/// Zeroed memory from the heap, whose pages nobody has touched yet where the allocator can do that.
#[derive(Debug)]
pub(crate) struct Heap {
    allocation: NonNull<u8>,
    layout: Layout,
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory is owned, and plain bytes have no thread of their own.
unsafe impl Send for Heap {}
// SAFETY: `&Heap` gives access to no byte, only to addresses.
unsafe impl Sync for Heap {}

impl Heap {
    pub(crate) fn new(len: usize) -> Result<Self, OutOfMemory> {
        let align = if len < PAGE { LINES } else { PAGE };
        // More strictly aligned memory the allocator would zero by hand, and so make all of it resident at once.
        let size = len.max(1).checked_add(align - 8).ok_or(OutOfMemory)?;
        let layout = Layout::from_size_align(size, 8).map_err(|_| OutOfMemory)?;
        // SAFETY: the layout's size is not zero.
        let allocation = unsafe { alloc_zeroed(layout) };
        let allocation = NonNull::new(allocation).ok_or(OutOfMemory)?;
        let before = allocation.addr().get().wrapping_neg() & (align - 1);
        // SAFETY: what is skipped is a multiple of 8 below `align`, so it and `len` bytes more lie in the allocation.
        let start = unsafe { allocation.add(before) };
        Ok(Self { allocation, layout, start, len })
    }
}

/// The size of a page, or a part of one: no machine has smaller ones.
pub(crate) const PAGE: usize = 4096;
/// Far enough apart that neither a line nor its prefetched neighbour is shared.
pub(crate) const LINES: usize = 128;

// SAFETY: the bytes are an allocation [1] that nobody else knows [2], zeroed [3], which does not move with the value [4]
// and is freed only when that is dropped.
unsafe impl Storage for Heap {
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and freed only here.
        unsafe { dealloc(self.allocation.as_ptr(), self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_is_aligned_and_large_enough() {
        for len in [0, 1, 8, 127, 128, 4095, 4096, 4097, 1 << 20] {
            let heap = Heap::new(len).unwrap();
            let align = if len < PAGE { LINES } else { PAGE };
            assert_eq!((heap.start().addr().get() % align, heap.len()), (0, len));
            let end = heap.allocation.addr().get() + heap.layout.size();
            assert!(heap.start().addr().get() + len <= end);
        }
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        for len in [usize::MAX, isize::MAX as usize, isize::MAX as usize - 8] {
            assert!(Heap::new(len).is_err());
        }
    }
}
