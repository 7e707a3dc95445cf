//! What a reader costs in memory, and that reading and publishing allocate nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use flipside::publish::strategy::{Asymmetric, Counters, Epochs, Strategy};
use flipside::publish::{Buffer, Offline, Reader, raw};

/// Counts for each thread by itself, so that other tests do not disturb.
struct Counting;

thread_local! {
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: forwards to the system's allocator; the counts beside it do not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size()));
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn costs<S: Strategy>(strategy: S) {
    #[allow(clippy::arc_with_non_send_sync, reason = "any strategy will do")]
    let buffer = Arc::new(Buffer::with(strategy, [0u64, 0], (), ()));
    let mut readers = Vec::with_capacity(1000);
    let before = BYTES.get();
    readers.extend((0..1000).map(|_| Reader::new(buffer.clone()).unwrap()));
    let each = (BYTES.get() - before) / 1000 + size_of_val(&readers[0]);
    assert!(each <= 256, "{each} bytes a reader");
    let mut writer = raw::Writer::new(buffer.clone()).unwrap();
    let mut pinned = Offline::new(buffer.clone()).unwrap().online();
    drop(readers[0].read());
    let before = CALLS.get();
    for n in 1..100 {
        *writer.back().unwrap() = n;
        writer.publish().unwrap();
        pinned.refresh();
        assert_eq!((*pinned.get(), *readers[0].read()), (n, n));
    }
    readers.truncate(1);
    for _ in 0..100 {
        // The slots are there.
        readers.push(readers[0].clone());
    }
    assert_eq!(CALLS.get(), before, "nothing is allocated");
}

#[test]
fn a_reader_costs_at_most_256_bytes_and_nothing_is_allocated_per_read_or_publish() {
    costs(Asymmetric::new());
    costs(Asymmetric::portable());
    costs(Epochs::new());
    costs(Counters::new());
}
