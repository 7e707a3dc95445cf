//! Turns that end badly, and who waits for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Instant;

use super::shared_tests::Add;
use super::turn::LOOK_AGAIN;
use super::{Policy, SharedWriter};
use crate::publish::{
    self, Buffer, Edit, Log, Operation, Pointer, PublishError, Reader, SharedLog, Writer, ordered,
};
use crate::substrate::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Waits until so many calls lie on the desk.
fn until_queued<P: Pointer>(shared: &SharedWriter<P>, calls: usize) {
    while super::lock(&shared.desk.state).calls.len() < calls {
        thread::yield_now();
    }
}

/// Makes a call that ends when so many others lie on the desk: all are made together.
fn hold_until_queued<'s, T, O>(
    scope: &'s Scope<'s, '_>,
    shared: &'s SharedWriter<SharedLog<T, O>>,
    calls: usize,
) -> ScopedJoinHandle<'s, Result<(), PublishError>>
where
    T: Send + Sync + 'static,
    O: Operation<T> + Send + 'static,
{
    let inner = shared.clone();
    let call = scope.spawn(move || shared.call(move |_, _| until_queued(&inner, calls)));
    while super::lock(&shared.desk.state).writer.is_some() {
        thread::yield_now();
    }
    call
}

#[test]
fn nobody_is_told_that_what_could_not_be_published_was() {
    let buffer = Arc::new(Buffer::new([vec![], vec![]], Log::<_, Add>::without_clone()));
    let reader = Reader::new(buffer.clone()).unwrap();
    let shared = SharedWriter::new(Writer::new(buffer).unwrap());
    thread::scope(|scope| {
        let held = hold_until_queued(scope, &shared, 3);
        let add = scope.spawn(|| shared.apply(Add::Number(1)));
        until_queued(&shared, 1);
        let publish = scope.spawn(|| shared.publish());
        until_queued(&shared, 2);
        let panics = scope.spawn(|| shared.apply(Add::Panic));
        let refused = add.join().unwrap().unwrap_err();
        assert_eq!((refused.error, refused.value), (PublishError::Poisoned, None));
        assert_eq!(publish.join().unwrap(), Err(PublishError::Poisoned));
        assert!(panics.join().is_err());
        assert_eq!(held.join().unwrap(), Err(PublishError::Poisoned));
    });
    assert!(reader.read().is_empty());
}

/// Counts how often it is cloned, and cannot be cloned for a while.
struct Unclonable(Vec<u64>, Arc<Clones>);

#[derive(Default)]
struct Clones {
    tried: AtomicUsize,
    panic: AtomicBool,
}

impl Clone for Unclonable {
    fn clone(&self) -> Self {
        self.1.tried.fetch_add(1, Relaxed);
        assert!(!self.1.panic.load(Relaxed), "cannot be cloned");
        Self(self.0.clone(), self.1.clone())
    }
}

impl Operation<Unclonable> for Add {
    fn apply(&mut self, numbers: &mut Unclonable, _: &()) {
        Operation::<Vec<u64>>::apply(self, &mut numbers.0, &());
    }
}

#[test]
fn a_clone_that_panics_is_not_tried_again_for_every_operation_in_the_log() {
    let clones = Arc::new(Clones::default());
    let (writer, reader) = publish::log(Unclonable(vec![], clones.clone()));
    let shared = SharedWriter::with_policy(writer, Policy::ByHand);
    (0..1000).for_each(|n| shared.apply(Add::Number(n)).unwrap());
    clones.panic.store(true, Relaxed);
    clones.tried.store(0, Relaxed);
    for add in [Add::Panic, Add::Number(1000)] {
        assert!(catch_unwind(AssertUnwindSafe(|| shared.apply(add))).is_err());
        assert!(clones.tried.swap(0, Relaxed) < 10);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| shared.publish())).is_err());
    clones.panic.store(false, Relaxed);
    shared.publish().unwrap();
    assert!(reader.read().0.iter().copied().eq(0..1000));
}

#[test]
fn who_is_published_later_is_told_that_it_was_not() {
    let clones = Arc::new(Clones::default());
    let (writer, reader) = publish::log(Unclonable(vec![], clones.clone()));
    let shared = SharedWriter::new(writer);
    clones.panic.store(true, Relaxed);
    thread::scope(|scope| {
        let held = hold_until_queued(scope, &shared, 2);
        let add = scope.spawn(|| shared.apply(Add::Number(1)));
        until_queued(&shared, 1);
        let panics = scope.spawn(|| shared.apply(Add::Panic));
        assert!(add.join().is_err() && panics.join().is_err() && held.join().is_err());
    });
    assert!(reader.read().0.is_empty());
    clones.panic.store(false, Relaxed);
    shared.apply(Add::Number(2)).unwrap();
    assert_eq!(reader.read().0, [1, 2]);
}

#[test]
fn who_leaves_wakes_the_holder() {
    let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let shared = SharedWriter::new(writer);
    let times = (0..20).map(|_| {
        let guard = reader.read();
        shared.apply(Add::Number(1)).unwrap();
        thread::scope(|scope| {
            let call = scope.spawn(|| {
                shared.apply(Add::Number(2)).unwrap();
                Instant::now()
            });
            while super::lock(&shared.desk.state).in_the_way.is_none() {
                thread::yield_now();
            }
            let left = Instant::now();
            drop(guard);
            call.join().unwrap() - left
        })
    });
    assert!(times.min().unwrap() < LOOK_AGAIN / 2);
}

#[test]
fn values_that_call_when_they_are_dropped_have_an_error() {
    #[derive(Clone)]
    struct Calls(Arc<AtomicUsize>, ordered::SharedWriter<u32, Calls>);
    impl Drop for Calls {
        fn drop(&mut self) {
            if matches!(self.1.remove(7), Err(PublishError::OwnCall)) {
                self.0.fetch_add(1, Relaxed);
            }
        }
    }
    let (writer, reader) = ordered::new();
    let (shared, refused) = (SharedWriter::new(writer), Arc::new(AtomicUsize::new(0)));
    for key in 0..3 {
        shared.insert(key, Calls(refused.clone(), shared.clone())).unwrap();
    }
    assert_eq!((reader.len(), refused.load(Relaxed)), (3, 0));
    // All are dropped in a call, three of each copy. (If a second one panicked that would be the end of the process.)
    shared.apply(Edit::clear()).unwrap();
    assert_eq!((reader.len(), refused.load(Relaxed)), (0, 3));
    // The next call gives the other copy what it lacks.
    shared.call(|_, _| ()).unwrap();
    assert_eq!(refused.load(Relaxed), 6);
}

#[test]
fn a_log_that_is_full_is_published_whatever_the_policy_says() {
    let (mut writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    writer.set_bound(3);
    let shared = SharedWriter::with_policy(writer, Policy::ByHand);
    let seen = (0..7).map(|number| {
        shared.apply(Add::Number(number)).unwrap();
        reader.with(Vec::len)
    });
    assert!(seen.eq([0, 0, 3, 3, 3, 6, 6]));
}
