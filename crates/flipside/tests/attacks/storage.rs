//! Sides in memory of somebody's own: too little of it, at the wrong place, dropped in time, read after a crash:
//! 13, 14, 15, 23, 31.

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use flipside::collect::{
    BuildError, Builder, Collector, Drain, MAX_SIDE, MAX_WRITERS, Order, Overflow, Records, SideLayout,
    Storage,
};

use crate::support::{Seen, assert_law, bodies, data, drain_all, seen};

const ORDERS: [Order; 2] = [Order::Total, Order::PerWriter];

fn builder(order: Order) -> Builder {
    Builder::new(Overflow::Fail).order(order).side(256).writers(3).linger(Duration::ZERO)
}

/// Whole words, of which the first `skip` bytes are not used and the last `spare` neither; all of them shared with the
/// test, which looks at them when the collector does not.
#[derive(Clone)]
struct Words {
    words: Arc<Vec<AtomicU64>>,
    skip: usize,
    spare: usize,
    drops: Arc<AtomicUsize>,
}

impl Words {
    fn new(len: usize) -> Self {
        // Stale bytes: nobody promises zeros.
        let words = (0..len.div_ceil(8)).map(|_| AtomicU64::new(0xABAB_ABAB_ABAB_ABAB)).collect();
        Self { words: Arc::new(words), skip: 0, spare: 0, drops: Arc::new(AtomicUsize::new(0)) }
    }

    fn fits(builder: &Builder) -> Self {
        Self::new(builder.layout().unwrap().len())
    }

    /// What stands there. Only while no writer and no reader is at work.
    fn image(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.load(SeqCst).to_ne_bytes()).collect()
    }
}

// SAFETY: the words are initialised and stay where they are until the last clone is gone; the test reads them only
// while the collector rests.
unsafe impl Storage for Words {
    fn start(&self) -> NonNull<u8> {
        let first: NonNull<u8> = NonNull::from(&**self.words).cast();
        // SAFETY: no test skips more than there is.
        unsafe { first.add(self.skip) }
    }

    fn len(&self) -> usize {
        self.words.len() * 8 - self.skip - self.spare
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
    }
}

/// A box that is freed with it.
struct Boxed(NonNull<[u64]>);

// SAFETY: the box is owned, and its words have no thread of their own.
unsafe impl Send for Boxed {}
// SAFETY: a shared one gives away an address only.
unsafe impl Sync for Boxed {}

// SAFETY: it was a box of initialised words, is known to nobody else, and is freed by the destructor alone.
unsafe impl Storage for Boxed {
    fn start(&self) -> NonNull<u8> {
        self.0.cast()
    }

