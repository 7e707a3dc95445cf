//! What a log does with operations.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use flipside::publish::strategy::{Local, Strategy};
use flipside::publish::{Buffer, Closure, Decide, Decided, Log, LogFull, Operation, Reader, Writer};

use crate::{list, with_every_strategy};

with_every_strategy! {
    ;
    each_operation_is_made_once_on_each_copy
    a_closure_that_answers_differently_is_decided_once
    a_closure_that_can_be_called_once_is
    an_operation_absorbs_the_next
    a_bound_is_kept_and_a_publish_makes_room
    what_was_pushed_can_be_read_before_it_is_published
}

type Of<T, O, S> = Arc<Buffer<T, Log<T, O>, S>>;

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
fn of<T: Clone, O: Operation<T>, S: Strategy>(
    strategy: S,
    value: T,
    log: Log<T, O>,
) -> (Writer<Of<T, O, S>>, Reader<Of<T, O, S>>) {
    let buffer = Arc::new(Buffer::with(strategy, [value.clone(), value], log, ()));
    (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap())
}

fn each_operation_is_made_once_on_each_copy<S: Strategy>(strategy: S) {
    struct Add(Rc<Cell<(u32, u32)>>, u32);
    impl Operation<Vec<u32>> for Add {
        fn apply(&mut self, copy: &mut Vec<u32>, _: &()) {
            self.0.update(|(first, last)| (first + 1, last));
            copy.push(self.1);
        }
        fn apply_last(self, copy: &mut Vec<u32>, _: &()) {
            self.0.update(|(first, last)| (first, last + 1));
            copy.push(self.1);
        }
    }
    let calls = Rc::new(Cell::new((0, 0)));
    let (mut writer, reader) = of(strategy, vec![], Log::new());
    for n in 0..50u32 {
        writer.extend((0..n % 4).map(|_| Add(calls.clone(), n)));
        if n % 3 == 0 {
            writer.try_latest().unwrap();
        }
        writer.publish().unwrap();
    }
    writer.publish_both().unwrap();
    let made = (0..50u32).map(|n| n % 4).sum::<u32>();
    assert_eq!(calls.get(), (made, made));
    assert_eq!(Rc::strong_count(&calls), 1, "all of them are dropped");
    assert_eq!(reader.read().len() as u32, made);
    assert_eq!(*writer.latest().unwrap(), *reader.read());
}

/// Pushes what a closure says.
struct Ask<F>(F);

impl<F: FnMut() -> u32> Decide<Vec<u32>> for Ask<F> {
    type Receipt = Said;

    fn decide(mut self, copy: &mut Vec<u32>, _: &()) -> Said {
        let said = (self.0)();
        copy.push(said);
        Said(said)
    }
}

struct Said(u32);

impl Operation<Vec<u32>> for Said {
    fn apply(&mut self, copy: &mut Vec<u32>, _: &()) {
        copy.push(self.0);
    }
}

fn a_closure_that_answers_differently_is_decided_once<S: Strategy>(strategy: S) {
    let calls = Rc::new(Cell::new(0));
    let (mut writer, reader) = of(strategy, vec![], Log::new());
    for n in 0..20 {
        let calls = calls.clone();
        writer.push(Decided::Open(Ask(move || calls.replace(calls.get() + 1))));
        if n % 2 == 0 {
            writer.publish().unwrap();
        } else {
            writer.publish_both().unwrap();
        }
        assert_eq!(reader.read().len(), n + 1);
    }
    assert_eq!(calls.get(), 20);
    writer.push(Decided::Receipt(Said(20)));
    writer.push(Decided::Nothing);
    writer.publish_both().unwrap();
    assert!(reader.read().iter().copied().eq(0..=20));
    assert!(writer.latest().unwrap().iter().copied().eq(0..=20), "both copies have come to the same");
}

fn a_closure_that_can_be_called_once_is<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let counter = Arc::new(std::sync::Mutex::new(0));
    for n in 0..10 {
        let (counter, owned) = (counter.clone(), vec![n]);
        writer.apply(|list| list.push(1000));
        writer.apply_once(move |list| {
            *counter.lock().unwrap() += 1;
            list.extend(owned);
            list.push(*counter.lock().unwrap());
        });
        writer.apply(|list| list.retain(|n| *n != 1000));
        writer.publish().unwrap();
    }
    let seen = reader.with(Vec::clone);
    assert!(seen.iter().copied().eq((0..10).flat_map(|n| [n, n + 1])));
    writer.publish_both().unwrap();
    assert_eq!((writer.latest().unwrap(), *counter.lock().unwrap()), (&seen, 10));
}

