//! Sinks that fail, and writers in places where nobody expects them: 7, 8, 10.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flipside::collect::{Collector, Drain, FlushError, Next, Outcome, Overflow, WriteError, Writer};

use crate::support::{Seen, assert_law, bodies, data, drain_all, lost, records, until, within};

fn build(overflow: Overflow, side: usize) -> (Collector, Drain, Writer) {
    let (collector, drain) =
        crate::builder(overflow).side(side).writers(4).linger(Duration::ZERO).build().unwrap();
    let writer = collector.writer().unwrap();
    (collector, drain, writer)
}

#[test]
fn a_08_a_sink_that_errs_or_panics_gets_the_same_batch_again() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail, 256);
    for n in 0..5u8 {
        writer.write(&[n; 3]).unwrap();
    }
    let images = RefCell::new(Vec::new());
    let keep = |batch: &flipside::collect::Batch<'_>| {
        let image: Vec<u8> = batch.slices().flatten().copied().collect();
        images.borrow_mut().push((batch.epoch(), image));
    };
    collector.request_close();
    let err = drain.run(|batch| {
        keep(batch);
        Err("disk full")
    });
    assert_eq!(err, Err("disk full"));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _ = drain.run(|batch| -> Result<(), ()> {
            keep(batch);
            let _half: Vec<_> = batch.records().take(2).collect();
            panic!("deliberate");
        });
    }));
    assert!(panic.is_err());
    assert!(drain.has_batch());
    assert_eq!(collector.stats().total().pending, 5);
    let ok = drain.run(|batch| -> Result<(), ()> {
        keep(batch);
        Ok(())
    });
    assert_eq!(ok, Ok(()));
    let images = images.into_inner();
    assert_eq!(images.len(), 3);
    assert!(images.iter().all(|image| *image == images[0]));
    assert_eq!(collector.stats().total().drained, 5);
    assert_law(&collector.stats().total());
}

#[test]
fn a_08_a_sink_that_fails_now_and_then_loses_nothing() {
    let (collector, mut drain, mut writer) = build(Overflow::Block, 64);
    let all = within("a flaky sink", move || {
        let thread =
            thread::spawn(move || (0..2000u32).for_each(|n| assert!(writer.write(&n.to_le_bytes()).is_ok())));
        drop(collector);
        let (mut all, mut calls) = (Vec::new(), 0);
        loop {
            let result = drain.run(|batch| {
                calls += 1;
                if calls % 3 == 0 {
                    return Err(());
                }
                all.extend(bodies(&records(batch)));
                Ok(())
            });
            if result.is_ok() {
                break;
            }
        }
        thread.join().unwrap();
        all
    });
    let expected: Vec<_> = (0..2000u32).map(|n| n.to_le_bytes().to_vec()).collect();
    assert_eq!(all, expected);
}

/// A sink that writes into its own full collector: nobody waits for himself.
fn log_from_the_sink(overflow: Overflow) {
    let what = format!("a sink that logs under {overflow:?}");
    within(&what, move || {
        let (collector, mut drain, mut writer) = build(overflow, 64);
        writer.write(b"first").unwrap();
        let mut refusals = 0;
        let Next::Batch(batch) = drain.try_next() else { panic!("a batch is due") };
        for _ in 0..20 {
            match writer.write(b"from the sink") {
                Ok(Outcome::Accepted) => {}
                Ok(Outcome::Dropped) => refusals += 1,
                Err(error) => {
                    assert!(matches!(error, WriteError::FromSink | WriteError::Full), "{error:?}");
                    refusals += 1;
                }
            }
        }
        assert_eq!(collector.flush(), Err(FlushError::FromSink));
        assert_eq!(collector.flush_timeout(Duration::from_secs(1)), Err(FlushError::FromSink));
        assert!(!collector.close(Duration::from_secs(3600)).complete, "it only asks");
        batch.release();
        let all = drain_all(&mut drain);
        assert_eq!(bodies(&all).len() + refusals, 20);
        let total = collector.stats().total();
        assert_eq!(total.dropped.full + total.dropped.from_sink, refusals as u64);
        assert_eq!(lost(&all), (refusals as u64, 13 * refusals as u64));
        assert_law(&total);
    });
}

