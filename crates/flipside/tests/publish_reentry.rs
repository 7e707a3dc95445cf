//! A ring runs the code of the writer's waker on the reader's thread, and that code reads through the same reader, in the
//! middle of its entering or leaving. What it sees must be one version, whole.

use std::cell::{Cell, RefCell};
use std::hint::{black_box, spin_loop};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use flipside::publish::strategy::{Asymmetric, Counters, Locked, Strategy};
use flipside::publish::{Buffer, ReadGuard, Reader, raw};

/// Version `v` has the number `v` in it.
type Numbered<S> = Buffer<AtomicU64, (), S>;

thread_local! {
    /// Reads through the reader of this thread, if it has one.
    static AGAIN: Cell<Option<fn()>> = const { Cell::new(None) };
    static DICE: Cell<u64> = const { Cell::new(1) };
}

/// Some time, never twice the same: what is looked for lies between two instructions.
fn linger() {
    let mut dice = DICE.get();
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    DICE.set(dice);
    for _ in 0..dice % 1000 {
        black_box(0);
    }
}

/// Reads when it is woken, on whatever thread.
struct Nosy(AtomicBool);

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
        if let Some(read) = AGAIN.get() {
            linger();
            read();
        }
    }
}

/// Guards that showed another version than theirs. Counted, for a panic in a waker is not the reader's business.
static TORN: AtomicU64 = AtomicU64::new(0);

/// A guard shows its version for as long as it is looked at.
fn look<S: Strategy>(guard: &ReadGuard<'_, AtomicU64, S>) {
    let version = ReadGuard::version(guard);
    if (0..200).any(|_| guard.load(Relaxed) != version) {
        TORN.fetch_add(1, Relaxed);
    }
}

macro_rules! a_waker_reads_through_the_reader_that_rings {
    ($name:ident, $strategy:ty, $new:expr) => {
        #[test]
        fn $name() {
            static BUFFER: Numbered<$strategy> =
                Buffer::with($new, [AtomicU64::new(0), AtomicU64::new(0)], (), ());
            thread_local! {
                static READER: RefCell<Option<Rc<Reader<&'static Numbered<$strategy>>>>> =
                    const { RefCell::new(None) };
            }
            static STOP: AtomicBool = AtomicBool::new(false);
            let reads = thread::spawn(|| {
                let reader = Rc::new(Reader::new(&BUFFER).unwrap());
                READER.set(Some(reader.clone()));
                AGAIN.set(Some(|| {
                    let reader = READER.with_borrow(Option::clone);
                    reader.into_iter().for_each(|reader| look(&reader.read()));
                }));
                while !STOP.load(Relaxed) {
                    let guard = reader.read();
                    // In the way of the next publish, until the writer waits.
                    let version = ReadGuard::version(&guard);
                    let _ = (0..2000).find(|_| BUFFER.version() != version);
                    for n in 0..300 {
                        black_box(n);
                    }
                }
            });
            let mut writer = raw::Writer::new(&BUFFER).unwrap();
            let nosy = Arc::new(Nosy(AtomicBool::new(false)));
            let waker = Waker::from(nosy.clone());
            let end = Instant::now() + Duration::from_secs(2);
            while Instant::now() < end {
                nosy.0.store(false, SeqCst);
                match writer.poll_vacate(&mut Context::from_waker(&waker)) {
                    Poll::Ready(vacated) => vacated.unwrap(),
                    Poll::Pending => {
                        while !nosy.0.load(SeqCst) {
                            spin_loop();
                        }
                        continue;
                    }
                }
                let next = writer.version() + 1;
                *writer.try_back().unwrap().get_mut() = next;
                writer.try_publish().unwrap();
            }
            STOP.store(true, Relaxed);
            reads.join().unwrap();
            assert_eq!(TORN.load(Relaxed), 0, "guards that showed what was written over their version");
        }
    };
}

a_waker_reads_through_the_reader_that_rings!(asymmetric, Asymmetric, Asymmetric::new());
a_waker_reads_through_the_reader_that_rings!(portable, Asymmetric, Asymmetric::portable());
a_waker_reads_through_the_reader_that_rings!(counters, Counters, Counters::new());
a_waker_reads_through_the_reader_that_rings!(locked, Locked, Locked::new());