fn an_operation_absorbs_the_next<S: Strategy>(strategy: S) {
    #[derive(Debug, PartialEq, Eq)]
    enum Sum {
        Add(u32),
        Reset,
    }
    impl Operation<u32> for Sum {
        fn apply(&mut self, copy: &mut u32, _: &()) {
            *copy = if let Self::Add(n) = self { *copy + *n } else { 0 };
        }
        fn absorb(&mut self, next: Self) -> Result<(), Self> {
            match (self, next) {
                (Self::Add(sum), Self::Add(n)) => *sum += n,
                (own, Self::Reset) => *own = Self::Reset,
                (_, next) => return Err(next),
            }
            Ok(())
        }
    }
    let (mut writer, reader) = of(strategy, 0, Log::new());
    let mut expected = 0;
    for n in 0..100 {
        writer.push(Sum::Add(n));
        expected += n;
        if n == 40 {
            writer.push(Sum::Reset);
            expected = 0;
        }
        assert!(writer.pending() <= 2, "a hundred operations are one or two");
        if n % 10 == 9 {
            writer.publish().unwrap();
            assert_eq!(*reader.read(), expected);
            // The one that one copy has still to be given is not changed any more.
            writer.push(Sum::Add(1));
            expected += 1;
        }
    }
    writer.publish_both().unwrap();
    assert_eq!((*reader.read(), *writer.latest().unwrap()), (expected, expected));
}

fn a_bound_is_kept_and_a_publish_makes_room<S: Strategy>(strategy: S) {
    let (mut writer, reader) = of(strategy, vec![], Log::<Vec<u32>, Said>::new().with_bound(3));
    let mut total = 0;
    for bound in [3, 1, 2] {
        writer.set_bound(bound);
        for _ in 0..10 {
            while writer.try_push(Said(1)).is_ok() {
                total += 1;
                assert!(writer.log_len() <= 2 * bound, "{writer:?}");
            }
            let Err(full) = writer.try_push(Said(2)) else { panic!("it was full") };
            assert_eq!((full.operation.0, full.bound), (2, bound));
            assert!(LogFull { operation: (), bound }.to_string().contains("publish"));
            writer.publish().unwrap();
            writer.publish().unwrap();
            let before = total;
            assert!(
                writer.try_push(Said(1)).is_ok(),
                "it was told to publish, and did, and there is no room"
            );
            total += 1;
            assert_eq!(reader.read().len(), before);
        }
    }
    writer.set_bound(0);
    assert!(writer.try_push(Said(1)).is_err());
    writer.push(Said(1));
    writer.publish_both().unwrap();
    assert_eq!(reader.read().len(), total + 1);
}

fn what_was_pushed_can_be_read_before_it_is_published<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    for n in 0..10 {
        writer.apply(move |list| list.push(n));
        assert_eq!(writer.latest().unwrap().last(), Some(&n));
        assert_eq!((writer.published().len(), reader.read().len()), (n as usize / 2 * 2, n as usize / 2 * 2));
        assert_eq!(writer.pending(), n as usize % 2 + 1);
        if n % 2 == 1 {
            writer.publish().unwrap();
        }
    }
    let guard = reader.read();
    writer.apply(|list| list.clear());
    writer.publish_timeout(std::time::Duration::from_secs(9)).unwrap();
    assert!(writer.try_latest().is_err(), "a reader is inside of the back");
    assert_eq!(guard.len(), 10);
}

#[test]
fn a_log_of_closures_that_stay_on_a_thread() {
    type Names = Vec<Rc<str>>;
    type Change = Box<dyn FnMut(&mut Names)>;
    struct Run(Change);
    impl Operation<Names> for Run {
        fn apply(&mut self, copy: &mut Names, _: &()) {
            (self.0)(copy);
        }
    }
    let buffer = Rc::new(Buffer::with(Local::new(), [vec![], vec![]], Log::new(), ()));
    let (mut writer, reader) = (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    let name: Rc<str> = "one".into();
    let own = name.clone();
    writer.push(Run(Box::new(move |names| names.push(own.clone()))));
    writer.publish_both().unwrap();
    assert_eq!((reader.read().len(), Rc::strong_count(&name)), (1, 3));
    let mut closures: Closure<Names> = Box::new(|names, ()| names.clear());
    closures.apply(&mut vec![name], &());
}
