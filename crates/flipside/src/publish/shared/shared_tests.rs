use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::{Policy, SharedWriter};
use crate::publish::strategy::{Counters, Epochs, Locked, Strategy};
use crate::publish::{
    self, Asymmetric, Buffer, Edit, Log, Operation, PublishError, Reader, Writer, collection, map, ordered,
};

const THREADS: u64 = 4;
const CALLS: u64 = 500;

/// Adds, or panics half way.
#[derive(Debug, PartialEq)]
pub(super) enum Add {
    Number(u64),
    Panic,
}

impl Operation<Vec<u64>> for Add {
    fn apply(&mut self, numbers: &mut Vec<u64>, _: &()) {
        match self {
            Self::Number(number) => numbers.push(*number),
            Self::Panic => {
                numbers.clear();
                panic!("half way");
            }
        }
    }
}

fn count<S>(strategy: S, policy: Policy)
where
    S: Strategy<Seat: Send, Residual: Send> + Send + Sync,
{
    let (writer, reader) = collection::with(strategy, std::collections::HashMap::new(), ());
    let shared = SharedWriter::with_policy(writer, policy);
    let mut seen: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (shared, reader) = (shared.clone(), reader.clone());
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    for _ in 0..CALLS {
                        let before = shared.call(|counts, edits| {
                            let before = counts.get("all").copied().unwrap_or(0u64);
                            edits.push(Edit::put(("all", before + 1)));
                            before
                        });
                        let before = before.unwrap();
                        if shared.policy() == Policy::EveryCall {
                            assert!(reader.get_cloned("all").unwrap() > before, "it is published");
                        }
                        seen.push(before);
                    }
                    seen
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..THREADS * CALLS), "no update is lost, and each has its own result");
    let version = shared.publish().unwrap();
    assert_eq!((reader.get_cloned("all"), reader.version()), (Some(THREADS * CALLS), version));
}

#[test]
fn no_update_is_lost() {
    count(Asymmetric::new(), Policy::EveryCall);
    count(Counters::new(), Policy::EveryCall);
    count(Counters::new(), Policy::Every(7));
    count(Epochs::new(), Policy::ByHand);
    count(Locked::new(), Policy::Interval(Duration::from_micros(50)));
}

#[test]
fn the_policy_says_when() {
    let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let shared = SharedWriter::with_policy(writer, Policy::ByHand);
    let add = |number| shared.apply(Add::Number(number)).unwrap();
    add(1);
    assert_eq!(reader.with(Vec::len), 0);
    assert_eq!(shared.publish(), Ok(1));
    assert_eq!(shared.publish(), Ok(1), "nothing to publish");
    shared.set_policy(Policy::Every(2));
    add(2);
    assert_eq!(reader.with(Vec::len), 1);
    add(3);
    assert_eq!(reader.with(Vec::len), 3);
    shared.set_policy(Policy::Interval(Duration::MAX));
    add(4);
    assert_eq!(reader.with(Vec::len), 3);
    let hour = Policy::Interval(Duration::from_secs(3600));
    [hour, Policy::ByHand, hour].into_iter().for_each(|policy| shared.set_policy(policy));
    shared.call(|_, _| ()).unwrap();
    assert_eq!(reader.with(Vec::len), 3);
    shared.set_policy(Policy::Interval(Duration::ZERO));
    add(5);
    shared.set_policy(Policy::EveryCall);
    add(6);
    assert_eq!(*reader.read(), [1, 2, 3, 4, 5, 6]);
    let other = shared.source().reader().unwrap();
    assert_eq!(other.with(Vec::len), 6);
    let clone = shared.clone();
    let shared = shared.into_writer().unwrap_err();
    drop(clone);
    assert_eq!(shared.into_writer().unwrap().version(), reader.version());
}

#[test]
fn a_panic_goes_to_its_caller_and_to_nobody_else() {
    let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let shared = SharedWriter::new(writer);
    let start = Barrier::new(3);
    thread::scope(|scope| {
        for which in 0..3 {
            let (shared, start) = (shared.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..100 {
                    let call = AssertUnwindSafe(|| match which {
                        0 => shared.apply(Add::Number(n)).unwrap(),
                        1 => shared.apply(Add::Panic).unwrap(),
                        _ => shared.call(move |_, _| assert!(n > 1000, "of the closure")).unwrap(),
                    });
                    assert_eq!(catch_unwind(call).is_err(), which != 0);
                }
            });
        }
    });
    assert!(reader.read().iter().copied().eq(0..100));
    // With others beside it, the one that panics goes alone.
    let mixed = AssertUnwindSafe(|| {
        shared.call(|_, adds| adds.extend([Add::Number(100), Add::Panic, Add::Number(101)]))
    });
    assert!(catch_unwind(mixed).is_err());
    shared.publish().unwrap();
    assert!(reader.read().iter().copied().eq(0..102));
}

