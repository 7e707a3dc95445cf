//! Code of the user's that panics, half way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use flipside::publish::strategy::Strategy;
use flipside::publish::{Buffer, Log, Operation, PublishError, Reader, Writer};

use crate::with_every_strategy;

with_every_strategy! {
    ;
    a_02_an_operation_that_panics_on_the_first_copy_is_left_out
    a_02_an_operation_that_panics_on_the_second_copy_has_been_made
    a_02_a_panic_while_reading_ones_own_writes
    a_03_a_drop_that_panics
    a_25_a_clone_that_panics_is_tried_again
    without_clone_a_panic_poisons_the_writer_alone
    a_panic_in_absorb_or_in_an_iterator_loses_what_was_in_their_hands
}

/// Pushes a number; panics in the middle of it, the n-th time that it is applied.
struct Push {
    number: u32,
    panics_at: Option<u32>,
    applied: u32,
}

fn push(number: u32) -> Push {
    Push { number, panics_at: None, applied: 0 }
}

fn fails(number: u32, panics_at: u32) -> Push {
    Push { number, panics_at: Some(panics_at), applied: 0 }
}

impl<T: AsMut<Vec<u32>>> Operation<T> for Push {
    fn apply(&mut self, copy: &mut T, _: &()) {
        self.applied += 1;
        copy.as_mut().push(999);
        assert_ne!(self.panics_at, Some(self.applied), "deliberate");
        copy.as_mut().pop();
        copy.as_mut().push(self.number);
    }

    fn absorb(&mut self, next: Self) -> Result<(), Self> {
        assert_ne!(next.number, 777, "deliberate");
        Err(next)
    }
}

type Of<T, S> = Arc<Buffer<T, Log<T, Push>, S>>;

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
fn of<T, S: Strategy>(strategy: S, copies: [T; 2], log: Log<T, Push>) -> (Writer<Of<T, S>>, Reader<Of<T, S>>)
where
    T: AsMut<Vec<u32>>,
{
    let buffer = Arc::new(Buffer::with(strategy, copies, log, ()));
    (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap())
}

fn panics<R>(work: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err(), "it was to panic");
}

fn a_02_an_operation_that_panics_on_the_first_copy_is_left_out<S: Strategy>(strategy: S) {
    let (mut writer, reader) = of(strategy, [vec![], vec![]], Log::new());
    for round in 0..5 {
        let base = reader.read().len();
        writer.extend([push(1), push(2), fails(3, 1), push(4)]);
        let version = writer.version();
        let guard = reader.read();
        panics(|| writer.publish());
        assert_eq!((writer.version(), guard.len(), reader.read().len()), (version, base, base));
        assert_eq!(writer.pending(), 3, "round {round}");
        drop(guard);
        if round % 2 == 1 {
            // The next writer finds it as it is.
            drop(writer);
            writer = Writer::new(reader.pointer().clone()).unwrap();
        }
        assert_eq!(writer.publish(), Ok(version + 1));
        assert_eq!(reader.read()[base..], [1, 2, 4]);
        if round % 3 != 0 {
            writer.publish_both().unwrap();
        }
    }
    writer.push(fails(5, 1));
    panics(|| writer.publish());
    assert_eq!(writer.publish(), Ok(5), "nothing is left of it");
    drop(reader);
    assert_eq!(writer.into_inner().unwrap().len(), 15);
}

fn a_02_an_operation_that_panics_on_the_second_copy_has_been_made<S: Strategy>(strategy: S) {
    let (mut writer, reader) = of(strategy, [vec![], vec![]], Log::new());
    for round in 0..4 {
        let base = reader.read().len();
        writer.extend([push(1), fails(2, 2), push(3)]);
        writer.publish().unwrap();
        assert_eq!(reader.read()[base..], [1, 2, 3]);
        writer.push(push(4));
        if round % 2 == 0 {
            panics(|| writer.publish());
        } else {
            panics(|| writer.try_latest().map(Vec::len));
        }
        assert_eq!(reader.read()[base..], [1, 2, 3]);
        writer.publish().unwrap();
        assert_eq!(reader.read()[base..], [1, 2, 3, 4]);
        writer.publish_both().unwrap();
        assert_eq!(*writer.latest().unwrap(), *reader.read());
    }
}

fn a_02_a_panic_while_reading_ones_own_writes<S: Strategy>(strategy: S) {
    let (mut writer, reader) = of(strategy, [vec![], vec![]], Log::new());
    writer.extend([push(1), push(2)]);
    assert_eq!(*writer.latest().unwrap(), [1, 2]);
    writer.extend([fails(3, 1), push(4), fails(5, 2)]);
    panics(|| writer.latest().map(Vec::len));
    assert_eq!((writer.pending(), reader.read().len()), (4, 0));
    // Made anew: 1 and 2 are applied a second time, on the copy of the front. 5 fails at its second.
    assert_eq!(*writer.latest().unwrap(), [1, 2, 4, 5]);
    writer.push(fails(6, 1));
    panics(|| writer.publish());
    panics(|| writer.publish());
    assert_eq!(writer.publish(), Ok(1));
    assert_eq!(*reader.read(), [1, 2, 4]);
    drop(reader);
    writer.extend([push(7), fails(8, 9)]);
    assert_eq!(writer.into_inner().unwrap(), [1, 2, 4, 7, 8]);
}