#[test]
fn a_07_log_from_the_sink_under_every_policy() {
    let hour = Duration::from_secs(3600);
    for overflow in [Overflow::Block, Overflow::BlockTimeout(hour), Overflow::Fail, Overflow::DropNewest] {
        log_from_the_sink(overflow);
    }
}

#[test]
fn a_07_the_sink_of_one_collector_may_wait_for_another() {
    within("a chain of collectors", || {
        let (near, mut near_drain, mut near_writer) = build(Overflow::Block, 64);
        let (far, mut far_drain, mut far_writer) = build(Overflow::Block, 64);
        let end = thread::spawn(move || drain_all(&mut far_drain));
        let middle = thread::spawn(move || {
            near_drain.run(|batch| -> Result<(), WriteError> {
                for body in bodies(&records(batch)) {
                    far_writer.write(&body)?;
                }
                assert_eq!(far.flush(), Ok(()), "this thread drains, but not that one");
                Ok(())
            })
        });
        for n in 0..500u32 {
            near_writer.write(&n.to_le_bytes()).unwrap();
        }
        drop((near, near_writer));
        assert_eq!(middle.join().unwrap(), Ok(()));
        assert_eq!(bodies(&end.join().unwrap()).len(), 500);
    });
}

#[test]
fn a_07_flush_inside_a_claim_is_an_error_and_of_another_collector_is_not() {
    within("flush inside a claim", || {
        let (here, _drain, mut writer) = build(Overflow::Block, 64);
        let (there, mut there_drain, mut there_writer) = build(Overflow::Block, 64);
        let reader = thread::spawn(move || drain_all(&mut there_drain));
        let claim = writer.claim(8).unwrap();
        assert_eq!(here.flush(), Err(FlushError::InsideClaim { slot: 0 }));
        there_writer.write(b"x").unwrap();
        assert_eq!(there.flush(), Ok(()));
        // Another thread holds no claim: it may wait, in vain.
        let other = here.clone();
        let timeout = thread::spawn(move || other.flush_timeout(Duration::from_millis(5)));
        assert_eq!(timeout.join().unwrap(), Err(FlushError::Timeout));
        claim.abort();
        assert_eq!(here.flush_timeout(Duration::ZERO), Err(FlushError::Timeout));
        drop((there, there_writer));
        assert_eq!(reader.join().unwrap(), [data(0, b"x")]);
    });
}

/// Writes a record for each allocation of a thread that asked for it.
struct Logging;

thread_local! {
    static LOG: Cell<bool> = const { Cell::new(false) };
}

static LOGGER: Mutex<Option<Writer>> = Mutex::new(None);