#[test]
fn who_is_in_its_own_way_has_its_operation_back() {
    let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let shared = SharedWriter::new(writer);
    let guard = reader.read();
    shared.apply(Add::Number(1)).unwrap();
    let refused = shared.apply(Add::Number(2)).unwrap_err();
    assert!(matches!(refused.error, PublishError::OwnReader(_)));
    assert_eq!(refused.value, Some(Add::Number(2)));
    assert_eq!(shared.publish(), Ok(1), "nothing to publish: nobody is in the way of that");
    assert!(guard.is_empty());
    drop(guard);
    shared.apply(Add::Number(3)).unwrap();
    assert_eq!(*reader.read(), [1, 3]);
}

#[test]
fn who_is_in_its_own_way_cannot_publish() {
    let (mut writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let guard = reader.read();
    writer.push(Add::Number(1));
    writer.publish().unwrap();
    writer.push(Add::Number(2));
    let shared = SharedWriter::new(writer);
    assert!(matches!(shared.publish(), Err(PublishError::OwnReader(_))));
    assert!(guard.is_empty());
    drop(guard);
    assert_eq!(shared.publish(), Ok(2));
    assert_eq!(*reader.read(), [1, 2]);
}

#[test]
fn a_caller_with_a_guard_does_not_block_who_waits_for_it() {
    let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
    let shared = SharedWriter::new(writer);
    let entered = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            let reader = shared.source().reader().unwrap();
            let guard = reader.read();
            entered.wait();
            // Whoever holds the writer waits for this very guard, or it is this thread that holds the writer. It is
            // only refused when the other one has published once.
            let refused = loop {
                match shared.apply(Add::Number(1)) {
                    Ok(()) => {}
                    Err(refused) => break refused,
                }
            };
            assert!(matches!(refused.error, PublishError::OwnReader(_)));
            assert!(guard.is_empty());
        });
        entered.wait();
        shared.apply(Add::Number(2)).unwrap();
        shared.apply(Add::Number(2)).unwrap();
    });
    assert_eq!(reader.read().iter().filter(|number| **number == 2).count(), 2);
}

#[test]
fn who_has_dropped_its_guard_is_not_refused_for_it() {
    for _ in 0..20 {
        let (writer, reader) = publish::log::<Vec<u64>, Add>(vec![]);
        let shared = SharedWriter::new(writer);
        let guard = reader.read();
        shared.apply(Add::Number(1)).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| shared.apply(Add::Number(2)).unwrap());
            // The other one waits for our guard, and has said so.
            while super::lock(&shared.desk.state).in_the_way.is_none() {
                thread::yield_now();
            }
            drop(guard);
            shared.apply(Add::Number(3)).unwrap();
        });
        assert_eq!(reader.with(Vec::len), 3);
    }
}

#[test]
fn a_call_inside_of_a_call_is_refused() {
    let (writer, reader) = map::new();
    let shared = SharedWriter::new(writer);
    let inner = shared.clone();
    let nested = shared.call(move |_, _| inner.apply(Edit::put((1, 1))).map_err(|refused| refused.error));
    assert_eq!(nested, Ok(Err(PublishError::OwnCall)));
    shared.apply(Edit::put((2, 2))).unwrap();
    assert!(reader.read().keys().eq(&[2]));
}

#[test]
fn without_clone_a_panic_poisons() {
    let buffer = Arc::new(Buffer::new([vec![], vec![]], Log::<_, Add>::without_clone()));
    let reader = Reader::new(buffer.clone()).unwrap();
    let shared = SharedWriter::new(Writer::new(buffer).unwrap());
    shared.apply(Add::Number(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| shared.apply(Add::Panic))).is_err());
    let refused = shared.apply(Add::Number(2)).unwrap_err();
    assert_eq!((refused.error, refused.value), (PublishError::Poisoned, Some(Add::Number(2))));
    assert_eq!(*reader.read(), [1]);
}

#[test]
fn what_was_pending_before_it_was_shared_is_published_with_the_first_call() {
    let (mut writer, reader) = ordered::new();
    writer.insert(1, ());
    writer.change(|map| assert!(map.is_empty(), "nobody is there to be told"));
    let shared = SharedWriter::new(writer);
    shared.apply(Edit::put((2, ()))).unwrap();
    assert!(reader.read().keys().eq(&[1, 2]));
}

#[test]
fn a_clone_that_panics_is_everybodys() {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Bad(u32);
    impl Clone for Bad {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 13, "cannot be cloned");
            Self(self.0)
        }
    }
    let (writer, reader) = ordered::new();
    let shared = SharedWriter::new(writer);
    shared.apply(Edit::put((Bad(1), 1))).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| shared.apply(Edit::put((Bad(13), 13))))).is_err());
    shared.apply(Edit::put((Bad(2), 2))).unwrap();
    assert_eq!(reader.len(), 2);
}
