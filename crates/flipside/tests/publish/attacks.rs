//! Attacks on what operations and values may do: 1, 5, 6, 13, 14, 25 to 29. 2, 3 and panicking clones are in `panics`, 24
//! is in `tasks` and `waiting`.

use std::cell::{Cell, RefCell};
use std::mem::{forget, swap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use flipside::publish::strategy::{Local, LocalAsync, Strategy};
use flipside::publish::{
    Buffer, Log, Offline, Operation, PublishError, ReadGuard, Reader, Writer, raw, value,
};

use crate::{list, with_every_strategy};

with_every_strategy! {
    ;
    a_01_a_forgotten_writer_reader_and_pinned_reader
    a_05_an_operation_reads_and_meets_the_old_version
    a_13_values_and_operations_of_no_size
    a_14_values_on_pages_of_their_own
    a_25_a_clone_that_lies_makes_copies_differ_and_no_more
    a_26_a_closure_with_state_makes_copies_differ_and_no_more
    a_28_what_is_exposed_is_swapped
    a_29_readers_change_what_is_mutable_inside
}

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
fn bare<T, S: Strategy>(strategy: S, copies: [T; 2]) -> Arc<Buffer<T, (), S>> {
    Arc::new(Buffer::with(strategy, copies, (), ()))
}

fn a_01_a_forgotten_writer_reader_and_pinned_reader<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.push(1));
    forget(reader.clone());
    forget(Offline::new(reader.pointer().clone()).unwrap());
    assert_eq!(writer.publish(), Ok(1), "they are outside");
    writer.apply(|list| list.push(2));
    assert_eq!(writer.publish(), Ok(2));
    forget(Offline::new(reader.pointer().clone()).unwrap().online());
    writer.apply(|list| list.push(3));
    assert_eq!(writer.publish(), Ok(3));
    writer.apply(|list| list.push(4));
    for _ in 0..3 {
        let straggler = writer.publish().unwrap_err().straggler().unwrap();
        assert_eq!(straggler.since_version(), 2);
    }
    forget(writer);
    assert!(Writer::new(reader.pointer().clone()).is_err());
    assert_eq!(*reader.read(), [1, 2, 3]);
}

fn a_05_an_operation_reads_and_meets_the_old_version<S: Strategy + 'static>(strategy: S) {
    struct Look<S: Strategy + 'static>(Rc<RefCell<Option<Mirror<S>>>>, Rc<Cell<usize>>);
    type Mirror<S> = Reader<&'static Buffer<Vec<u32>, Log<Vec<u32>, Look<S>>, S>>;
    impl<S: Strategy + 'static> Operation<Vec<u32>> for Look<S> {
        fn apply(&mut self, copy: &mut Vec<u32>, _: &()) {
            let reader = self.0.borrow();
            let reader = reader.as_ref().unwrap();
            let guard = reader.read();
            assert!(!std::ptr::eq(&*guard, copy), "a reader is let into the copy that is being written");
            assert!(raw::Writer::new(*reader.pointer()).is_err());
            self.1.set(guard.len());
            copy.push(guard.len() as u32);
            assert_eq!(guard.len(), self.1.get());
        }
    }
    let buffer: &'static _ = Box::leak(Box::new(Buffer::with(strategy, [vec![], vec![]], Log::new(), ())));
    let mut writer = Writer::new(buffer).unwrap();
    let (reader, seen) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(0)));
    *reader.borrow_mut() = Some(Reader::new(buffer).unwrap());
    for n in 0..10 {
        writer.push(Look(reader.clone(), seen.clone()));
        writer.publish().unwrap();
        assert!(seen.get() <= n);
    }
    // It saw one version for the first copy and another for the second: they differ, and each is whole.
    assert_eq!(reader.borrow().as_ref().unwrap().read().len(), 10);
    reader.borrow_mut().take();
}

#[test]
fn a_06_a_destructor_and_a_clone_read_and_write_elsewhere() {
    type Inner = RefCell<Option<value::Writer<Rc<Buffer<u32, (), Local>>>>>;
    struct Chatty(Rc<Inner>);
    impl Chatty {
        fn talk(&self) {
            if let Some(writer) = &mut *self.0.borrow_mut() {
                writer.update(|value| *value += 1).unwrap();
            }
        }
    }
    impl Clone for Chatty {
        fn clone(&self) -> Self {
            self.talk();
            Self(self.0.clone())
        }
    }
    impl Drop for Chatty {
        fn drop(&mut self) {
            self.talk();
        }
    }
    let inner = Rc::new(Buffer::with(Local::new(), [0, 0], (), ()));
    let talks = Rc::new(RefCell::new(Some(value::Writer::new(inner.clone()).unwrap())));
    let reader = Reader::new(inner).unwrap();
    let outer = Rc::new(Buffer::with(LocalAsync::new(), [Chatty(talks.clone()), Chatty(talks)], (), ()));
    let mut writer = value::Writer::new(outer.clone()).unwrap();
    let own = Reader::new(outer).unwrap();
    for n in 1..10 {
        writer.update(|_| ()).unwrap();
        assert_eq!(*reader.read(), 2 * n, "one clone and one drop");
        drop(own.read());
    }
}