fn a_25_a_clone_that_panics_is_tried_again<S: Strategy>(strategy: S) {
    struct Fragile(Vec<u32>, Arc<AtomicUsize>);
    impl AsMut<Vec<u32>> for Fragile {
        fn as_mut(&mut self) -> &mut Vec<u32> {
            &mut self.0
        }
    }
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            let left = self.1.load(SeqCst);
            self.1.store(left.saturating_sub(1), SeqCst);
            assert_eq!(left, 0, "deliberate");
            Self(self.0.clone(), self.1.clone())
        }
    }
    let fails_to_clone = Arc::new(AtomicUsize::new(0));
    let fragile = Fragile(vec![], fails_to_clone.clone());
    let (mut writer, reader) = of(strategy, [fragile.clone(), fragile], Log::new());
    writer.extend([push(1), fails(2, 1), push(3)]);
    panics(|| writer.publish());
    fails_to_clone.store(3, SeqCst);
    for _ in 0..3 {
        panics(|| writer.publish());
        assert_eq!((writer.pending(), reader.read().0.len()), (2, 0));
    }
    assert_eq!(writer.publish(), Ok(1));
    assert_eq!(reader.read().0, [1, 3]);
}

fn a_03_a_drop_that_panics<S: Strategy>(strategy: S) {
    /// An operation whose destructor panics, once it was applied so often.
    struct Loud(u32, u32);
    impl Operation<Vec<u32>> for Loud {
        fn apply(&mut self, copy: &mut Vec<u32>, _: &()) {
            self.0 -= 1;
            copy.push(self.1);
        }
    }
    impl Drop for Loud {
        fn drop(&mut self) {
            if self.0 == 0 && !std::thread::panicking() {
                panic!("deliberate");
            }
        }
    }
    #[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
    let buffer = Arc::new(Buffer::with(strategy, [vec![], vec![]], Log::new(), ()));
    let (mut writer, reader) = (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    writer.extend([Loud(9, 1), Loud(2, 2), Loud(9, 3)]);
    assert_eq!(writer.publish(), Ok(1), "it lives on in the log");
    writer.push(Loud(9, 4));
    panics(|| writer.publish());
    assert_eq!(*reader.read(), [1, 2, 3]);
    assert_eq!(writer.publish(), Ok(2));
    assert_eq!(*reader.read(), [1, 2, 3, 4]);
    writer.publish_both().unwrap();
    assert_eq!(*writer.latest().unwrap(), [1, 2, 3, 4]);
    // Left in the log for whoever drops that.
    writer.extend([Loud(1, 5), Loud(9, 6)]);
    writer.publish().unwrap();
    drop(writer);
    panics(|| drop(reader));
}

fn without_clone_a_panic_poisons_the_writer_alone<S: Strategy>(strategy: S) {
    struct Unique(Vec<u32>);
    impl AsMut<Vec<u32>> for Unique {
        fn as_mut(&mut self) -> &mut Vec<u32> {
            &mut self.0
        }
    }
    let copies = [Unique(vec![0]), Unique(vec![0])];
    let (mut writer, reader) = of(strategy, copies, Log::without_clone());
    writer.extend([push(1), push(2)]);
    writer.publish().unwrap();
    writer.extend([push(3), fails(4, 1), push(5)]);
    panics(|| writer.publish());
    for _ in 0..2 {
        assert_eq!(writer.publish(), Err(PublishError::Poisoned));
        assert_eq!(writer.try_publish(), Err(PublishError::Poisoned));
        assert_eq!(writer.latest().map(|value| value.0.len()), Err(PublishError::Poisoned));
        assert_eq!(reader.read().0, [0, 1, 2]);
    }
    drop(writer);
    let mut writer = Writer::new(reader.pointer().clone()).unwrap();
    assert_eq!(writer.publish(), Err(PublishError::Poisoned), "the next writer is told as well");
    assert_eq!(reader.clone().read().0, [0, 1, 2]);
    writer.push(push(6));
    drop(reader);
    assert_eq!(writer.into_inner().map(|value| value.0).ok(), Some(vec![0, 1, 2, 3, 5, 6]));
}

fn a_panic_in_absorb_or_in_an_iterator_loses_what_was_in_their_hands<S: Strategy>(strategy: S) {
    let (mut writer, reader) = of(strategy, [vec![], vec![]], Log::new());
    writer.push(push(1));
    panics(|| writer.push(push(777)));
    panics(|| {
        writer.extend((2..9).map(|n| {
            assert_ne!(n, 4, "deliberate");
            push(n)
        }))
    });
    assert_eq!((writer.pending(), writer.publish()), (3, Ok(1)));
    assert_eq!(*reader.read(), [1, 2, 3]);
    /// Says that it is very long.
    struct Lies(u32);
    impl Iterator for Lies {
        type Item = Push;
        fn next(&mut self) -> Option<Push> {
            self.0 += 1;
            (self.0 < 6).then(|| push(self.0))
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, Some(0))
        }
    }
    writer.extend(Lies(3));
    writer.publish().unwrap();
    assert_eq!(*reader.read(), [1, 2, 3, 4, 5]);
}
