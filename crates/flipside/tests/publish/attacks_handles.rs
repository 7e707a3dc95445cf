//! Attacks on readers, guards and where they are used: 9, 10, 19, 20, 23.

use std::cell::RefCell;
use std::mem::forget;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

use flipside::publish::strategy::Strategy;
use flipside::publish::{Buffer, Offline, PublishError, ReadGuard, Reader, Source, WeakReader, raw};

use crate::{Shared, list, with_every_strategy};

with_every_strategy! {
    a_09_a_thread_ends_with_a_forgotten_guard
    a_09_a_thread_panics_with_guards
    a_19_a_clone_is_sent_while_a_guard_lives
    a_23_registration_in_a_tight_loop_against_a_writer
    ;
    a_20_nested_guards_in_any_order
    a_20_guards_of_parts
}

fn a_09_a_thread_ends_with_a_forgotten_guard<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let other = reader.clone();
    let number = other.number();
    thread::spawn(move || {
        forget(other.read());
        forget(other);
    })
    .join()
    .unwrap();
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    writer.apply(|list| list.push(2));
    let straggler = writer.try_publish().unwrap_err().straggler().unwrap();
    assert_eq!((straggler.reader(), straggler.since_version()), (number, 0));
    let timeout = std::time::Duration::from_millis(5);
    assert!(writer.publish_timeout(timeout).is_err());
    assert_eq!(*reader.read(), [1]);
}

fn a_09_a_thread_panics_with_guards<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    for n in 0..20 {
        let other = reader.clone();
        let thread = thread::spawn(move || {
            let _guards = (other.read(), other.read());
            let _pinned = Offline::new(other.pointer().clone()).unwrap().online();
            panic!("deliberate");
        });
        assert!(thread.join().is_err());
        writer.apply(move |list| list.push(n));
        assert_eq!(writer.try_publish(), Ok(u64::from(n) + 1));
    }
}

fn a_19_a_clone_is_sent_while_a_guard_lives<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let guard = reader.read();
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            let (clone, source) = (reader.clone(), Source::from(&reader));
            let weak = WeakReader::new(&reader);
            scope.spawn(move || {
                assert_eq!(clone.read().len(), 1, "it is inside of nothing that the guard is");
                assert_eq!(source.reader().unwrap().read().len(), 1);
                assert_eq!(weak.try_read(Vec::len), Some(1));
            });
        }
        let value: &Vec<u32> = &guard;
        scope.spawn(move || assert!(value.is_empty()));
    });
    writer.apply(|list| list.push(2));
    let Err(PublishError::OwnReader(straggler)) = writer.publish() else { panic!("the guard is left") };
    assert_eq!(straggler.reader(), reader.number());
}

fn a_20_nested_guards_in_any_order<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    for order in 0..24usize {
        let mut guards: Vec<_> = (0..4).map(|_| reader.read()).collect();
        writer.apply(|list| list.push(1));
        let version = writer.publish().unwrap();
        let mut rest = order;
        while !guards.is_empty() {
            writer.apply(|_| ());
            assert!(writer.try_publish().is_err(), "{} guards are left", guards.len());
            assert!(guards.iter().all(|guard| ReadGuard::version(guard) + 1 == version));
            let left = guards.len();
            drop(guards.swap_remove(rest % left));
            rest /= left;
        }
        writer.publish().unwrap();
    }
    // The last of them can be the one that was forgotten.
    let first = reader.read();
    forget(reader.read());
    drop(first);
    writer.apply(|list| list.clear());
    writer.publish().unwrap();
    writer.apply(|list| list.clear());
    assert!(writer.try_publish().is_err());
    assert_eq!(reader.read().len(), 24);
}

fn a_20_guards_of_parts<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.extend([1, 2, 3]));
    writer.publish_both().unwrap();
    let tail = ReadGuard::map(reader.read(), |list| &list[1..]);
    let last = ReadGuard::try_map(ReadGuard::clone(&tail), |tail| tail.last()).unwrap();
    let all = ReadGuard::try_map(reader.read(), |list| list.get(9)).unwrap_err();
    let panics = std::panic::AssertUnwindSafe(|| ReadGuard::map(reader.read(), |list| &list[77]));
    assert!(std::panic::catch_unwind(panics).is_err());
    writer.apply(|list| list.clear());
    writer.publish().unwrap();
    drop((tail, all));
    writer.apply(|list| list.clear());
    assert!(writer.try_publish().is_err(), "a part is left");
    assert_eq!((*last, format!("{last} {last:?}")), (3, "3 3".into()));
    drop(last);
    writer.publish().unwrap();
}

fn a_23_registration_in_a_tight_loop_against_a_writer<S: Shared>(strategy: S) {
    let halves = || [AtomicU64::new(0), AtomicU64::new(0)];
    let buffer = Arc::new(Buffer::with(strategy, [halves(), halves()], (), ()));
    let mut writer = raw::Writer::new(buffer.clone()).unwrap();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..2 {
            let (tell, buffer) = (tell.clone(), &buffer);
            scope.spawn(move || {
                for n in 0..10_000 {
                    let seen = |value: &[AtomicU64; 2], version| {
                        assert_eq!([value[0].load(SeqCst), value[1].load(SeqCst)], [version; 2]);
                    };
                    if n % 2 == 0 {
                        let reader = Reader::new(buffer.clone()).unwrap();
                        let guard = reader.read();
                        seen(&guard, ReadGuard::version(&guard));
                    } else {
                        let pinned = Offline::new(buffer.clone()).unwrap().online();
                        seen(pinned.get(), pinned.version());
                    }
                }
                tell.send(()).unwrap();
            });
        }
        drop(tell);
        let mut version = 0;
        while told.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            version += 1;
            let back = writer.back().unwrap();
            back[0].store(u64::MAX, SeqCst);
            back[1].store(version, SeqCst);
            back[0].store(version, SeqCst);
            writer.publish().unwrap();
        }
    });
}

thread_local! {
    static EARLY: RefCell<Option<OnExit>> = const { RefCell::new(None) };
    static READER: RefCell<Option<Reader<&'static Buffer<u64>>>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<OnExit>> = const { RefCell::new(None) };
}

static AT_EXIT: Buffer<u64> = Buffer::new([7, 7], ());

/// Reads when its thread is torn down.
struct OnExit(mpsc::Sender<u64>);

impl Drop for OnExit {
    fn drop(&mut self) {
        let kept = READER.try_with(|reader| reader.borrow().as_ref().map(|reader| *reader.read()));
        let own = Reader::new(&AT_EXIT).unwrap();
        let pinned = Offline::new(&AT_EXIT).unwrap().online();
        self.0.send(*own.read() + *pinned.get() + kept.ok().flatten().unwrap_or(7)).unwrap();
    }
}

#[test]
fn a_10_readers_in_thread_local_destructors() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        EARLY.with(|slot| *slot.borrow_mut() = Some(OnExit(tell.clone())));
        READER.with(|slot| *slot.borrow_mut() = Some(Reader::new(&AT_EXIT).unwrap()));
        LATE.with(|slot| *slot.borrow_mut() = Some(OnExit(tell)));
        READER.with(|slot| assert_eq!(*slot.borrow().as_ref().unwrap().read(), 7));
    })
    .join()
    .unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), [21, 21]);
    let mut writer = raw::Writer::new(&AT_EXIT).unwrap();
    for n in 8..12 {
        *writer.back().unwrap() = n;
        writer.publish().unwrap();
    }
}
