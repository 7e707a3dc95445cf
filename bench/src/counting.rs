//! An allocator that counts: what a thread holds of the system's memory.
//!
//! A crate by itself, because an allocator is `unsafe` and the bench has no other use for that. Each thread counts for
//! itself, without a line that any other writes, so that a program whose loops are timed can have it all the while.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator with a count.
#[derive(Debug)]
pub struct Counting;

/// What the blocks that this thread was given come to, less those that it gave back (whoever was given them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// As they were asked for.
    pub bytes: i64,
    /// How many blocks.
    pub blocks: i64,
}

thread_local! {
    // Made without allocating, and never destroyed: it may be used at any time in the life of a thread.
    static HELD: Cell<Held> = const { Cell::new(Held { bytes: 0, blocks: 0 }) };
}

/// What this thread holds. Nothing, where [`Counting`] is not the allocator.
#[must_use]
pub fn held() -> Held {
    HELD.get()
}

#[inline]
fn count(bytes: i64, blocks: i64) {
    let held = HELD.get();
    HELD.set(Held { bytes: held.bytes + bytes, blocks: held.blocks + blocks });
}

// SAFETY: forwards to the system's allocator, whose promises these are; the counts beside it do not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64, 1);
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64, 1);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64, 0);
        // SAFETY: the caller's promise about the block, its layout and the new size is passed on; all blocks are the
        // system's.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as i64), -1);
        // SAFETY: the caller's promise about the block and its layout is passed on; all blocks are the system's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn blocks_are_counted_while_they_are_held() {
        let before = held();
        let mut some = Vec::<u64>::with_capacity(10);
        let one = Box::new(1u8);
        assert_eq!(held(), Held { bytes: before.bytes + 81, blocks: before.blocks + 2 });
        some.reserve_exact(20);
        assert_eq!(held(), Held { bytes: before.bytes + 161, blocks: before.blocks + 2 });
        drop((some, one));
        let zeroed = vec![0u8; 100];
        assert_eq!(held(), Held { bytes: before.bytes + 100, blocks: before.blocks + 1 });
        drop(zeroed);
        assert_eq!(held(), before);
    }

    #[test]
    fn a_thread_counts_for_itself() {
        let other = std::thread::spawn(|| {
            let before = held().bytes;
            let block = vec![1u8; 1 << 20];
            (held().bytes - before, block.len())
        });
        let before = held().bytes;
        let (counted, length) = other.join().unwrap();
        assert_eq!(counted, length as i64);
        assert!((held().bytes - before).abs() < 1 << 19);
    }
}
