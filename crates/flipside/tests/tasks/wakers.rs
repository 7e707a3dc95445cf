//! Wakers that panic or come back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use flipside::collect::{Order, Outcome, Overflow};

use crate::support::{assert_law, bodies, data, records, within};
use crate::{ORDERS, block_on, build, counting, drain_all, poll};

/// What a waker does when it is woken.
struct Does<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Wake for Does<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    let (collector, drain) = build(Order::Total, Overflow::Fail, 4096);
    let panics = Waker::from(Arc::new(Does(|| panic!("deliberate"))));
    let (counts, waker) = counting();
    let mut flushes = [(); 3].map(|()| collector.flush_async());
    assert!(poll(&mut flushes[0], &panics).is_pending());
    assert!(poll(&mut flushes[1], &waker).is_pending());
    assert!(poll(&mut flushes[2], &panics).is_pending());
    let drain = Mutex::new(drain);
    let mut reader = drain.lock().unwrap();
    let Poll::Pending = reader.poll_next(&mut Context::from_waker(&panics)) else { panic!("nothing there") };
    assert_eq!(counts.0.load(SeqCst), 1, "the one between the two was woken by the answer");
    let mut writer = collector.writer().unwrap();
    assert_eq!(writer.write(b"one"), Ok(Outcome::Accepted), "who rings goes on");
    let batch = block_on(reader.next_async()).unwrap();
    assert_eq!(records(&batch), [data(0, b"one")]);
    batch.release();
    assert!(flushes.iter_mut().all(|flush| poll(flush, &waker).is_ready()));
    assert_law(&collector.stats().total());
}

#[test]
fn a_waker_that_comes_back_when_it_is_woken_meets_no_lock() {
    within("wakers that come back", || {
        let (collector, mut drain) = build(Order::Total, Overflow::Fail, 4096);
        let again = Arc::new(Mutex::new((collector.writer().unwrap(), None::<Waker>, 0)));
        let inside = again.clone();
        let here = collector.clone();
        let waker = Waker::from(Arc::new(Does(move || {
            let Ok(mut state) = inside.try_lock() else { return };
            let (writer, waker, rings) = &mut *state;
            *rings += 1;
            writer.write(b"from the waker").unwrap();
            let waker = waker.clone().unwrap();
            let mut flush = here.flush_async();
            assert!(poll(&mut flush, &waker).is_pending()); // At the bell that rings, perhaps.
            let _ = here.stats();
        })));
        again.lock().unwrap().1 = Some(waker.clone());
        let mut writer = collector.writer().unwrap();
        let mut flush = collector.flush_async();
        writer.write(b"one").unwrap();
        assert!(poll(&mut flush, &waker).is_pending());
        let Poll::Ready(Some(batch)) = drain.poll_next(&mut Context::from_waker(&waker)) else {
            panic!("somebody asked")
        };
        batch.release(); // Rings the answers.
        assert!(poll(&mut flush, &waker).is_ready());
        let mut rest = 0;
        while let Poll::Ready(Some(batch)) = drain.poll_next(&mut Context::from_waker(&waker)) {
            rest += batch.count();
            batch.release();
        }
        writer.write(b"two").unwrap(); // Rings the reader's bell.
        let state = again.lock().unwrap();
        assert!(state.2 >= 2 && rest >= 1, "{} rings, {rest} records", state.2);
        drop(state);
        again.lock().unwrap().1 = None; // It held itself.
    });
}

/// A waker whose `clone` or `drop` panics when its turn has come.
static CLONES_LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone_or_panic, |_| {}, |_| {}, |_| {});

fn clone_or_panic(_: *const ()) -> RawWaker {
    let left = CLONES_LEFT.fetch_sub(1, SeqCst);
    assert_ne!(left, 0, "deliberate");
    RawWaker::new(std::ptr::null(), &VTABLE)
}

#[test]
fn a_waker_whose_clone_panics_leaves_everything_usable() {
    // SAFETY: the functions of the table do nothing with the pointer.
    let waker = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 32);
        let mut writer = collector.writer().unwrap();
        CLONES_LEFT.store(0, SeqCst);
        let panics = |task: &mut dyn FnMut() -> bool| {
            assert!(catch_unwind(AssertUnwindSafe(task)).is_err());
            CLONES_LEFT.store(0, SeqCst);
        };
        panics(&mut || poll(&mut drain.next_async(), &waker).is_pending());
        while writer.write(&[7; 8]).is_ok() {}
        panics(&mut || poll(&mut writer.write_async(&[8; 8]), &waker).is_pending());
        panics(&mut || poll(&mut collector.flush_async(), &waker).is_pending());
        let before = collector.stats().total();
        assert_eq!((before.offered, before.dropped.full), (before.pending + 1, 1));
        drop((writer, collector));
        let all = within("the drain", move || block_on(drain_all(&mut drain)));
        assert_eq!(bodies(&all).len() as u64, before.pending);
    }
}