fn a_13_values_and_operations_of_no_size<S: Strategy>(strategy: S) {
    #[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
    let buffer = Arc::new(Buffer::with(strategy, [(), ()], Log::<(), fn(&mut (), &())>::new(), ()));
    let (mut writer, reader) = (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    for n in 1..10 {
        writer.extend([(|(), ()| ()) as fn(&mut (), &()); 3]);
        assert_eq!(writer.publish(), Ok(n));
        let guard = reader.read();
        assert_eq!(ReadGuard::version(&guard), n);
        assert!(ReadGuard::map(guard, |()| &[0u8; 0]).is_empty());
    }
    #[derive(Clone)]
    struct Nothing;
    impl Operation<()> for Nothing {
        fn apply(&mut self, _: &mut (), _: &()) {}
    }
    let buffer = Buffer::new([(), ()], Log::without_clone());
    let mut writer = Writer::new(&buffer).unwrap();
    writer.extend(std::iter::repeat_n(Nothing, 100_000));
    assert_eq!((writer.pending(), writer.publish_both(), writer.log_len()), (100_000, Ok(1), 0));
}

#[derive(Clone)]
#[repr(align(8192))]
struct Page([u8; 3]);

fn a_14_values_on_pages_of_their_own<S: Strategy>(strategy: S) {
    let buffer = bare(strategy, [Page([1; 3]), Page([1; 3])]);
    let (mut writer, reader) = (value::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    for n in 2..9 {
        writer.update(|page| page.0.fill(n)).unwrap();
        let guard = reader.read();
        assert_eq!((guard.0, (&raw const *guard).addr() % 8192), ([n; 3], 0));
    }
}

fn a_25_a_clone_that_lies_makes_copies_differ_and_no_more<S: Strategy>(strategy: S) {
    #[derive(Debug)]
    struct Lies(Vec<u32>);
    impl Clone for Lies {
        fn clone(&self) -> Self {
            Self(vec![u32::MAX; self.0.len() + 1])
        }
    }
    let (a, b) = (Lies(vec![1]), Lies(vec![2, 3]));
    let buffer = bare(strategy, [a, b]);
    let (mut writer, reader) = (value::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    for _ in 0..10 {
        writer.update(|value| value.0.push(1)).unwrap();
        assert_eq!(reader.read().0.last(), Some(&1));
    }
}

fn a_26_a_closure_with_state_makes_copies_differ_and_no_more<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let mut calls = 0;
    writer.apply(move |list| {
        calls += 1;
        list.resize(10 * calls, 7);
    });
    writer.publish().unwrap();
    assert_eq!(reader.read().len(), 10);
    writer.apply(|list| list.truncate(15));
    writer.publish().unwrap();
    assert_eq!(reader.read().len(), 15, "what it pushed on the second copy");
    writer.apply(|list| list.truncate(14));
    writer.publish_both().unwrap();
    assert!(reader.read().iter().all(|n| *n == 7));
}

fn a_28_what_is_exposed_is_swapped<S: Strategy + Default>(strategy: S) {
    let (mut one, mut reader_of_one) = list(strategy);
    let (mut two, mut reader_of_two) = list(S::default());
    one.apply(|list| list.push(1));
    two.apply(|list| list.extend([2, 2]));
    one.publish().unwrap();
    swap(&mut one, &mut two);
    swap(&mut reader_of_one, &mut reader_of_two);
    one.publish().unwrap();
    assert_eq!((reader_of_one.read().len(), reader_of_two.read().len()), (2, 1));
    let (mut first, mut second) = (reader_of_one.read(), reader_of_two.read());
    swap(&mut first, &mut second);
    drop(first);
    assert_eq!(second.len(), 2);
    drop(second);

    // The logs of two buffers, by way of their bare writers; and a copy with a value of one's own.
    let logs = [one.pointer().clone(), two.pointer().clone()];
    one.apply(|list| list.push(3));
    drop((one, two));
    let [mut one, mut two] = logs.map(|pointer| raw::Writer::new(pointer).unwrap());
    swap(one.log(), two.log());
    let mut own = vec![9; 9];
    swap(one.try_back().unwrap(), &mut own);
    swap(one.try_back().unwrap(), two.try_back().unwrap());
    one.publish().unwrap();
    two.publish().unwrap();
    drop((one, two));
    let mut writer = Writer::new(reader_of_one.pointer().clone()).unwrap();
    for n in 0..5 {
        writer.apply(move |list| list.push(n));
        writer.publish().unwrap();
        assert_eq!(reader_of_one.read().last(), Some(&n));
    }
}

fn a_29_readers_change_what_is_mutable_inside<S: Strategy>(strategy: S) {
    let buffer = bare(strategy, [AtomicU32::new(0), AtomicU32::new(0)]);
    let (mut writer, reader) = (raw::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    for n in 1..10 {
        assert_eq!(reader.read().fetch_add(1, SeqCst), n - 1);
        let seen = writer.front().load(SeqCst);
        *writer.back().unwrap().get_mut() = seen;
        writer.publish().unwrap();
        assert_eq!(reader.read().load(SeqCst), n);
    }
    let cells = Rc::new(Buffer::with(Local::new(), [Cell::new(1), Cell::new(1)], (), ()));
    let (mut writer, reader) = (value::Writer::new(cells.clone()).unwrap(), Reader::new(cells).unwrap());
    reader.read().set(7);
    writer.update(|cell| cell.set(cell.get() + 1)).unwrap();
    assert_eq!(reader.read().get(), 8);
    let guard = reader.read();
    writer.update(|cell| cell.set(0)).unwrap();
    assert!(matches!(writer.update(|_| ()), Err(PublishError::OwnReader(_))));
    guard.set(9);
    assert_eq!(writer.get().get(), 0);
}
