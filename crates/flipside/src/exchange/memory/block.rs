//! Elements in one piece, on cache lines of their own.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc};

/// No two blocks share a cache line, nor the pair of lines that some processors fetch together.
const LINE: usize = 128;

/// A fixed number of elements, all alive. Who may touch which is for the owner of the block to know.
pub(super) struct Block<T> {
    first: NonNull<UnsafeCell<T>>,
    /// Elements that are alive.
    len: usize,
    /// What was allocated, for at least so many.
    layout: Layout,
    owns: PhantomData<T>,
}

// SAFETY: it owns its elements; it hands out pointers only, and who uses one says why he may.
unsafe impl<T: Send> Send for Block<T> {}
// SAFETY: as above; `&T` and `&mut T` come to other threads through pointers, hence both bounds.
unsafe impl<T: Send + Sync> Sync for Block<T> {}

/// The layout of so many elements; `None` if they would be more bytes than there can be.
fn layout<T>(len: usize) -> Option<Layout> {
    let layout = Layout::array::<T>(len).ok()?.align_to(LINE).ok()?;
    Some(layout.pad_to_align()).filter(|layout| layout.size() <= isize::MAX as usize - LINE)
}

/// The bytes of so many elements in a block of their own; `None` if there cannot be so many.
pub(super) fn bytes<T>(len: usize) -> Option<usize> {
    if size_of::<T>() == 0 { Some(0) } else { layout::<T>(len).map(|layout| layout.size()) }
}

impl<T> Block<T> {
    /// `len` elements, made one after the other. If one panics, those before it are dropped. `None` if there is not so much
    /// memory.
    pub(super) fn new(len: usize, mut element: impl FnMut(usize) -> T) -> Option<Self> {
        let layout = layout::<T>(len)?;
        let first = if layout.size() == 0 {
            NonNull::<UnsafeCell<T>>::dangling()
        } else {
            // SAFETY: the layout is not empty.
            let memory = unsafe { alloc(layout) };
            NonNull::new(memory.cast())?
        };
        // Grows with each element, so that a panic drops those that are there, and the memory.
        let mut block = Self { first, len: 0, layout, owns: PhantomData };
        for at in 0..len {
            let value = element(at);
            // SAFETY: within the allocation.
            let place = unsafe { block.first.add(at) };
            // SAFETY: nothing lives there yet.
            unsafe { place.write(UnsafeCell::new(value)) };
            block.len = at + 1;
        }
        Some(block)
    }

    /// How many elements there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The first element, and by it all of them.
    pub(super) const fn first(&self) -> *mut T {
        // `UnsafeCell<T>` has the layout of `T`.
        self.first.as_ptr().cast()
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        /// Frees the memory when the elements have been dropped, or one of them has panicked.
        struct Free<T>(NonNull<UnsafeCell<T>>, Layout);
        impl<T> Drop for Free<T> {
            fn drop(&mut self) {
                // SAFETY: it was allocated with this layout, and nobody uses it any more.
                unsafe { dealloc(self.0.as_ptr().cast(), self.1) };
            }
        }
        let _free = (self.layout.size() != 0).then(|| Free(self.first, self.layout));
        // SAFETY: all `len` elements are alive, and are dropped once.
        unsafe { core::ptr::slice_from_raw_parts_mut(self.first(), self.len).drop_in_place() };
    }
}