// SAFETY: forwards to the system's allocator; the record beside it does not touch the memory.
unsafe impl GlobalAlloc for Logging {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if LOG.try_with(|log| log.replace(false)).unwrap_or(false) {
            if let Some(writer) = LOGGER.lock().unwrap().as_mut() {
                writer.write(&layout.size().to_le_bytes()).unwrap();
            }
            LOG.with(|log| log.set(true));
        }
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Logging = Logging;

#[test]
fn a_07_log_from_the_allocator_while_the_reader_sleeps_and_wakes() {
    let (collector, mut drain, writer) = build(Overflow::DropNewest, 256);
    *LOGGER.lock().unwrap() = Some(writer);
    let all = within("logging from the allocator", move || {
        let reader = thread::spawn(move || drain_all(&mut drain));
        LOG.with(|log| log.set(true));
        // Allocates while flush and close look at their own affairs, too.
        let held: Vec<Box<u64>> = (0..1000).map(Box::new).collect();
        let flushed = collector.flush();
        let stats = collector.stats();
        LOG.with(|log| log.set(false));
        assert_eq!(flushed, Ok(()));
        drop((held, stats, LOGGER.lock().unwrap().take()));
        assert!(collector.stats().total().offered >= 1000);
        assert!(collector.close(Duration::from_secs(60)).complete);
        assert_law(&collector.stats().total());
        reader.join().unwrap()
    });
    assert!(bodies(&all).iter().any(|size| size == &8usize.to_le_bytes()));
}

#[test]
fn a_07_log_from_a_panic_hook_also_while_a_claim_unwinds() {
    let (collector, mut drain, mut writer) = build(Overflow::Fail, 1024);
    let hooked = Arc::new(Mutex::new(collector.writer_for(77).unwrap()));
    let in_hook = hooked.clone();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // Other tests of this process panic as well, by intent.
        if info.payload().downcast_ref() == Some(&"logged") {
            in_hook.lock().unwrap().write(b"panicked").unwrap();
        }
    }));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _claim = writer.claim(8).unwrap();
        panic!("logged");
    }));
    std::panic::set_hook(before);
    assert!(panic.is_err());
    drop(hooked);
    collector.request_close();
    assert_eq!(drain_all(&mut drain), [Seen::Aborted { source: 0, len: 8 }, data(77, b"panicked")]);
}

/// Writes when its thread ends.
struct Parting(Writer);

impl Drop for Parting {
    fn drop(&mut self) {
        self.0.write(b"parting").unwrap();
        let mut claim = self.0.claim(8).unwrap();
        claim.put(b"claim").unwrap();
        claim.commit();
    }
}

thread_local! {
    static PARTING: RefCell<Option<Parting>> = const { RefCell::new(None) };
    static TABLE: RefCell<BTreeMap<u32, Parting>> = const { RefCell::new(BTreeMap::new()) };
}

#[test]
fn a_10_writers_in_thread_local_destructors() {
    within("thread-local destructors", || {
        let (collector, mut drain) = crate::builder(Overflow::Block).side(64).build().unwrap();
        let writers: Vec<_> = (0..6).map(|_| collector.writer().unwrap()).collect();
        let threads: Vec<_> = writers
            .into_iter()
            .enumerate()
            .map(|(n, writer)| {
                thread::spawn(move || match n % 2 {
                    0 => PARTING.with(|parting| *parting.borrow_mut() = Some(Parting(writer))),
                    _ => TABLE.with(|table| drop(table.borrow_mut().insert(7, Parting(writer)))),
                })
            })
            .collect();
        let observer = collector.clone();
        drop(collector);
        let reader = thread::spawn(move || drain_all(&mut drain));
        for thread in threads {
            thread.join().unwrap();
        }
        observer.request_close();
        let all = reader.join().unwrap();
        assert_eq!(bodies(&all).len(), 12);
        for source in 0..6 {
            assert!(all.contains(&data(source, b"parting")));
            assert!(all.contains(&data(source, b"claim")));
        }
        until("the slots are free again", || observer.stats().writers.iter().all(|writer| !writer.alive));
    });
}

#[test]
fn a_08_a_drain_dropped_while_unwinding_lets_blocked_writers_go() {
    within("a reader that dies", || {
        let (collector, mut drain, mut writer) = build(Overflow::Block, 32);
        let blocked = thread::spawn(move || {
            let mut accepted = 0u64;
            loop {
                match writer.write(b"12345678") {
                    Ok(_) => accepted += 1,
                    Err(error) => return (accepted, error),
                }
            }
        });
        let died = thread::spawn(move || {
            let _ = drain.run(|_batch| -> Result<(), ()> { panic!("deliberate") });
        });
        assert!(died.join().is_err());
        let (accepted, error) = blocked.join().unwrap();
        assert_eq!(error, WriteError::Closed);
        let total = collector.stats().total();
        assert_eq!((total.drained, total.abandoned), (0, accepted));
        assert_eq!(collector.flush(), Err(FlushError::Abandoned));
        assert_law(&total);
    });
}
