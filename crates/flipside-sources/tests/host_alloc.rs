//! Sampling allocates nothing: counted by an allocator that counts for the thread that asks.
#![cfg(target_os = "linux")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use flipside_sources::host::{Burst, Group, Sample, Sink, Ticker, Vanished};
use flipside_sources::stop;

thread_local! {
    // Constant and without a destructor, so that reaching it allocates nothing itself.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every request goes to the system's allocator as it came; counting touches no memory of its own but
// a constant thread-local cell.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the same there.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` or `realloc` above, so from the system, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as in `dealloc`, and the caller vouches for the size.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Bursts(Vec<Burst>, usize);

impl Sink for Bursts {
    fn sample(&mut self, index: usize, sample: Sample<'_>) {
        self.0[index].observe(sample.from_ns, sample.to_ns, sample.main);
        self.1 += 1;
    }

    fn vanished(&mut self, _: usize, vanished: Vanished) {
        panic!("{vanished}");
    }
}

#[test]
fn sampling_ticking_and_tracking_allocate_nothing() {
    let groups = Group::open_kernel("/".as_ref()).expect("this host has counters").groups;
    let mut group = Group::merge(groups).expect("at least one group");
    let bursts = group.sources().iter().map(|source| Burst::new(source.refresh())).collect();
    let mut sink = Bursts(bursts, 0);
    let (_handle, stop) = stop::pair().expect("a pipe");
    let mut ticker = Ticker::new(Duration::from_micros(200));
    let origin = Instant::now();
    // The control: an allocation is seen at all.
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(ALLOCATIONS.get() - before, 1);

    let before = ALLOCATIONS.get();
    for _ in 0..2500 {
        assert!(ticker.wait(&stop).is_some());
        assert!(group.sample(origin, &mut sink) > 0);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(sink.1 >= 2500);
}