    fn len(&self) -> usize {
        self.0.len() * 8
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: made from a box, and dropped once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Writes by all ways that there are, over several rounds; what the reader saw.
fn work((collector, mut drain): (Collector, Drain)) -> Vec<Seen> {
    let mut all = Vec::new();
    let mut writers = [collector.writer_for(5).unwrap(), collector.writer_for(6).unwrap()];
    for round in 0..20u8 {
        for writer in &mut writers {
            writer.write(&[round; 9]).unwrap();
            let mut claim = writer.claim(40).unwrap();
            claim.put(&[round; 3]).unwrap();
            claim.commit();
            writer.claim(8).unwrap().abort();
            let mut batch = writer.claim_batch(40).unwrap();
            batch.put(&[round]).unwrap();
            batch.commit();
        }
        writers[0].write(&[0; 1000]).unwrap_err();
        while let flipside::collect::Next::Batch(batch) = drain.try_next() {
            all.extend(batch.records().map(seen));
            batch.release();
        }
    }
    drop((collector, writers));
    all.extend(drain_all(&mut drain));
    all
}

#[test]
fn a_storage_is_as_good_as_the_heap() {
    for order in ORDERS {
        let heap = work(builder(order).build().unwrap());
        assert_eq!(bodies(&heap).len(), 120);
        let builder = builder(order);
        let mut words = Words::fits(&builder);
        assert_eq!(work(builder.clone().build_in(words.clone()).unwrap()), heap, "{order:?}");
        // What it has beyond the layout is left alone.
        let len = builder.layout().unwrap().len();
        words = Words::new(len + 64);
        words.skip = 8;
        assert_eq!(work(builder.clone().build_in(words.clone()).unwrap()), heap);
        let image = words.image();
        assert!(image[..8].iter().chain(&image[8 + len..]).all(|&byte| byte == 0xAB));
        let boxed = Box::into_raw(vec![u64::MAX; len / 8].into_boxed_slice());
        assert_eq!(work(builder.build_in(Boxed(NonNull::new(boxed).unwrap())).unwrap()), heap);
    }
}

#[test]
fn a_storage_is_not_touched_before_there_is_a_record() {
    for order in ORDERS {
        let builder = builder(order);
        let words = Words::fits(&builder);
        let (collector, drain) = builder.build_in(words.clone()).unwrap();
        let mut writer = collector.writer().unwrap();
        assert!(words.image().iter().all(|&byte| byte == 0xAB), "{order:?}");
        writer.write(b"x").unwrap();
        assert_eq!(words.image().iter().filter(|&&byte| byte != 0xAB).count(), 16);
        drop((collector, drain));
    }
}

#[test]
fn a_storage_is_dropped_with_the_last_handle_of_them_all() {
    for order in ORDERS {
        for last in 0..4 {
            let builder = builder(order);
            let words = Words::fits(&builder);
            let (collector, drain) = builder.build_in(words.clone()).unwrap();
            let mut writer = collector.writer().unwrap();
            writer.write(b"x").unwrap();
            let second = collector.clone();
            let mut handles = [
                Some(Box::new(collector) as Box<dyn Send>),
                Some(Box::new(drain)),
                Some(Box::new(writer)),
                Some(Box::new(second)),
            ];
            handles.rotate_left(last);
            for handle in &mut handles {
                assert_eq!(words.drops.load(SeqCst), 0, "{order:?}");
                let handle = handle.take();
                thread::spawn(move || drop(handle)).join().unwrap();
            }
            assert_eq!((words.drops.load(SeqCst), Arc::strong_count(&words.words)), (1, 1));
        }
    }
}

#[test]
fn a_13_too_little_or_misaligned_is_an_error_and_the_storage_is_dropped() {
    for order in ORDERS {
        let builder = builder(order);
        let needed = builder.layout().unwrap().len();
        let mut words = Words::fits(&builder);
        for (skip, spare) in [(needed, 0), (0, needed), (8, 0), (0, 1)] {
            (words.skip, words.spare) = (skip, spare);
            let error = builder.clone().build_in(words.clone()).unwrap_err();
            assert_eq!(error, BuildError::StorageTooSmall { len: needed - skip - spare, needed });
            assert!(error.to_string().contains(&needed.to_string()), "{error}");
        }
        let mut words = Words::new(needed + 8);
        for skip in 1..8 {
            words.skip = skip;
            let address = words.start().addr().get();
            let error = builder.clone().build_in(words.clone()).unwrap_err();
            assert_eq!(error, BuildError::StorageMisaligned { address, align: 8 });
            assert!(error.to_string().contains(&format!("{address:#x}")), "{error}");
        }
        assert_eq!((words.drops.load(SeqCst), Arc::strong_count(&words.words)), (7, 1));
        let error = builder.side(1).build_in(words.clone()).unwrap_err();
        assert_eq!(error, BuildError::SideTooSmall { side: 1 });
        assert_eq!(words.drops.load(SeqCst), 8);
    }
}

#[test]
fn a_23_a_slot_that_changes_hands_keeps_the_records_of_its_lane() {
    for writer in
        [|collector: &Collector| collector.writer(), |collector: &Collector| collector.writer_for(0)]
    {
        let builder = Builder::new(Overflow::Fail).order(Order::PerWriter).side(10_000).writers(1);
        let (collector, mut drain) = builder.linger(Duration::MAX).build().unwrap();
        for n in 0..20u8 {
            writer(&collector).unwrap().write(&[n + 1; 900]).unwrap();
        }
        collector.request_close();
        let all = bodies(&drain_all(&mut drain));
        assert!(all.into_iter().eq((0..20u8).map(|n| [n + 1; 900])), "touched again, or lost");
    }
}

/// Storage that cannot be had is its maker's error: none of ours stands between.
#[test]
fn a_storage_that_cannot_be_made_is_its_makers_error() {
    fn make(len: usize) -> Result<Words, std::num::TryFromIntError> {
        u8::try_from(len).map(|len| Words::new(len.into()))
    }
    let build = || -> Result<(Collector, Drain), Box<dyn std::error::Error>> {
        let builder = builder(Order::Total);
        let words = make(builder.layout()?.len())?;
        Ok(builder.build_in(words)?)
    };
    assert!(build().unwrap_err().is::<std::num::TryFromIntError>());
}

/// A storage that panics when it is asked.
struct Panics(Words, bool);

// SAFETY: that of the words within, or no memory at all.
unsafe impl Storage for Panics {
    fn start(&self) -> NonNull<u8> {
        assert!(!self.1, "deliberate");
        self.0.start()
    }

    fn len(&self) -> usize {
        assert!(self.1, "deliberate");
        self.0.len()
    }
}

#[test]
fn a_storage_that_panics_is_dropped() {
    for at_start in [false, true] {
        let builder = builder(Order::Total);
        let words = Words::fits(&builder);
        let panics = Panics(words.clone(), at_start);
        catch_unwind(AssertUnwindSafe(|| builder.build_in(panics).map(drop))).unwrap_err();
        assert_eq!(words.drops.load(SeqCst), 1);
    }
}

#[test]
fn handles_stay_safe_to_use_after_a_panic() {
    fn unwinds<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    unwinds(&builder(Order::Total).build().unwrap().0);
}

fn in_side(image: &[u8], layout: &SideLayout, lane: usize, side: usize) -> Vec<Seen> {
    Records::new(&image[layout.records(lane, side)]).map(seen).collect()
}

#[test]
fn the_layout_says_where_the_records_of_a_crashed_collector_stand() {
    for order in ORDERS {
        let builder = builder(order);
        let layout = builder.layout().unwrap();
        assert_eq!(layout.lanes(), if order == Order::Total { 1 } else { 3 });
        let words = Words::fits(&builder);
        words.words.iter().for_each(|word| word.store(0, SeqCst));
        let (collector, mut drain) = builder.build_in(words.clone()).unwrap();
        let mut writers = [0; 3].map(|_| collector.writer().unwrap());
        writers[0].write(&[0; 1000]).unwrap_err();
        for writer in &mut writers {
            writer.write(&[1; 50]).unwrap();
        }
        writers[2].write(b"more").unwrap();
        let flipside::collect::Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        forget(batch);
        let accepted = writers.iter_mut().filter_map(|writer| writer.write(&[2; 200]).ok()).count();
        assert_eq!(accepted, layout.lanes());
        // The lights go out.
        forget((writers, collector, drain));
        let image = words.image();
        match order {
            Order::Total => {
                assert_eq!(in_side(&image, &layout, 0, 0)[..2], [data(0, &[1; 50]), data(1, &[1; 50])]);
                assert_eq!(in_side(&image, &layout, 0, 1), [data(0, &[2; 200])]);
            }
            _ => {
                for lane in 0..3 {
                    let source = lane as u16;
                    assert_eq!(in_side(&image, &layout, lane, 0)[0], data(source, &[1; 50]));
                    assert_eq!(in_side(&image, &layout, lane, 1), [data(source, &[2; 200])]);
                    assert!(layout.gaps(lane, 0).is_empty());
                }
                assert_eq!(in_side(&image, &layout, 2, 0)[1], data(2, b"more"));
            }
        }
    }
}

#[test]
fn gaps_stand_before_the_records_they_belong_to() {
    let builder = builder(Order::Total);
    let layout = builder.layout().unwrap();
    let words = Words::fits(&builder);
    let (collector, mut drain) = builder.build_in(words.clone()).unwrap();
    let mut writer = collector.writer().unwrap();
    writer.write(&[0; 1000]).unwrap_err();
    for _ in 0..2 {
        writer.write(b"x").unwrap();
        let flipside::collect::Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        batch.release();
    }
    let gaps = layout.gaps(0, 1);
    assert_eq!(gaps.end, layout.records(0, 1).start);
    let image = words.image();
    let gap = Records::new(&image[gaps.end - 24..gaps.end]).map(seen).collect::<Vec<_>>();
    assert_eq!(gap, [Seen::Gap { source: 0, records: 1, bytes: 1000 }]);
    assert_law(&collector.stats().total());
}

#[test]
fn a_14_layouts_of_all_sizes_do_not_overlap_and_impossible_ones_are_errors() {
    for order in ORDERS {
        let new = || Builder::new(Overflow::Fail).order(order);
        for side in [16, 24, 100, 128, 4096, 4100, 1 << 20, MAX_SIDE] {
            for writers in [1, 2, 17, 64] {
                let layout = new().side(side).writers(writers).layout().unwrap();
                let mut end = 0;
                for (lane, half) in (0..layout.lanes()).flat_map(|lane| [(lane, 0), (lane, 1)]) {
                    let (gaps, records) = (layout.gaps(lane, half), layout.records(lane, half));
                    assert!(gaps.start >= end && gaps.start.is_multiple_of(128) && gaps.end == records.start);
                    assert_eq!(records.len(), side.next_multiple_of(8));
                    assert!(side < 4096 || gaps.start.is_multiple_of(4096));
                    end = records.end;
                }
                assert!(end <= layout.len());
            }
        }
        for side in [MAX_SIDE + 1, isize::MAX as usize - 7, isize::MAX as usize, usize::MAX] {
            assert_eq!(new().side(side).layout(), Err(BuildError::SideTooLarge { side }));
        }
        for writers in [0, MAX_WRITERS + 1, usize::MAX] {
            assert_eq!(new().writers(writers).layout(), Err(BuildError::Writers { writers }));
        }
        // The largest that can be asked for: no machine has as much, and nothing is touched to find out.
        let builder = new().side(MAX_SIDE).writers(MAX_WRITERS);
        if let Ok(layout) = builder.layout() {
            let needed = layout.len();
            assert_eq!(
                builder.build_in(Words::new(64)).unwrap_err(),
                BuildError::StorageTooSmall { len: 64, needed }
            );
        }
    }
    let layout = Builder::new(Overflow::Fail).layout().unwrap();
    for (lane, side) in [(1, 0), (0, 2), (usize::MAX, 0), (0, usize::MAX)] {
        catch_unwind(|| layout.gaps(lane, side)).unwrap_err();
        catch_unwind(|| layout.records(lane, side)).unwrap_err();
    }
}
